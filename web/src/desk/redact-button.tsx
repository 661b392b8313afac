// Removes what a message said, for good.
import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useDesk } from "./desk-context";
import { Dialog } from "./dialog";
import { FaultAlert } from "./fault-alert";
import { useAction } from "./use-action";
import { useWords } from "./words";

const LONGEST_REASON = 200;

interface RedactProps {
  conversationId: string;
  eventId: string;
}

/** Asks why, and removes it. */
export function RedactButton(props: RedactProps) {
  const words = useWords();
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button size="compact-xs" variant="default" className="no-shrink" onClick={open} data-testid="redact">
        {words.t("redact.button")}
      </Button>
      <Dialog title={words.t("redact.heading")} opened={opened} close={close}>
        <RedactForm {...props} close={close} />
      </Dialog>
    </>
  );
}

function RedactForm({ conversationId, eventId, close }: RedactProps & { close(): void }) {
  const words = useWords();
  const { clients } = useDesk();
  const queries = useQueryClient();
  const action = useAction();
  const [reason, setReason] = useState("");
  const redact = () =>
    action.run(async () => {
      await clients.transcripts.redactMessage({ conversationId, eventId, reason: reason.trim() });
      close();
      await queries.invalidateQueries({ queryKey: ["conversation", conversationId, "events"] });
    });
  return (
    <Stack gap="sm">
      <Text size="sm">{words.t("redact.question")}</Text>
      <TextInput
        label={words.t("redact.reason")}
        maxLength={LONGEST_REASON}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        data-testid="redact-reason"
      />
      <FaultAlert fault={action.fault} testId="redact-fault" />
      <Group justify="flex-end">
        <Button variant="default" onClick={close} data-testid="redact-no">
          {words.t("ask.cancel")}
        </Button>
        <Button color="red.9" onClick={redact} loading={action.busy} data-testid="redact-yes">
          {words.t("redact.button")}
        </Button>
      </Group>
    </Stack>
  );
}
