// What became of a chat that the agent no longer has.
import type { ConversationView } from "../core/conversation";
import type { ChatSnapshot } from "./desk-chat";
import type { DeskKey } from "./catalogues";

/** It is over; it rests; it was passed on; somebody took it; the agent no longer has it, and no more is known. */
export type Whereabouts = "ended" | "resting" | "passedOn" | "taken" | "elsewhere";

/** What became of it, and who has it or is to have it, as far as that is known. */
export interface Fate {
  what: Whereabouts;
  to: string;
}

/** The short sentence for the list, and the long one below the log. */
export const FATES: Record<Whereabouts, { short: DeskKey; long: DeskKey }> = {
  ended: { short: "chats.ended", long: "chat.endedHint" },
  resting: { short: "chats.resting", long: "chat.restingHint" },
  passedOn: { short: "chats.passedOn", long: "chat.passedOnHint" },
  taken: { short: "chats.elsewhere", long: "chat.takenHint" },
  elsewhere: { short: "chats.elsewhere", long: "chat.elsewhereHint" },
};

/** What became of a chat that is over for the agent. */
export function fateOf({ view, ownIds }: Pick<ChatSnapshot, "view" | "ownIds">): Fate {
  if (view.standing === "resting") return { what: "resting", to: "" };
  if (view.standing === "ended") return { what: "ended", to: "" };
  const now = [...view.parties.values()].find(({ kind, present, participantId }) => kind === "agent" && present && !ownIds.has(participantId));
  const passed = passedTo(view, ownIds);
  if (passed !== undefined) return { what: "passedOn", to: now?.name || passed };
  return now?.name ? { what: "taken", to: now.name } : { what: "elsewhere", to: "" };
}

/** Where it was passed on to since the agent came into it, and since it was opened again. */
function passedTo({ events }: ConversationView, ownIds: ReadonlySet<string>): string | undefined {
  const from = events.findLastIndex(
    ({ body }) => body.case === "reopened" || (body.case === "participantJoined" && ownIds.has(body.value.participantId)),
  );
  const event = events.slice(from + 1).findLast(({ body }) => body.case === "transferred");
  return event?.body.case === "transferred" ? event.body.value.agentName || event.body.value.queueName : undefined;
}
