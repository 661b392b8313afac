// The log of a chat: messages, notices, and what is on its way.
import { Box, Button, Group, Text } from "@mantine/core";
import { memo, useLayoutEffect, useRef } from "react";
import { eventTime } from "../core/conversation";
import type { OutboxEntry } from "../core/outbox";
import type { Event } from "../gen/onqueue/session/v1/event_pb";
import type { ChatSnapshot } from "./desk-chat";
import { useDesk } from "./desk-context";
import { authorText, noticeText } from "./event-text";
import { MessageText } from "./message-text";
import { faultText, useWords } from "./words";

const NEAR_THE_END = 80;

/** The log, kept at its end while the reader is there. */
export function MessageLog({ chat }: { chat: ChatSnapshot }) {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [chat.view.events, chat.outbox]);
  const scrolled = () => {
    const log = box.current;
    if (log) atEnd.current = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_THE_END;
  };
  return (
    <Box
      ref={box}
      className="log"
      role="log"
      tabIndex={0}
      aria-label={words.t("chat.log")}
      onScroll={scrolled}
      data-testid="desk-log"
    >
      {chat.view.events.map((event) => (
        <EventLine key={event.eventId || String(event.sequence)} event={event} chat={chat} locale={words.locale} />
      ))}
      {chat.outbox.map((entry) => (
        <EntryLine key={entry.clientMessageId} entry={entry} conversationId={chat.conversationId} />
      ))}
    </Box>
  );
}

interface EventLineProps {
  event: Event;
  chat: ChatSnapshot;
  locale: string;
}

const EventLine = memo(DrawnEventLine, (before, after) => {
  const sameParties = before.chat.view.parties === after.chat.view.parties;
  return before.event === after.event && before.locale === after.locale && sameParties;
});

function DrawnEventLine({ event, chat }: EventLineProps) {
  const words = useWords();
  const { view, ownIds } = chat;
  if (event.body.case !== "message") {
    const notice = noticeText(event, view, words);
    return notice === undefined ? null : <Line from="system" state="sent" meta="" text={notice} />;
  }
  const from = ownIds.has(event.participantId) ? "me" : "them";
  const meta = `${authorText(event, view, ownIds, words)}, ${words.clockTime(eventTime(event))}`;
  return <Line from={from} state="sent" meta={meta} text={event.body.value.text} />;
}

function EntryLine({ entry, conversationId }: { entry: OutboxEntry; conversationId: string }) {
  const words = useWords();
  const { store } = useDesk();
  const { clientMessageId, state, text, fault, writtenAt } = entry;
  if (state === "sending") return <Line from="me" state={state} meta={words.t("message.sending")} text={text} />;
  if (state === "sent") {
    return <Line from="me" state={state} meta={`${words.t("chat.you")}, ${words.clockTime(writtenAt)}`} text={text} />;
  }
  const reason = fault ? faultText(fault, words) : "";
  return (
    <>
      <Line from="me" state={state} meta={words.t("message.notSent", { reason })} text={text} />
      <Group className="line-actions" gap="xs">
        <Button
          size="compact-xs"
          variant="light"
          onClick={() => store.chat(conversationId)?.retry(clientMessageId)}
          data-testid="desk-retry"
        >
          {words.t("message.retry")}
        </Button>
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => store.chat(conversationId)?.discard(clientMessageId)}
          data-testid="desk-discard"
        >
          {words.t("message.discard")}
        </Button>
      </Group>
    </>
  );
}

interface LineProps {
  from: "me" | "them" | "system";
  state: OutboxEntry["state"];
  meta: string;
  text: string;
}

function Line({ from, state, meta, text }: LineProps) {
  return (
    <div className={`line ${from}`} data-testid="desk-message" data-from={from} data-state={state}>
      <div className="bubble" dir="auto">
        <MessageText text={text} />
      </div>
      {meta !== "" && (
        <Text size="xs" className="meta">
          {meta}
        </Text>
      )}
    </div>
  );
}
