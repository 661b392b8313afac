// The last part of the catalogue key for each state of a conversation.
import { ConversationState } from "../gen/onqueue/session/v1/conversation_pb";

/** All states that a list may be narrowed to, "all" first. */
export const STATE_NAMES = [
  [ConversationState.UNSPECIFIED, "all"],
  [ConversationState.PENDING, "pending"],
  [ConversationState.QUEUED, "queued"],
  [ConversationState.ALERTING, "alerting"],
  [ConversationState.CONNECTED, "connected"],
  [ConversationState.ENDED, "ended"],
] as const;

/** The name of a state. */
export type StateName = (typeof STATE_NAMES)[number][1];

const BY_STATE = new Map<ConversationState, StateName>(STATE_NAMES);

/** The name of a state. */
export function stateName(state: ConversationState): StateName {
  return BY_STATE.get(state) ?? "all";
}

/** Whether a list may be narrowed to it. */
export function isFilter(state: ConversationState): boolean {
  return BY_STATE.has(state);
}
