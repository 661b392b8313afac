// The text box: Enter sends, Shift+Enter makes a new line.
import { Button, Group, Text, Textarea } from "@mantine/core";
import { useState, type KeyboardEvent } from "react";
import { charactersLeft, isSendable } from "../core/message-text";
import { slot, tabStorage } from "../core/storage";
import { useDesk } from "./desk-context";
import { useWords } from "./words";

/** Writes into a chat; what is not sent yet survives a change of chat and a reload. */
export function Composer({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const { store } = useDesk();
  const [draft] = useState(() => slot<string>(tabStorage(), `onqueue.desk.chat.${conversationId}.draft`));
  const [text, setText] = useState(() => draft.load() ?? "");
  const change = (next: string) => {
    setText(next);
    if (next === "") draft.clear();
    else draft.save(next);
    store.chat(conversationId)?.typed(next);
  };
  const send = () => {
    const trimmed = text.trim();
    if (!isSendable(trimmed)) return;
    store.chat(conversationId)?.send(trimmed);
    change("");
  };
  const keyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <div className="pane-footer">
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <Textarea
          className="grow"
          autosize
          minRows={2}
          maxRows={8}
          autoFocus
          aria-label={words.t("chat.input")}
          placeholder={words.t("chat.input")}
          value={text}
          onChange={(event) => change(event.currentTarget.value)}
          onKeyDown={keyDown}
          data-testid="desk-input"
        />
        <Button onClick={send} disabled={!isSendable(text)} data-testid="desk-send">
          {words.t("message.send")}
        </Button>
      </Group>
      <Group justify="space-between" gap="xs" mt={4}>
        <Text size="xs" c="dimmed">
          {words.t("chat.inputHint")}
        </Text>
        <Counter text={text} />
      </Group>
    </div>
  );
}

function Counter({ text }: { text: string }) {
  const words = useWords();
  const left = charactersLeft(text);
  if (left === undefined) return null;
  return (
    <Text size="xs" role="status" c={left < 0 ? "red.9" : "dimmed"} data-testid="desk-counter">
      {words.count(left < 0 ? "message.over" : "message.left", Math.abs(left))}
    </Text>
  );
}
