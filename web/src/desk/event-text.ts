// Events in words, as agents and supervisors read them.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { authorName, type ConversationView } from "../core/conversation";
import type { Event, OfferWithdrawn, Opened } from "../gen/onqueue/session/v1/event_pb";
import { endNotice } from "../i18n/notices";
import { sentenceOfReason } from "../i18n/reasons";
import type { DeskTranslator } from "./catalogues";

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
    case "refused":
      return words.t("notice.refused", { reason: reasonText(body.value.reason, words) });
    default:
      return undefined;
  }
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
