import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createRouterTransport, type CallOptions } from "@connectrpc/connect";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { deskClients, type DeskClients } from "../../src/desk/clients";
import { DeskStore } from "../../src/desk/desk-store";
import { DeskService, type WatchRequest, type WatchResponseSchema } from "../../src/gen/onqueue/gateway/v1/desk_pb";
import { AgentService, AgentState } from "../../src/gen/onqueue/routing/v1/agent_pb";
import { ConversationService } from "../../src/gen/onqueue/session/v1/conversation_pb";
import type { EventSchema } from "../../src/gen/onqueue/session/v1/event_pb";
import { TranscriptService } from "../../src/gen/onqueue/session/v1/transcript_pb";
import { ManualTimers, settle } from "./manual-timers";

type Frame = MessageInitShape<typeof WatchResponseSchema>;
type EventInit = MessageInitShape<typeof EventSchema>;

const agent: Frame = { frame: { case: "agent", value: { frame: { case: "agent", value: { state: AgentState.IDLE } } } } };
const heartbeat: Frame = {
  frame: { case: "agent", value: { frame: { case: "heartbeat", value: { at: timestampFromMs(1_005_000) } } } },
};
const caughtUp: Frame = { frame: { case: "mine", value: { frame: { case: "caughtUp", value: {} } } } };
const offered = (offerId: string): Frame => ({
  frame: { case: "agent", value: { frame: { case: "offered", value: { offerId, conversationId: `c-${offerId}` } } } },
});
const added = (conversationId: string): Frame => ({
  frame: { case: "mine", value: { frame: { case: "added", value: { conversation: { conversationId } } } } },
});
const removed = (conversationId: string): Frame => ({
  frame: { case: "mine", value: { frame: { case: "removed", value: { conversationId } } } },
});

const LOG: EventInit[] = [
  { eventId: "1", sequence: 1n, body: { case: "opened", value: { guestName: "Greta", guestParticipantId: "g" } } },
  { eventId: "2", sequence: 2n, participantId: "g", body: { case: "message", value: { text: "hello" } } },
  { eventId: "3", sequence: 3n, participantId: "g", body: { case: "message", value: { text: "anybody?" } } },
  { eventId: "4", sequence: 4n, body: { case: "ended", value: { reason: 1 } } },
];

const event = (conversationId: string, index: number): Frame => ({
  frame: {
    case: "conversation",
    value: { conversationId, frame: { frame: { case: "event", value: LOG[index] as EventInit }, cursor: `at ${index + 1}` } },
  },
});

