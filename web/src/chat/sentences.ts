// Events of a chat in words, for the log and for the downloaded transcript.
import { authorName, eventTime, type ConversationView } from "../core/conversation";
import { fileSize } from "../core/file-size";
import type { Fault } from "../core/fault";
import type { DeploymentQueue } from "../gen/onqueue/auth/v1/trust_pb";
import type { AttachmentAdded, Event, Queued } from "../gen/onqueue/session/v1/event_pb";
import { endNotice } from "../i18n/notices";
import { sentenceOf, sentenceOfReason } from "../i18n/reasons";
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
  const events = sinceOpened(view);
  const hadAgent = events.some(({ body }) => body.case === "participantJoined" && !isGuest(view, body.value.participantId));
  return hadAgent || events.filter(({ body }) => body.case === "queued").length > 1;
}

/** What happened since the conversation was opened, or opened again. */
function sinceOpened({ events }: ConversationView): readonly Event[] {
  return events.slice(events.findLastIndex(({ body }) => body.case === "reopened") + 1);
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
    case "reopened":
      return words.t("notice.reopened");
    case "notice":
      return body.value.code === "inactivity_transfer" ? words.t("notice.passedOn") : body.value.text;
    case "messageRedacted":
      return words.t(body.value.eventId === "" ? "notice.allRemoved" : "notice.removed");
    case "erased":
      return words.t("notice.erased");
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
  const isAgain = sinceOpened(view).some(({ sequence, body }) => body.case === "queued" && sequence < event.sequence);
  if (isAgain) return reader.words.t("chat.waitingAgain");
  return reader.words.t("notice.queued", { queue: reader.queueLabel(queueId) || queueName });
}

/** Whether a chat was not started because of what was said of who the customer is. */
export function isOfIdentity(fault: Fault): boolean {
  return fault.metadata["field"] === "identity_assertion";
}

/** Why a chat could not be started; of a closed queue also when it opens, in the visitor's language and time zone. */
export function startProblem(fault: Fault, words: ChatTranslator): string {
  if (isOfIdentity(fault)) return words.t("chat.identityRefused");
  const { key, values } = sentenceOf(fault);
  const opensAt = Date.parse(fault.metadata["opens_at"] ?? "");
  if (fault.reason !== "QUEUE_CLOSED" || Number.isNaN(opensAt)) return words.t(key, values);
  const isHoliday = fault.metadata["schedule_state"] === "holiday";
  return words.t(isHoliday ? "chat.holidayUntil" : "chat.closedUntil", { time: words.dateTime(opensAt) });
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
  if (event.body.case === "attachmentAdded") {
    return `${time}  ${authorText(event, view, reader)}: ${fileText(event.body.value, reader.words)}`;
  }
  const notice = noticeOf(event, view, reader);
  return notice && `${time}  – ${notice}`;
}

/** A file in words. */
export function fileText({ name, bytes, mediaType }: AttachmentAdded, words: ChatTranslator): string {
  return words.t("file.is", { name, size: fileSize(Number(bytes), words.locale), type: mediaType });
}

function nameOf(view: ConversationView, participantId: string, words: ChatTranslator): string {
  return view.parties.get(participantId)?.name || words.t("chat.someone");
}

function isGuest(view: ConversationView, participantId: string): boolean {
  return view.parties.get(participantId)?.kind === "guest";
}
