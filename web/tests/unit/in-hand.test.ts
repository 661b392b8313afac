import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { EMPTY_VIEW } from "../../src/core/conversation";
import type { ChatSnapshot } from "../../src/desk/desk-chat";
import { customersInHand, isOnlyAlerting, isOnQueue } from "../../src/desk/in-hand";
import { AgentSchema, AgentState, OfferSchema } from "../../src/gen/onqueue/routing/v1/agent_pb";

const offer = (conversationId: string) => create(OfferSchema, { offerId: `o-${conversationId}`, conversationId });

function chat(conversationId: string, parts: { ended?: true; notMine?: true } = {}): ChatSnapshot {
  const view = { ...EMPTY_VIEW, standing: parts.ended ? ("ended" as const) : ("connected" as const) };
  const mine = !parts.notMine;
  const nothing = { outbox: [], sideOutbox: [], uploads: [], supervisors: [], awaySince: undefined, otherTypes: false };
  return { conversationId, view, ...nothing, mine, readUpTo: 0n, unread: 0, ownIds: new Set() };
}

const over = [chat("x", { ended: true }), chat("y", { notMine: true })];

describe("what an agent has in hand", () => {
  test.each([
    ["nothing", [], [], 0, false],
    ["chats that are over", over, [], 0, false],
    ["an open chat", [...over, chat("a")], [], 1, false],
    ["an offer", over, [offer("b")], 1, true],
    ["a chat and an offer", [chat("a")], [offer("b"), offer("c")], 3, false],
    ["an offer just accepted", [chat("a")], [offer("a")], 1, false],
  ] as const)("%s", (_name, chats, offers, customers, alerting) => {
    expect(customersInHand({ chats, offers })).toBe(customers);
    expect(isOnlyAlerting({ chats, offers })).toBe(alerting);
  });

  test.each([
    [AgentState.UNSPECIFIED, false],
    [AgentState.OFF_QUEUE, false],
    [AgentState.IDLE, true],
    [AgentState.INTERACTING, true],
    [AgentState.NOT_RESPONDING, true],
    [AgentState.COMMUNICATING, true],
  ])("the state %i is on queue: %s", (state, expected) => {
    expect(isOnQueue(create(AgentSchema, { state }))).toBe(expected);
    expect(isOnQueue(undefined)).toBe(false);
  });
});
