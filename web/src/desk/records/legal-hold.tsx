// Whether a conversation has to be kept, and saying so.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { LegalHold } from "../../gen/onqueue/session/v1/transcript_pb";
import { faultOf } from "../../rpc/faults";
import { allPages } from "../../rpc/pages";
import { useDesk } from "../desk-context";
import { Dialog } from "../dialog";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useWords } from "../words";

/** The longest reason, in characters. */
export const LONGEST_REASON = 200;
const PAGE_SIZE = 200;

/** The key of what is known of them. */
export const HOLDS = ["legal-holds"];

/** Says what holds, and asks before it is changed. */
export function LegalHoldPart({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const [opened, { open, close }] = useDisclosure(false);
  const holds = useHolds();
  const hold = holds.data?.find((each) => each.conversationId === conversationId);
  const title = words.t(hold ? "hold.end" : "hold.begin");
  return (
    <>
      <Text size="sm" role="status" className="grow guest" data-testid="hold" data-held={hold !== undefined}>
        {hold && holdText(hold, words)}
      </Text>
      {holds.error && <FaultAlert fault={faultOf(holds.error)} testId="hold-fault" />}
      {holds.isSuccess && (
        <Button size="xs" variant="default" onClick={open} data-testid="hold-change">
          {title}
        </Button>
      )}
      <Dialog title={title} opened={opened} close={close}>
        <HoldForm conversationId={conversationId} isHeld={hold !== undefined} close={close} />
      </Dialog>
    </>
  );
}

/** All of them: there are few, and no rpc answers for one conversation. */
function useHolds() {
  const { clients } = useDesk();
  return useQuery({
    queryKey: [...HOLDS, "all"],
    queryFn: ({ signal }) =>
      allPages(async (pageToken) => {
        const { holds, nextPageToken } = await clients.transcripts.listLegalHolds({ pageSize: PAGE_SIZE, pageToken }, { signal });
        return { items: holds, nextPageToken };
      }),
  });
}

function holdText({ at, reason }: LegalHold, words: ReturnType<typeof useWords>): string {
  const time = at ? words.dateTime(timestampMs(at)) : "";
  return reason === "" ? words.t("hold.since", { time }) : words.t("hold.sinceWhy", { time, reason });
}

interface FormProps {
  conversationId: string;
  isHeld: boolean;
  close(): void;
}

function HoldForm({ conversationId, isHeld, close }: FormProps) {
  const words = useWords();
  const { clients } = useDesk();
  const queries = useQueryClient();
  const action = useAction();
  const [reason, setReason] = useState("");
  const change = () =>
    action.run(async () => {
      const why = isHeld ? "" : reason.trim();
      await clients.transcripts.setLegalHold({ conversationId, held: !isHeld, reason: why });
      await queries.invalidateQueries({ queryKey: HOLDS });
      close();
    });
  return (
    <Stack gap="sm">
      <Text size="sm">{words.t(isHeld ? "hold.endQuestion" : "hold.beginQuestion")}</Text>
      {!isHeld && (
        <TextInput
          label={words.t("hold.reason")}
          maxLength={LONGEST_REASON}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          data-testid="hold-reason"
        />
      )}
      <FaultAlert fault={action.fault} testId="hold-fault" />
      <Group justify="flex-end">
        <Button variant="default" onClick={close} data-testid="hold-no">
          {words.t("ask.cancel")}
        </Button>
        <Button onClick={change} loading={action.busy} data-testid="hold-yes">
          {words.t(isHeld ? "hold.end" : "hold.begin")}
        </Button>
      </Group>
    </Stack>
  );
}
