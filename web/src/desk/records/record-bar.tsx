// What proves and keeps a transcript, for those who may.
import { Group } from "@mantine/core";
import { useMay } from "../desk-context";
import { LegalHoldPart } from "./legal-hold";
import { VerifyButton } from "./verify-button";
import { useWords } from "../words";

/** Checking the log, and having it kept. */
export function RecordBar({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const mayVerify = useMay("recording:transcript:view");
  const mayHold = useMay("recording:transcript:hold");
  if (!mayVerify && !mayHold) return null;
  return (
    <Group className="pane-bar" gap="xs" role="group" aria-label={words.t("records.heading")} data-testid="records">
      {mayHold && <LegalHoldPart conversationId={conversationId} />}
      {mayVerify && <VerifyButton conversationId={conversationId} />}
    </Group>
  );
}
