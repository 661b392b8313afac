// One line of a log: a message, a notice, or what is on its way.
import { Button, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { OutboxEntry } from "../core/outbox";
import { MessageText } from "./message-text";
import { faultText, useWords } from "./words";

interface LineProps {
  from: "me" | "them" | "system";
  state: OutboxEntry["state"];
  meta: string;
  text: string;
  testId?: string;
  /** What stands in the bubble in place of the text. */
  children?: ReactNode;
}

/** A line. */
export function Line({ from, state, meta, text, testId = "desk-message", children }: LineProps) {
  return (
    <div className={`line ${from}`} data-testid={testId} data-from={from} data-state={state}>
      <div className="bubble" dir="auto">
        {children ?? <MessageText text={text} />}
      </div>
      {meta !== "" && (
        <Text size="xs" className="meta">
          {meta}
        </Text>
      )}
    </div>
  );
}

/** What a refused message offers. */
export interface EntryActions {
  retry(clientMessageId: string): void;
  discard(clientMessageId: string): void;
}

/** A message that the log does not show yet. */
export function EntryLine({ entry, actions, testId }: { entry: OutboxEntry; actions: EntryActions; testId?: string }) {
  const words = useWords();
  const { clientMessageId, state, text, fault, writtenAt } = entry;
  const name = testId === undefined ? {} : { testId };
  if (state === "sending") return <Line from="me" state={state} meta={words.t("message.sending")} text={text} {...name} />;
  if (state === "sent") {
    return <Line from="me" state={state} meta={`${words.t("chat.you")}, ${words.clockTime(writtenAt)}`} text={text} {...name} />;
  }
  const reason = fault ? faultText(fault, words) : "";
  return (
    <>
      <Line from="me" state={state} meta={words.t("message.notSent", { reason })} text={text} {...name} />
      <Group className="line-actions" gap="xs">
        <Button size="compact-xs" variant="light" onClick={() => actions.retry(clientMessageId)} data-testid="desk-retry">
          {words.t("message.retry")}
        </Button>
        <Button size="compact-xs" variant="subtle" onClick={() => actions.discard(clientMessageId)} data-testid="desk-discard">
          {words.t("message.discard")}
        </Button>
      </Group>
    </>
  );
}
