// The log of a chat: messages, files, notices, and what is on its way.
import { Box } from "@mantine/core";
import { memo, useLayoutEffect, useRef } from "react";
import { eventTime } from "../core/conversation";
import type { Event } from "../gen/onqueue/session/v1/event_pb";
import { FileLink } from "./attachments/file-link";
import type { ChatSnapshot } from "./desk-chat";
import { authorText, isErasedAside, noticeText } from "./event-text";
import { EntryLine, Line, type EntryActions } from "./message-line";
import { useWords } from "./words";

const NEAR_THE_END = 80;

/** The log, kept at its end while the reader is there. */
export function MessageLog({ chat, actions }: { chat: ChatSnapshot; actions: EntryActions }) {
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
        <EntryLine key={entry.clientMessageId} entry={entry} actions={actions} />
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
  const { view, ownIds, conversationId } = chat;
  const from = ownIds.has(event.participantId) ? "me" : "them";
  const meta = `${authorText(event, view, ownIds, words)}, ${words.clockTime(eventTime(event))}`;
  if (event.body.case === "message") return <Line from={from} state="sent" meta={meta} text={event.body.value.text} />;
  if (event.body.case === "attachmentAdded") {
    return (
      <Line from={from} state="sent" meta={meta} text="">
        <FileLink conversationId={conversationId} file={event.body.value} />
      </Line>
    );
  }
  const notice = isErasedAside(event) ? undefined : noticeText(event, view, words);
  return notice === undefined ? null : <Line from="system" state="sent" meta="" text={notice} />;
}
