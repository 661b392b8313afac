// What agent and supervisors write to one another beside a conversation, unseen by the customer.
import { Button, Stack, Text, Textarea, Title } from "@mantine/core";
import { useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import { eventTime, type ConversationView } from "../../core/conversation";
import { charactersLeft, isSendable } from "../../core/message-text";
import type { Event } from "../../gen/onqueue/session/v1/event_pb";
import type { ChatSnapshot, DeskChat } from "../desk-chat";
import { useDesk } from "../desk-context";
import { EntryLine, Line } from "../message-line";
import { useWords } from "../words";

interface SideChatProps {
  chat: ChatSnapshot;
  actions: Pick<DeskChat, "sendSide" | "retry" | "discard">;
  /** Whether one may write here now. */
  mayWrite: boolean;
}

/** The side messages, and a box for another. */
export function SideChat({ chat, actions, mayWrite }: SideChatProps) {
  const words = useWords();
  const said = sideMessages(chat.view);
  const end = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    // Browsers have begun to answer a promise, which is no clean-up.
    end.current?.scrollIntoView({ block: "nearest" });
  }, [said.length, chat.sideOutbox]);
  return (
    <Stack component="section" gap="xs" aria-label={words.t("side.heading")} data-testid="side-chat">
      <Title order={3} size="h6">
        {words.t("side.heading")}
      </Title>
      <Text size="xs" c="dimmed">
        {words.t("side.hint")}
      </Text>
      <div className="side-log" role="log" aria-label={words.t("side.heading")} tabIndex={0}>
        {said.length === 0 && chat.sideOutbox.length === 0 && <Text size="sm">{words.t("side.none")}</Text>}
        {said.map((event) => (
          <SideLine key={event.eventId || String(event.sequence)} event={event} />
        ))}
        {chat.sideOutbox.map((entry) => (
          <EntryLine key={entry.clientMessageId} entry={entry} actions={actions} testId="side-message" />
        ))}
        <div ref={end} />
      </div>
      {mayWrite && <SideBox send={(text) => actions.sendSide(text)} />}
    </Stack>
  );
}

/** The side messages of others after a place in the log. */
export function unreadSide(view: ConversationView, after: bigint, userId: string): number {
  return sideMessages(view).filter((event) => event.sequence > after && writerOf(event) !== userId).length;
}

/** Where the log ends, as far as side messages go. */
export function lastSide(view: ConversationView): bigint {
  return sideMessages(view).at(-1)?.sequence ?? 0n;
}

function sideMessages(view: ConversationView): Event[] {
  return view.events.filter(({ body }) => body.case === "sideMessage" || body.case === "coachMessage");
}

function writerOf({ body }: Event): string {
  return body.case === "sideMessage" || body.case === "coachMessage" ? body.value.userId : "";
}

function SideLine({ event }: { event: Event }) {
  const words = useWords();
  const { me } = useDesk();
  const { body } = event;
  if (body.case !== "sideMessage" && body.case !== "coachMessage") return null;
  const isMine = body.value.userId === me.userId;
  const name = isMine ? words.t("chat.you") : body.value.name;
  const author = body.case === "coachMessage" ? words.t("side.coach", { name }) : name;
  const meta = `${author}, ${words.clockTime(eventTime(event))}`;
  return <Line from={isMine ? "me" : "them"} state="sent" meta={meta} text={body.value.text} testId="side-message" />;
}

function SideBox({ send }: { send(text: string): void }) {
  const words = useWords();
  const [text, setText] = useState("");
  const go = () => {
    if (!isSendable(text.trim())) return;
    send(text.trim());
    setText("");
  };
  const keyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    go();
  };
  const left = charactersLeft(text);
  return (
    <>
      <Textarea
        aria-label={words.t("side.input")}
        placeholder={words.t("side.input")}
        autosize
        minRows={2}
        maxRows={6}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={keyDown}
        error={left !== undefined && left < 0 ? words.count("message.over", -left) : undefined}
        data-testid="side-input"
      />
      <Button size="xs" onClick={go} disabled={!isSendable(text.trim())} data-testid="side-send">
        {words.t("side.send")}
      </Button>
    </>
  );
}
