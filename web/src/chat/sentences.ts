// Events of a chat in words, for the log and for the downloaded transcript.
import { authorName, eventTime, type ConversationView } from "../core/conversation";
import type { DeploymentQueue } from "../gen/onqueue/auth/v1/trust_pb";
import type { Event, Queued } from "../gen/onqueue/session/v1/event_pb";
import { endNotice } from "../i18n/notices";
import { sentenceOfReason } from "../i18n/reasons";
import { labelIn, type Locale } from "../i18n/translator";
import type { ChatTranslator } from "./catalogues";

/** Who reads the chat, and in which words. */
export interface Reader {
  words: ChatTranslator;
  /** The reader's participant. */
  ownId: string;
  /** What the chat page calls a queue; "" if it offers no such queue. */
  queueLabel(queueId: string): string;
}

/** What a deployment calls a queue in a language; "" if it offers no such queue. */
export function queueLabelOf(queues: readonly DeploymentQueue[], queueId: string, locale: Locale): string {
  const queue = queues.find((each) => each.queueId === queueId);
  return queue ? labelIn(queue.labels, locale) : "";
}

/** Whether the customer had an offer or an agent before and waits for another. */
export function isWaitingAgain(view: ConversationView): boolean {
  const hadAgent = [...view.parties.values()].some((party) => party.kind === "agent");
  return hadAgent || view.events.filter(({ body }) => body.case === "queued").length > 1;
}

/** The sentence for an event that is not a message; nothing for those the customer need not read. */
export function noticeOf(event: Event, view: ConversationView, reader: Reader): string | undefined {
  const { words } = reader;
  const { body } = event;
  switch (body.case) {
    case "queued":
      return queuedText(event, body.value, view, reader);
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

function queuedText(event: Event, { queueId, queueName }: Queued, view: ConversationView, reader: Reader): string {
  const isAgain = view.events.some(({ sequence, body }) => body.case === "queued" && sequence < event.sequence);
  if (isAgain) return reader.words.t("chat.waitingAgain");
  return reader.words.t("notice.queued", { queue: reader.queueLabel(queueId) || queueName });
}

/** The sentence for a reason of the API. */
export function reasonText(reason: string, words: ChatTranslator): string {
  const { key, values } = sentenceOfReason(reason);
  return words.t(key, values);
}

/** Who wrote a message, as the customer reads it. */
export function authorText(event: Event, view: ConversationView, { ownId, words }: Reader): string {
  if (event.participantId === ownId) return words.t("chat.you");
  return authorName(view, event) || words.t("chat.someone");
}

/** The whole chat as plain text. */
export function transcriptText(view: ConversationView, reader: Reader): string {
  const { words } = reader;
  const begin = view.events[0];
  const heading = words.t("transcript.heading", { date: words.dateTime(begin ? eventTime(begin) : 0) });
  const lines = view.events.flatMap((event) => transcriptLine(event, view, reader) ?? []);
  return [heading, "", ...lines, ""].join("\n");
}

function transcriptLine(event: Event, view: ConversationView, reader: Reader): string | undefined {
  const time = reader.words.clockTime(eventTime(event));
  if (event.body.case === "message") {
    return `${time}  ${authorText(event, view, reader)}: ${event.body.value.text}`;
  }
  const notice = noticeOf(event, view, reader);
  return notice && `${time}  – ${notice}`;
}

function nameOf(view: ConversationView, participantId: string, words: ChatTranslator): string {
  return view.parties.get(participantId)?.name || words.t("chat.someone");
}

function isGuest(view: ConversationView, participantId: string): boolean {
  return view.parties.get(participantId)?.kind === "guest";
}
