// What the user does in a conversation.
import { SupervisionMode, type Conversation } from "../../gen/onqueue/session/v1/conversation_pb";
import { ParticipantKind } from "../../gen/onqueue/session/v1/event_pb";

/** Nothing; follows it; writes to the agent; helps; takes part beside the agent; has it in hand. */
export type Part = "none" | "monitor" | "coach" | "help" | "barge" | "agent";

const BY_MODE: Partial<Record<SupervisionMode, Part>> = {
  [SupervisionMode.MONITOR]: "monitor",
  [SupervisionMode.COACH]: "coach",
  [SupervisionMode.HELP]: "help",
};

/** What a user does in a conversation now. */
export function partOf({ participants, supervisors }: Conversation, userId: string): Part {
  const own = participants.find((each) => each.userId === userId && !each.leftAt);
  if (own?.kind === ParticipantKind.AGENT) return "agent";
  if (own?.kind === ParticipantKind.SUPERVISOR) return "barge";
  const mode = supervisors.find((each) => each.userId === userId)?.mode;
  return (mode !== undefined && BY_MODE[mode]) || "none";
}

/** Whether somebody who does this may write to the agent. */
export function writesAside(part: Part): boolean {
  return part === "coach" || part === "help" || part === "barge" || part === "agent";
}
