// The text box: Enter sends, Shift+Enter makes a new line.
import { Button, Group, Text, Textarea } from "@mantine/core";
import { useImperativeHandle, useRef, useState, type KeyboardEvent, type Ref, type RefObject } from "react";
import { flushSync } from "react-dom";
import { charactersLeft, isSendable } from "../core/message-text";
import { slot, tabStorage } from "../core/storage";
import { AttachButton } from "./attachments/attach";
import type { DeskChat } from "./desk-chat";
import { useMay } from "./desk-context";
import { FinderPanel, FOUND_LIST, foundId } from "./responses/finder-panel";
import { withInserted, withResponse, type Place } from "./responses/trigger";
import { useFinder, type Finder } from "./responses/use-finder";
import { useWords } from "./words";

interface Draft {
  text: string;
  /** The responses that went into it. */
  responseIds: string[];
}

const EMPTY: Draft = { text: "", responseIds: [] };

/** What others may do with the text box. */
export interface ComposerHandle {
  /** Puts a rendered response in at the caret. */
  insert(rendered: string, responseId: string): void;
}

interface ComposerProps {
  conversationId: string;
  language: string;
  /** Takes what is written. */
  chat: Pick<DeskChat, "send" | "typed" | "attach">;
  ref?: Ref<ComposerHandle>;
}

/** Writes into a chat; what is not sent yet survives a change of chat and a reload. */
export function Composer({ conversationId, language, chat, ref }: ComposerProps) {
  const words = useWords();
  const input = useRef<HTMLTextAreaElement>(null);
  const [draft, change] = useDraft(conversationId, chat);
  const { text } = draft;
  const [caret, setCaret] = useState(text.length);
  const written = () => input.current?.value ?? text;
  const put = (place: Place, responseId: string) => {
    flushSync(() => {
      change(place.text, [...draft.responseIds, responseId]);
      setCaret(place.caret);
      finder.leave(place);
    });
    input.current?.focus();
    input.current?.setSelectionRange(place.caret, place.caret);
  };
  useImperativeHandle(ref, () => ({
    insert: (rendered, responseId) => put(withInserted(written(), caret, rendered), responseId),
  }));
  const finder = useFinder({
    conversationId,
    language,
    text,
    caret,
    insert: (trigger, rendered, responseId) => put(withResponse(written(), trigger, rendered), responseId),
  });
  const send = () => {
    const trimmed = text.trim();
    if (!isSendable(trimmed)) return;
    chat.send(trimmed, draft.responseIds);
    change("");
    setCaret(0);
  };
  const keyDown = (event: KeyboardEvent) => {
    if (finder.takeKey(event)) return;
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <div className="pane-footer">
      <FinderPanel finder={finder} conversationId={conversationId} language={language} />
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <TextBox box={input} finder={finder} text={text} change={change} follow={setCaret} keyDown={keyDown} />
        <AttachButton conversationId={conversationId} attach={(files, limits) => chat.attach(files, limits)} />
        <Button onClick={send} disabled={!isSendable(text)} data-testid="desk-send">
          {words.t("message.send")}
        </Button>
      </Group>
      <Hints text={text} />
    </div>
  );
}

interface TextBoxProps {
  box: RefObject<HTMLTextAreaElement | null>;
  finder: Finder;
  text: string;
  change(text: string): void;
  /** Told where the caret is. */
  follow(caret: number): void;
  keyDown(event: KeyboardEvent): void;
}

function TextBox({ box, finder, text, change, follow, keyDown }: TextBoxProps) {
  const words = useWords();
  return (
    <Textarea
      ref={box}
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
        follow(event.currentTarget.selectionStart);
      }}
      onSelect={(event) => follow(event.currentTarget.selectionStart)}
      onKeyDown={keyDown}
      data-testid="desk-input"
    />
  );
}

/** What is being written, kept for this tab. */
function useDraft(
  conversationId: string,
  chat: ComposerProps["chat"],
): [Draft, (text: string, responseIds?: string[]) => void] {
  const [kept] = useState(() => slot<Draft>(tabStorage(), `onqueue.desk.chat.${conversationId}.draft`));
  const [draft, setDraft] = useState(() => draftOf(kept.load()));
  const change = (text: string, responseIds = draft.responseIds) => {
    const changed = text === "" ? EMPTY : { text, responseIds };
    setDraft(changed);
    if (text === "") kept.clear();
    else kept.save(changed);
    chat.typed(text);
  };
  return [draft, change];
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
