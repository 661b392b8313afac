// The text box: Enter sends, Shift+Enter makes a new line.
import { Button, Group, Text, Textarea } from "@mantine/core";
import { useRef, useState, type KeyboardEvent } from "react";
import { flushSync } from "react-dom";
import { charactersLeft, isSendable } from "../core/message-text";
import { slot, tabStorage } from "../core/storage";
import { useDesk, useMay } from "./desk-context";
import { FinderPanel, FOUND_LIST, foundId } from "./responses/finder-panel";
import { withResponse } from "./responses/trigger";
import { useFinder, type Finder } from "./responses/use-finder";
import { useWords } from "./words";

interface Draft {
  text: string;
  /** The responses that went into it. */
  responseIds: string[];
}

const EMPTY: Draft = { text: "", responseIds: [] };

/** Writes into a chat; what is not sent yet survives a change of chat and a reload. */
export function Composer({ conversationId, language }: { conversationId: string; language: string }) {
  const words = useWords();
  const { store } = useDesk();
  const input = useRef<HTMLTextAreaElement>(null);
  const [kept] = useState(() => slot<Draft>(tabStorage(), `onqueue.desk.chat.${conversationId}.draft`));
  const [draft, setDraft] = useState(() => draftOf(kept.load()));
  const [caret, setCaret] = useState(draft.text.length);
  const { text } = draft;
  const change = (next: string, responseIds = draft.responseIds) => {
    const changed = next === "" ? EMPTY : { text: next, responseIds };
    setDraft(changed);
    if (next === "") kept.clear();
    else kept.save(changed);
    store.chat(conversationId)?.typed(next);
  };
  const finder = useFinder({
    conversationId,
    language,
    text,
    caret,
    insert: (trigger, rendered, responseId) => {
      const place = withResponse(input.current?.value ?? text, trigger, rendered);
      flushSync(() => {
        change(place.text, [...draft.responseIds, responseId]);
        setCaret(place.caret);
      });
      input.current?.focus();
      input.current?.setSelectionRange(place.caret, place.caret);
    },
  });
  const send = () => {
    const trimmed = text.trim();
    if (!isSendable(trimmed)) return;
    store.chat(conversationId)?.send(trimmed, draft.responseIds);
    change("");
    setCaret(0);
  };
  const keyDown = (event: KeyboardEvent) => {
    if (finder.takeKey(event)) return;
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  const follow = (box: HTMLTextAreaElement) => setCaret(box.selectionStart);
  return (
    <div className="pane-footer">
      <FinderPanel finder={finder} />
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <Textarea
          ref={input}
          className="grow"
          autosize
          minRows={2}
          maxRows={8}
          autoFocus
          aria-label={words.t("chat.input")}
          placeholder={words.t("chat.input")}
          {...foundProps(finder)}
          value={text}
          onChange={(event) => {
            change(event.currentTarget.value);
            follow(event.currentTarget);
          }}
          onSelect={(event) => follow(event.currentTarget)}
          onKeyDown={keyDown}
          data-testid="desk-input"
        />
        <Button onClick={send} disabled={!isSendable(text)} data-testid="desk-send">
          {words.t("message.send")}
        </Button>
      </Group>
      <Hints text={text} />
    </div>
  );
}

function Hints({ text }: { text: string }) {
  const words = useWords();
  const mayFind = useMay("responses:response:view");
  return (
    <Group justify="space-between" gap="xs" mt={4}>
      <Text size="xs" c="dimmed">
        {words.t("chat.inputHint")}
        {mayFind && ` ${words.t("finder.hint")}`}
      </Text>
      <Counter text={text} />
    </Group>
  );
}

/** Says to those who cannot see the list where in it they are. */
function foundProps({ isOpen, found, active }: Finder) {
  if (!isOpen) return {};
  const list = { "aria-autocomplete": "list", "aria-controls": FOUND_LIST } as const;
  return found.length > 0 ? { ...list, "aria-activedescendant": foundId(active) } : list;
}

/** What was kept; earlier versions kept the text alone. */
function draftOf(kept: Draft | string | undefined): Draft {
  if (typeof kept === "string") return { text: kept, responseIds: [] };
  return kept ?? EMPTY;
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
