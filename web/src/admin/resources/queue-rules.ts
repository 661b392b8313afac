// What a queue's lists have to be like before they are sent.
import type { AfterContact, GroupRule, InQueueMessage, LastAgent, MemberGroup } from "../../gen/onqueue/routing/v1/queue_pb";
import { InactivityAction, ResponseLibraryUse, type AttachmentRules, type ConversationRules } from "../../gen/onqueue/routing/v1/queue_rules_pb";
import { duration, type Rule, type Violation } from "../kit/bounds";

const LONGEST_NAME = 100;
const LONGEST_MESSAGE = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;
const MOST_DAYS = 36_500;
const MOST_BYTES = 104_857_600n;
const MOST_TOTAL_BYTES = 1_073_741_824n;
const MOST_MEDIA_TYPES = 50;
const MOST_LIBRARIES = 200;

/** Each has a name of its own. */
export const groups: Rule<readonly MemberGroup[]> = (given) => {
  const names = given.map(({ name }) => name.trim().toLowerCase());
  if (names.includes("")) return { key: "violation.groupName" };
  if (new Set(names).size < names.length) return { key: "violation.groupTwice" };
  return names.some((name) => [...name].length > LONGEST_NAME) ? { key: "violation.long", values: { most: LONGEST_NAME } } : undefined;
};

/** Each opens a group. */
export const groupRules: Rule<readonly GroupRule[]> = (rules) =>
  rules.some(({ groupIds }) => groupIds.length === 0) ? { key: "violation.ruleGroup" } : undefined;

/** Each has texts, none of them empty, and a time that routing keeps. */
export const messages: Rule<readonly InQueueMessage[]> = (given) => {
  const texts = given.map((message) => message.texts.map(({ text }) => text));
  if (texts.some((all) => all.length === 0 || all.some((text) => text.trim() === ""))) return { key: "violation.messageText" };
  if (texts.flat().some((text) => [...text].length > LONGEST_MESSAGE)) return { key: "violation.long", values: { most: LONGEST_MESSAGE } };
  const isTooOften = given.some(({ when }) => when.case === "everyMs" && (when.value < 10_000n || when.value > BigInt(DAY_MS)));
  return isTooOften ? { key: "violation.messageEvery", values: { least: 10 } } : undefined;
};

/** Its time, where it has one. */
export const afterContact: Rule<AfterContact | undefined> = (work) => work && duration(1_000, HOUR_MS)(work.timeoutMs);

/** Its time is at most an hour. */
export const lastAgent: Rule<LastAgent | undefined> = (given) => given && duration(0, HOUR_MS)(given.holdMs);

/** Each is within its bounds, or 0 for the usual. */
export const conversationRules: Rule<ConversationRules | undefined> = (rules) => {
  if (!rules) return undefined;
  const isNowhere = rules.inactivityAction === InactivityAction.TRANSFER && rules.inactivityTransferQueueId === "";
  if (isNowhere) return { key: "violation.transferQueue" };
  if (duration(10_000, DAY_MS)(rules.abandonAfterMs)) return { key: "violation.abandon" };
  if (duration(1_000, HOUR_MS)(rules.agentLostHoldMs)) return { key: "violation.lostHold" };
  if (duration(60_000, YEAR_MS)(rules.messagingWindowMs)) return { key: "violation.window" };
  if (rules.retentionDays > MOST_DAYS) return { key: "violation.retention" };
  const isChosen = rules.libraryUse === ResponseLibraryUse.CHOSEN;
  if (isChosen && rules.libraryIds.length === 0) return { key: "violation.libraries" };
  if (rules.libraryIds.length > MOST_LIBRARIES) return { key: "violation.many", values: { most: MOST_LIBRARIES } };
  return rules.attachments && attachmentRules(rules.attachments);
};

function attachmentRules({ maxBytes, maxTotalBytes, mediaTypes }: AttachmentRules): Violation | undefined {
  if (maxBytes > MOST_BYTES) return { key: "violation.maxBytes" };
  if (maxTotalBytes > MOST_TOTAL_BYTES || (maxTotalBytes > 0n && maxTotalBytes < maxBytes)) return { key: "violation.maxTotal" };
  if (mediaTypes.length > MOST_MEDIA_TYPES) return { key: "violation.many", values: { most: MOST_MEDIA_TYPES } };
  const wrong = mediaTypes.find((type) => !/^[\w][\w!#$&^.+-]*\/[\w][\w!#$&^.+-]*$/.test(type));
  return wrong === undefined ? undefined : { key: "violation.mediaType", values: { value: wrong } };
}
