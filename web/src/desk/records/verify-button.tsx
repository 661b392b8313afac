// Checks that a log is as it was written.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Alert, Button, Group, Loader, Stack, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import {
  RemovalCause,
  TranscriptVerdict,
  type TranscriptRemoval,
  type VerifyTranscriptResponse,
} from "../../gen/onqueue/session/v1/transcript_pb";
import { faultOf } from "../../rpc/faults";
import type { DeskKey } from "../catalogues";
import { useActorName } from "../contact/use-actor-name";
import { useDesk } from "../desk-context";
import { Dialog } from "../dialog";
import { FaultAlert } from "../fault-alert";
import { useWords } from "../words";

const VERDICTS: Record<TranscriptVerdict, DeskKey> = {
  [TranscriptVerdict.UNSPECIFIED]: "verify.changed",
  [TranscriptVerdict.INTACT]: "verify.intact",
  [TranscriptVerdict.CHANGED]: "verify.changed",
  [TranscriptVerdict.CUT_OFF]: "verify.cutOff",
  [TranscriptVerdict.REMOVED]: "verify.removed",
};

const CAUSES: Record<RemovalCause, DeskKey> = {
  [RemovalCause.UNSPECIFIED]: "verify.redacted",
  [RemovalCause.REDACTED]: "verify.redacted",
  [RemovalCause.RETENTION]: "verify.retention",
  [RemovalCause.ERASED]: "verify.erased",
};

/** Has the log checked, and says what was found. */
export function VerifyButton({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button size="xs" variant="default" onClick={open} data-testid="verify">
        {words.t("verify.button")}
      </Button>
      <Dialog title={words.t("verify.heading")} opened={opened} close={close} size="lg">
        <Verdict conversationId={conversationId} />
      </Dialog>
    </>
  );
}

function Verdict({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const { clients } = useDesk();
  const found = useQuery({
    queryKey: ["verified", conversationId],
    gcTime: 0,
    queryFn: ({ signal }) => clients.transcripts.verifyTranscript({ conversationId }, { signal }),
  });
  return (
    <Stack gap="sm">
      {found.isFetching && <Loader aria-label={words.t("choice.loading")} />}
      {found.error && <FaultAlert fault={faultOf(found.error)} testId="verify-fault" />}
      {found.data && !found.isFetching && <Found found={found.data} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={() => void found.refetch()} data-testid="verify-again">
          {words.t("verify.again")}
        </Button>
      </Group>
    </Stack>
  );
}

function Found({ found }: { found: VerifyTranscriptResponse }) {
  const words = useWords();
  const { verdict, events, firstBrokenSequence, removals, endRecorded } = found;
  const isIntact = verdict === TranscriptVerdict.INTACT;
  return (
    <>
      <Alert
        color={isIntact ? "green" : "red"}
        role="status"
        c="var(--mantine-color-text)"
        data-testid="verdict"
        data-verdict={TranscriptVerdict[verdict]?.toLowerCase()}
      >
        {words.t(VERDICTS[verdict], { number: words.number(Number(firstBrokenSequence)) })}
      </Alert>
      <Text size="sm">{words.count("verify.events", Number(events))}</Text>
      <Text size="sm">{words.t(endRecorded ? "verify.endRecorded" : "verify.endOpen")}</Text>
      {removals.length > 0 && <Removals removals={removals} />}
    </>
  );
}

function Removals({ removals }: { removals: readonly TranscriptRemoval[] }) {
  const words = useWords();
  const actorName = useActorName(removals.map(({ by }) => by));
  return (
    <Table captionSide="top">
      <Table.Caption>{words.t("verify.removals")}</Table.Caption>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{words.t("verify.number")}</Table.Th>
          <Table.Th scope="col">{words.t("contact.when")}</Table.Th>
          <Table.Th scope="col">{words.t("verify.why")}</Table.Th>
          <Table.Th scope="col">{words.t("verify.by")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {removals.map(({ sequence, at, cause, by }) => (
          <Table.Tr key={String(sequence)} data-testid="removal" data-sequence={String(sequence)}>
            <Table.Td>{words.number(Number(sequence))}</Table.Td>
            <Table.Td>{at && words.dateTime(timestampMs(at))}</Table.Td>
            <Table.Td>{words.t(CAUSES[cause])}</Table.Td>
            <Table.Td className="guest">{actorName(by) ?? by}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
