// What proves and keeps a transcript, for those who may.
import { Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useDesk, useMay } from "../desk-context";
import { keptUntil, type Ended } from "./kept-until";
import { LegalHoldPart } from "./legal-hold";
import { VerifyButton } from "./verify-button";
import { useWords } from "../words";

const RULES_LAST_MS = 60_000;

interface RecordProps {
  conversation: Ended & { conversationId: string };
}

/** Until when it is kept, having it kept for longer, and checking the log. */
export function RecordBar({ conversation }: RecordProps) {
  const { conversationId } = conversation;
  const words = useWords();
  const mayVerify = useMay("recording:transcript:view");
  const mayHold = useMay("recording:transcript:hold");
  if (!mayVerify && !mayHold) return null;
  return (
    <Group className="pane-bar" gap="xs" role="group" aria-label={words.t("records.heading")} data-testid="records">
      {mayVerify && <KeptUntil conversation={conversation} />}
      {mayHold && <LegalHoldPart conversationId={conversationId} />}
      {mayVerify && <VerifyButton conversationId={conversationId} />}
    </Group>
  );
}

/** When retention erases it, if it does. */
function KeptUntil({ conversation }: RecordProps) {
  const words = useWords();
  const { clients } = useDesk();
  const rules = useQuery({
    queryKey: ["retention"],
    staleTime: RULES_LAST_MS,
    queryFn: async ({ signal }) => (await clients.transcripts.getRetention({}, { signal })).queues,
  });
  const until = keptUntil(conversation, rules.data ?? []);
  if (until === undefined) return null;
  return (
    <Text size="sm" className="grow" data-testid="kept-until">
      {words.t("records.keptUntil", { time: words.dateTime(until) })}
    </Text>
  );
}
