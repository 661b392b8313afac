// Events of a chat in words, for the log and for the downloaded transcript.
import { authorName, eventTime, type ConversationView } from "../core/conversation";
import type { Event } from "../gen/onqueue/session/v1/event_pb";
import { endNotice } from "../i18n/notices";
import { sentenceOfReason } from "../i18n/reasons";
import type { ChatTranslator } from "./catalogues";

/** The sentence for an event that is not a message; nothing for those the customer need not read. */
export function noticeOf(event: Event, view: ConversationView, words: ChatTranslator): string | undefined {
  const { body } = event;
  switch (body.case) {
    case "queued":
      return words.t("notice.queued", { queue: body.value.queueName });
    case "participantJoined":
      return isGuest(view, body.value.participantId) ? undefined : words.t("notice.joined", { name: body.value.name });
    case "participantLeft":
      return words.t("notice.left", { name: nameOf(view, body.value.participantId, words) });
    case "inactivityWarned":
      return words.t("notice.warned");
    case "refused":
      return reasonText(body.value.reason, words);
    case "ended":
      return words.t(`notice.ended.${endNotice(body.value.reason)}`);
    default:
      return undefined;
  }
}

/** The sentence for a reason of the API. */
export function reasonText(reason: string, words: ChatTranslator): string {
  const { key, values } = sentenceOfReason(reason);
  return words.t(key, values);
}

/** Who wrote a message, as the customer reads it. */
export function authorText(event: Event, view: ConversationView, ownId: string, words: ChatTranslator): string {
  if (event.participantId === ownId) return words.t("chat.you");
  return authorName(view, event) || words.t("chat.someone");
}

/** The whole chat as plain text. */
export function transcriptText(view: ConversationView, ownId: string, words: ChatTranslator): string {
  const begin = view.events[0];
  const heading = words.t("transcript.heading", { date: words.dateTime(begin ? eventTime(begin) : 0) });
  const lines = view.events.flatMap((event) => transcriptLine(event, view, ownId, words) ?? []);
  return [heading, "", ...lines, ""].join("\n");
}

function transcriptLine(event: Event, view: ConversationView, ownId: string, words: ChatTranslator): string | undefined {
  const time = words.clockTime(eventTime(event));
  if (event.body.case === "message") {
    return `${time}  ${authorText(event, view, ownId, words)}: ${event.body.value.text}`;
  }
  const notice = noticeOf(event, view, words);
  return notice && `${time}  – ${notice}`;
}

function nameOf(view: ConversationView, participantId: string, words: ChatTranslator): string {
  return view.parties.get(participantId)?.name || words.t("chat.someone");
}

function isGuest(view: ConversationView, participantId: string): boolean {
  return view.parties.get(participantId)?.kind === "guest";
}
