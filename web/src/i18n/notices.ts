// The catalogue key for each way a conversation ends, in the words of either page.
import { EndReason } from "../gen/guest/onqueue/session/v1/event_pb";

/** The last part of the key of a notice about an end. */
export type EndNotice = "guest" | "agent" | "inactivity" | "refused" | "abandoned" | "rested" | "other";

const END_NOTICES: Partial<Record<EndReason, EndNotice>> = {
  [EndReason.GUEST_LEFT]: "guest",
  [EndReason.AGENT_ENDED]: "agent",
  [EndReason.INACTIVITY]: "inactivity",
  [EndReason.REFUSED]: "refused",
  [EndReason.ABANDONED]: "abandoned",
  [EndReason.RESTED]: "rested",
};

/** How an end is told. */
export function endNotice(reason: EndReason | undefined): EndNotice {
  return (reason !== undefined && END_NOTICES[reason]) || "other";
}
