// What routing tells in the stand-in: after-contact work, live figures, places in line and explanations.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { AfterContactWorkSchema, type AfterContactWork, type CompleteWrapUpRequest } from "../../../src/gen/onqueue/routing/v1/agent_pb";
import { WaitingPlace, type WaitingExplanationSchema } from "../../../src/gen/onqueue/routing/v1/decision_pb";
import type { ObservationChangesSchema, WatchObservationsResponseSchema } from "../../../src/gen/onqueue/routing/v1/observation_pb";
import type { AfterContactMode } from "../../../src/gen/onqueue/routing/v1/queue_pb";
import type { WatchPositionResponseSchema } from "../../../src/gen/onqueue/routing/v1/wait_pb";
import { agentFrame } from "./agent-frame";
import { Channel } from "./frames";
import type { World } from "./world";

type LiveFrame = MessageInitShape<typeof WatchObservationsResponseSchema>;
type PositionFrame = MessageInitShape<typeof WatchPositionResponseSchema>;
type Said = Pick<CompleteWrapUpRequest, "conversationId" | "wrapUpCodeId" | "notes">;

/** Routing, as far as the pages ask for it. */
export class RoutingWorld {
  readonly live = new Channel<LiveFrame>();
  readonly positions = new Channel<PositionFrame>();
  /** What a new stream of live figures begins with. */
  figures: MessageInitShape<typeof ObservationChangesSchema> = { complete: true };
  /** What a new stream about a place in line begins with. */
  standing: PositionFrame[] = [];
  wrapUps: Said[] = [];
  requested: string[] = [];
  codes: { wrapUpCodeId: string; name: string }[] = [];
  /** What the queue of every conversation is set to. */
  queueSettings: { afterContact?: { mode: AfterContactMode } } = {};
  explanation: MessageInitShape<typeof WaitingExplanationSchema> = {
    place: WaitingPlace.IN_HAND,
    summary: "Anna Beispiel has it.",
  };

  /** Work follows a conversation. */
  afterContact(world: World, work: MessageInitShape<typeof AfterContactWorkSchema>, ms?: number): void {
    const begun = Date.now();
    const ends = ms === undefined ? {} : { endsAt: timestampFromMs(begun + ms) };
    const each = create(AfterContactWorkSchema, { queueName: "Service", since: timestampFromMs(begun), ...ends, ...work });
    this.setWork(world, [...world.agent.afterContactWork, each]);
  }

  /** The agent says how it went; work that may be ended early ends with it. */
  wrapUp(world: World, { conversationId, wrapUpCodeId, notes }: Said): void {
    this.wrapUps.push({ conversationId, wrapUpCodeId, notes });
    const goesOn = (work: AfterContactWork) => work.conversationId !== conversationId || !work.mayEndEarly;
    this.setWork(world, world.agent.afterContactWork.filter(goesOn));
  }

  private setWork(world: World, afterContactWork: AfterContactWork[]): void {
    world.agent = { ...world.agent, afterContactWork };
    world.desk.publish(agentFrame({ case: "agent", value: world.agent }));
  }
}
