// Frames about the agent on the desk's stream.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { WatchResponseSchema } from "../../../src/gen/onqueue/gateway/v1/desk_pb";
import type { Agent, Offer } from "../../../src/gen/onqueue/routing/v1/agent_pb";

type DeskFrame = MessageInitShape<typeof WatchResponseSchema>;

type AgentFrame =
  | { case: "agent"; value: Agent }
  | { case: "offered"; value: Offer }
  | { case: "heartbeat"; value: object }
  | { case: "offerEnded"; value: { offerId: string; conversationId: string; reason: string } };

/** A frame about the agent on the desk's stream. */
export function agentFrame(frame: AgentFrame): DeskFrame {
  return { frame: { case: "agent", value: { frame } } } as DeskFrame;
}