function setUp(...rounds: Frame[][]) {
  const timers = new ManualTimers();
  const requests: WatchRequest[] = [];
  const calls: string[] = [];
  const sent: string[] = [];
  const transport = createRouterTransport((router) => {
    router.service(DeskService, {
      async *watch(request, { signal }) {
        requests.push(request);
        const frames = rounds[requests.length - 1];
        yield* frames ?? [];
        // The last round stays open.
        if (requests.length >= rounds.length) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    });
    router.service(AgentService, { heartbeat: () => (calls.push("heartbeat"), {}) });
    router.service(TranscriptService, { listEvents: () => (calls.push("listEvents"), { events: LOG }) });
    router.service(ConversationService, {
      sendMessage: ({ clientMessageId }) => {
        sent.push(clientMessageId);
        if (sent.length === 1) throw new ConnectError("away", Code.Unavailable);
        return { sequence: 9n };
      },
    });
  });
  const tokens = { token: async () => "t", renew: async () => "t" };
  const store = new DeskStore({ userId: "u", clients: deskClients(transport), tokens, timers });
  store.start();
  return { store, timers, requests, calls, sent, now: () => store.snapshot() };
}

async function* silence(signal: AbortSignal | undefined): AsyncGenerator<never> {
  await new Promise((resolve) => signal?.addEventListener("abort", resolve));
}

describe("desk store", () => {
  test("answers the agent's heartbeats, those that come at once only once, and learns the server's clock", async () => {
    const { calls, now } = setUp([agent, heartbeat, heartbeat]);
    await settle();
    expect(calls).toEqual(["heartbeat"]);
    expect(now().clockAhead).toBe(5_000);
    expect(now().connection).toBe("online");
  });

  test("is online as soon as the server answers, before any frame", async () => {
    const watch = (_: unknown, { onHeader, signal }: CallOptions) => (onHeader?.(new Headers()), silence(signal));
    const clients = { desk: { watch } } as unknown as DeskClients;
    const tokens = { token: async () => "t", renew: async () => "t" };
    const store = new DeskStore({ userId: "u", clients, tokens, timers: new ManualTimers() });
    store.start();
    expect(store.snapshot().connection).toBe("online");
    store.stop();
  });

  test("chooses the same chat again after a reload", async () => {
    const kept = new Map<string, string>();
    const sessionStorage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    };
    vi.stubGlobal("window", { sessionStorage });
    onTestFinished(() => void vi.unstubAllGlobals());
    setUp([added("x")]).store.select("x");
    const { store, now } = setUp([added("x")]);
    expect(now().selected).toBe("x");
    store.select(undefined);
    expect(setUp([]).now().selected).toBeUndefined();
  });

  test("offers that no longer alert are gone after a reconnect", async () => {
    const { timers, now } = setUp([agent, offered("a"), offered("b"), offered("a")], [agent, offered("b")]);
    await settle();
    await timers.advance(5_000);
    expect(now().offers.map(({ offerId }) => offerId)).toEqual(["b"]);
  });

  test("goes on from the last cursors", async () => {
    const { timers, requests } = setUp([added("x"), event("x", 0), event("x", 1)], [caughtUp]);
    await settle();
    await timers.advance(5_000);
    expect(requests[0]?.cursors).toEqual([]);
    expect(requests[1]?.cursors).toMatchObject([{ conversationId: "x", cursor: "at 2" }]);
  });

  test("takes over the cursors of a goodbye", async () => {
    const value = { reason: "draining", cursors: [{ conversationId: "x", cursor: "far" }] };
    const { timers, requests } = setUp([added("x"), { frame: { case: "goodbye", value } }], []);
    await settle();
    await timers.advance(5_000);
    expect(requests[1]?.cursors).toMatchObject([{ conversationId: "x", cursor: "far" }]);
  });

  test("counts unread messages until they are read, each once", async () => {
    const { store, now } = setUp([added("x"), event("x", 0), event("x", 1), event("x", 2), event("x", 1)]);
    await settle();
    expect(now().chats[0]).toMatchObject({ unread: 2, mine: true });
    store.chat("x")?.markRead();
    expect(now().chats[0]?.unread).toBe(0);
  });

  test("reads the log where the stream left a gap", async () => {
    const { calls, now } = setUp([added("x"), event("x", 0), event("x", 2)]);
    await settle();
    expect(calls).toEqual(["listEvents"]);
    expect(now().chats[0]?.view.events).toHaveLength(4);
  });

  test("a chat that ended meanwhile stays, with its end, until it is closed", async () => {
    const { store, timers, now } = setUp([added("x"), event("x", 0), event("x", 1)], [caughtUp]);
    await settle();
    await timers.advance(5_000);
    expect(now().chats[0]).toMatchObject({ mine: false, view: { standing: "ended" } });
    store.closeChat("x");
    expect(now().chats).toEqual([]);
  });

  test("what was said by a customer who was erased is dropped at once, and what is left is read", async () => {
    const { store, calls, now } = setUp([added("x"), event("x", 0), event("x", 1), added("y"), event("y", 0)]);
    await settle();
    store.erased(["x", "unknown"]);
    expect(now().chats.map(({ view }) => [view.guestName, view.events.length])).toEqual([["", 0], ["Greta", 1]]);
    await settle();
    expect(calls).toEqual(["listEvents"]);
  });

  test("a late frame does not bring back a closed chat", async () => {
    const { store, now } = setUp([added("x"), event("x", 3), removed("x"), event("y", 0)]);
    await settle();
    expect(now().chats.map(({ conversationId }) => conversationId)).toEqual(["x"]);
    store.closeChat("x");
    expect(now().chats).toEqual([]);
  });

  test("sends again with the same id when the server was away", async () => {
    const { store, timers, sent, now } = setUp([added("x"), event("x", 0)]);
    await settle();
    store.chat("x")?.send("hi");
    await timers.advance(5_000);
    expect(sent).toHaveLength(2);
    expect(sent[0]).toBe(sent[1]);
    expect(now().chats[0]?.outbox).toMatchObject([{ text: "hi", state: "sent" }]);
  });
});
