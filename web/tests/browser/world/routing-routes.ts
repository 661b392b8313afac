// What routing tells: rpcs of the stand-in.
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { AgentState } from "../../../src/gen/onqueue/routing/v1/agent_pb";
import { AgentVerdict, DecisionKind, DecisionService } from "../../../src/gen/onqueue/routing/v1/decision_pb";
import { InteractionService } from "../../../src/gen/onqueue/routing/v1/interaction_pb";
import { ObservationService } from "../../../src/gen/onqueue/routing/v1/observation_pb";
import { WaitService } from "../../../src/gen/onqueue/routing/v1/wait_pb";
import { ConversationState } from "../../../src/gen/onqueue/session/v1/conversation_pb";
import { Visibility } from "../../../src/gen/onqueue/session/v1/event_pb";
import { hoursRoutes } from "./hours-routes";
import { refusal } from "./refusal";
import { AGENT_PARTICIPANT, AGENT_USER, type World } from "./world";

const CANDIDATES = [
  { userId: AGENT_USER, name: "Anna Beispiel", idleMs: 604_800_000n, activeChats: 0 },
  { userId: "u2", name: "Bernd Muster", idleMs: 7_380_000n, activeChats: 1 },
];

/** Adds the rpcs about decisions, places, figures and wrap-up codes. */
export function routingRoutes(router: ConnectRouter, world: World): void {
  const { routing } = world;
  router.service(ObservationService, {
    watchObservations: (_, context) => routing.live.follow(context.signal, [{ frame: { case: "changes", value: routing.figures } }]),
    listMetricDefinitions: ({ language }) => ({
      definitions: [
        { name: "waiting", definition: language === "de" ? "Interaktionen in der Schlange." : "Interactions in line." },
        { name: "service_level", definition: language === "de" ? "Rechtzeitig beantwortet." : "Answered in time." },
      ],
    }),
  });
  router.service(WaitService, {
    watchPosition: (_, context) => routing.positions.follow(context.signal, routing.standing),
  });
  router.service(InteractionService, {
    transfer: (asked) => {
      world.talk.transfers.push(asked);
      const room = world.rooms.get(asked.conversationId);
      const to = asked.userId ? { userId: asked.userId, agentName: "Bernd Muster" } : {};
      const value = { queueId: asked.queueId, queueName: "Service", attended: asked.attended, note: asked.note, ...to };
      if (room) world.append(room, AGENT_PARTICIPANT, { case: "transferred", value }, Visibility.AGENTS);
      return {};
    },
    cancelTransfer: () => ((world.talk.cancelled += 1), {}),
    takeOver: ({ conversationId }) => {
      const room = world.rooms.get(conversationId);
      if (world.agent.state === AgentState.OFF_QUEUE) throw refusal(Code.FailedPrecondition, "AGENT_NOT_ON_QUEUE");
      if (room) world.join(room);
      return {};
    },
    listInteractions: () => ({
      interactions: [...world.rooms.values()]
        .filter(({ state }) => state === ConversationState.QUEUED)
        .map(({ id, guestName, topic, language }) => ({ conversationId: id, guestName, topic, language, enteredAt: timestampNow() })),
    }),
  });
  hoursRoutes(router, world);
  decisionRoutes(router, world);
}

function decisionRoutes(router: ConnectRouter, { routing }: World): void {
  router.service(DecisionService, {
    explainWaiting: ({ conversationId }) => ({ explanation: { ...routing.explanation, conversationId } }),
    explainAgent: ({ conversationId, userId }) => ({
      explanation: {
        conversationId,
        userId,
        verdict: AgentVerdict.EXCLUDED,
        reason: { reason: "at_capacity", text: "3 of 3 chats" },
        summary: "Anna Beispiel cannot have it: 3 of 3 chats.",
      },
    }),
    getDecision: () => ({ allCandidates: [...CANDIDATES, { userId: "u3", name: "Carla Drei", idleMs: 1n, activeChats: 2 }] }),
    listDecisions: ({ conversationId, language }) => ({
      decisions: [
        {
          decisionId: "d1",
          conversationId,
          at: timestampNow(),
          kind: DecisionKind.OFFER,
          language: "de",
          chosenUserId: AGENT_USER,
          decidedBy: "longest_idle",
          decidedText: language === "de" ? "am längsten frei" : "longest idle",
          stageText: language === "de" ? "alle Mitglieder" : "all members",
          summary: language === "de" ? "Anna Beispiel war am längsten frei (7 Tage oder mehr)." : "Anna Beispiel had been free the longest.",
          eligible: 3,
          candidates: CANDIDATES,
          excluded: [
            { reason: "language", count: 2, text: "2 do not speak the language" },
            { reason: "off_queue", count: 1, text: "1 is off queue" },
          ],
        },
      ],
    }),
  });
}
