import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import {
  awaitingReplySince,
  EMPTY_VIEW,
  hasGap,
  participantsOf,
  unreadAfter,
  withEvents,
} from "../../src/core/conversation";
import { EndReason, EventSchema, ParticipantKind, type Event } from "../../src/gen/onqueue/session/v1/event_pb";

type Body = NonNullable<MessageInitShape<typeof EventSchema>["body"]>;

function event(sequence: number, body: Body, participantId = ""): Event {
  return create(EventSchema, {
    eventId: `e${sequence}`,
    sequence: BigInt(sequence),
    at: timestampFromMs(sequence * 1_000),
    participantId,
    body,
  });
}

const opened = event(1, { case: "opened", value: { guestName: "Greta", topic: "Help", language: "de", guestParticipantId: "g" } });
const queued = event(2, { case: "queued", value: { queueName: "Service" } });
const joined = event(3, {
  case: "participantJoined",
  value: { participantId: "a", kind: ParticipantKind.AGENT, name: "Anna", userId: "u" },
});
const said = (sequence: number, by: string) => event(sequence, { case: "message", value: { text: `m${sequence}` } }, by);
const warned = event(5, { case: "inactivityWarned", value: { endsAt: timestampFromMs(99_000) } });
const ended = event(7, { case: "ended", value: { reason: EndReason.INACTIVITY } });

const ALL = [opened, queued, joined, said(4, "g"), warned, said(6, "a"), ended];

describe("log", () => {
  test("each sequence once and in order, whatever the order of arrival", () => {
    const expected = withEvents(EMPTY_VIEW, ALL);
    expect(expected.events.map(({ sequence }) => Number(sequence))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    for (let seed = 1; seed <= 50; seed += 1) {
      const arrivals = shuffled([...ALL, ...ALL.slice(2, 5)], seed);
      const oneByOne = arrivals.reduce((view, each) => withEvents(view, [each]), EMPTY_VIEW);
      expect(oneByOne).toEqual(expected);
      expect(withEvents(EMPTY_VIEW, arrivals)).toEqual(expected);
    }
  });

  test("an event that is known changes nothing", () => {
    const view = withEvents(EMPTY_VIEW, ALL);
    expect(withEvents(view, [said(4, "g")])).toBe(view);
  });

  test("a gap is noticed until it is filled", () => {
    const holed = withEvents(EMPTY_VIEW, [opened, joined]);
    expect(hasGap(holed)).toBe(true);
    expect(hasGap(withEvents(holed, [queued]))).toBe(false);
    expect(hasGap(EMPTY_VIEW)).toBe(false);
  });
});

describe("standing", () => {
  test.each([
    [1, "pending"],
    [2, "queued"],
    [3, "connected"],
    [6, "connected"],
    [7, "ended"],
  ])("after %i events it is %s", (count, standing) => {
    expect(withEvents(EMPTY_VIEW, ALL.slice(0, count)).standing).toBe(standing);
  });

  test("offers alert, and withdrawn ones queue again", () => {
    const offered = withEvents(EMPTY_VIEW, [opened, queued, event(3, { case: "offered", value: { agentName: "Anna" } })]);
    expect(offered.standing).toBe("alerting");
    const back = withEvents(offered, [event(4, { case: "offerWithdrawn", value: { reason: "declined" } })]);
    expect(back.standing).toBe("queued");
  });

  test("the warning holds until somebody writes", () => {
    expect(withEvents(EMPTY_VIEW, ALL.slice(0, 5)).endsAt).toBe(99_000);
    expect(withEvents(EMPTY_VIEW, ALL.slice(0, 6)).endsAt).toBeUndefined();
  });

  test("who left is no longer present", () => {
    const left = event(4, { case: "participantLeft", value: { participantId: "a" } });
    const view = withEvents(EMPTY_VIEW, [opened, queued, joined, left]);
    expect(view.parties.get("a")?.present).toBe(false);
    expect(view.parties.get("g")?.name).toBe("Greta");
  });

  test("a refusal is kept with its reason", () => {
    const refused = event(2, { case: "refused", value: { reason: "QUEUE_FULL" } });
    const over = event(3, { case: "ended", value: { reason: EndReason.REFUSED } });
    const view = withEvents(EMPTY_VIEW, [opened, refused, over]);
    expect(view).toMatchObject({ refusal: "QUEUE_FULL", standing: "ended", endReason: EndReason.REFUSED });
  });
});

describe("for the agent", () => {
  const talk = withEvents(EMPTY_VIEW, [opened, queued, joined, said(4, "g"), said(5, "g"), said(6, "a"), said(7, "g")]);

  test("unread are the messages of others after the last read", () => {
    const own = participantsOf(talk, "u");
    expect([...own]).toEqual(["a"]);
    expect(unreadAfter(talk, 0n, own)).toBe(3);
    expect(unreadAfter(talk, 4n, own)).toBe(2);
    expect(unreadAfter(talk, 7n, own)).toBe(0);
  });

  test("the customer waits since the first message after the last answer", () => {
    expect(awaitingReplySince(talk)).toBe(7_000);
    expect(awaitingReplySince(withEvents(EMPTY_VIEW, talk.events.slice(0, 5)))).toBe(4_000);
    expect(awaitingReplySince(withEvents(EMPTY_VIEW, talk.events.slice(0, 6)))).toBeUndefined();
  });
});

/** A shuffle that is the same for the same seed. */
function shuffled<Item>(items: Item[], seed: number): Item[] {
  let state = seed;
  const random = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  return items.map((item) => ({ item, key: random() })).sort((a, b) => a.key - b.key).map(({ item }) => item);
}
