// Events in words, as agents and supervisors read them.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { authorName, type ConversationView } from "../core/conversation";
import type { Event, OfferWithdrawn, Opened, Transferred } from "../gen/onqueue/session/v1/event_pb";
import { endNotice } from "../i18n/notices";
import { sentenceOfReason } from "../i18n/reasons";
import type { DeskKey, DeskTranslator } from "./catalogues";

/** The sentence for an event that is not a message. */
export function noticeText(event: Event, view: ConversationView, words: DeskTranslator): string | undefined {
  const { body } = event;
  switch (body.case) {
    case "opened":
      return openedText(body.value, words);
    case "queued":
      return words.t("notice.queued", { queue: body.value.queueName });
    case "offered":
      return words.t("notice.offered", { agent: body.value.agentName });
    case "offerWithdrawn":
      return withdrawnText(body.value, view, words);
    case "participantJoined":
      return words.t("notice.joined", { name: body.value.name });
    case "participantLeft":
      return words.t("notice.left", { name: view.parties.get(body.value.participantId)?.name ?? "" });
    case "inactivityWarned":
      return words.t("notice.warned", { time: body.value.endsAt ? words.clockTime(timestampMs(body.value.endsAt)) : "" });
    case "ended":
      return words.t(`notice.ended.${endNotice(body.value.reason)}`);
    case "reopened":
      return words.t("notice.reopened");
    case "notice":
      return body.value.code === "inactivity_transfer" ? words.t("notice.inactivityTransfer") : body.value.text;
    case "transferred":
      return transferredText(body.value, words);
    case "wrapUpSet":
      return words.t(body.value.wrapUpCodeName ? "notice.wrapUp" : "notice.wrapUpPlain", {
        name: authorName(view, event),
        code: body.value.wrapUpCodeName,
      });
    case "assistanceRequested":
      return words.t("notice.helpRequested", { name: authorName(view, event), text: body.value.text });
    case "assistanceTaken":
      return words.t("notice.helpTaken", { name: body.value.name });
    case "assistanceClosed":
      return words.t("notice.helpClosed");
    case "attributesSet":
      return words.t("notice.attributes", { keys: body.value.keys.join(", ") });
    case "messageRedacted":
      return words.t(body.value.eventId === "" ? "notice.allRemoved" : "notice.removed");
    case "erased":
      return erasedText(body.value.what, words);
    case "refused":
      return words.t("notice.refused", { reason: reasonText(body.value.reason, words) });
    default:
      return undefined;
  }
}

const ERASED: Record<string, DeskKey> = {
  opened: "erased.opened",
  participant_joined: "erased.participantJoined",
  message: "erased.message",
  attachment_added: "erased.attachment",
  side_message: "erased.sideMessage",
  coach_message: "erased.coachMessage",
  assistance_requested: "erased.helpRequested",
  transferred: "erased.transferred",
  notice: "erased.notice",
  attributes_set: "erased.attributes",
  message_redacted: "erased.redaction",
};

/** What was there, and that it is gone. */
function erasedText(what: string, words: DeskTranslator): string {
  return words.t("notice.erasedWhat", { what: words.t(ERASED[what] ?? "erased.other") });
}

/** Whether it stands in the side chat's place, not in the log that the customer shares. */
export function isErasedAside({ body }: Event): boolean {
  return body.case === "erased" && (body.value.what === "side_message" || body.value.what === "coach_message");
}

function transferredText({ queueName, agentName, attended, note }: Transferred, words: DeskTranslator): string {
  const to = agentName ? words.t("notice.transferredTo", { agent: agentName }) : words.t("notice.transferred", { queue: queueName });
  return [to, attended && words.t("notice.attended"), note && words.t("notice.note", { note })].filter(Boolean).join(" ");
}

/** Who wrote a message. */
export function authorText(event: Event, view: ConversationView, ownIds: ReadonlySet<string>, words: DeskTranslator) {
  if (ownIds.has(event.participantId)) return words.t("chat.you");
  return authorName(view, event) || words.t("offer.unnamed");
}

function openedText({ guestName, topic }: Opened, words: DeskTranslator): string {
  const guest = guestName || words.t("offer.unnamed");
  return topic === "" ? words.t("notice.openedPlain", { guest }) : words.t("notice.opened", { guest, topic });
}

function withdrawnText({ userId, reason }: OfferWithdrawn, view: ConversationView, words: DeskTranslator): string {
  const agent = offeredName(view, userId);
  switch (reason) {
    case "declined":
    case "timed_out":
    case "agent_gone":
      return words.t(`notice.withdrawn.${reason}`, { agent });
    default:
      return words.t("notice.withdrawn.other", { agent });
  }
}

function offeredName(view: ConversationView, userId: string): string {
  for (const { body } of view.events) {
    if (body.case === "offered" && body.value.userId === userId) return body.value.agentName;
  }
  return "";
}

function reasonText(reason: string, words: DeskTranslator): string {
  const { key, values } = sentenceOfReason(reason);
  return words.t(key, values);
}
