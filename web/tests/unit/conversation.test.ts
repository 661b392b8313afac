import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import {
  awaitingReplySince,
  EMPTY_VIEW,
  hasGap,
  isClosed,
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

describe("what agents know beside", () => {
  const asked = event(4, { case: "assistanceRequested", value: { assistanceId: "h", text: "help" } }, "a");
  const taken = event(5, { case: "assistanceTaken", value: { assistanceId: "h", userId: "s", name: "Sven" } });
  const connected = withEvents(EMPTY_VIEW, [opened, queued, joined]);

  test("a request for help is open, taken and done with", () => {
    const open = withEvents(connected, [asked]);
    expect(open.assistance).toMatchObject({ assistanceId: "h", text: "help", requestedAt: 4_000, takenByName: "" });
    expect(withEvents(open, [taken]).assistance).toMatchObject({ takenByUserId: "s", takenByName: "Sven" });
    expect(withEvents(open, [event(5, { case: "assistanceClosed", value: {} })]).assistance).toBeUndefined();
    expect(withEvents(open, [event(5, { case: "ended", value: {} })]).assistance).toBeUndefined();
  });

  test("while an attended transfer is offered the agent stays connected, until it is accepted or not", () => {
    const transferred = event(4, { case: "transferred", value: { userId: "b", agentName: "Bernd", attended: true } }, "a");
    const offered = event(5, { case: "offered", value: { userId: "b" } });
    const passing = withEvents(connected, [transferred, offered]);
    expect(passing).toMatchObject({ standing: "connected", transfer: { agentName: "Bernd" } });
    const declined = withEvents(passing, [event(6, { case: "offerWithdrawn", value: { userId: "b" } })]);
    expect(declined).toMatchObject({ standing: "connected", transfer: undefined });
    const accepted = event(6, { case: "participantJoined", value: { participantId: "b", kind: ParticipantKind.AGENT, name: "Bernd" } });
    expect(withEvents(passing, [accepted]).transfer).toBeUndefined();
    const blind = event(4, { case: "transferred", value: { queueName: "Sales" } });
    expect(withEvents(connected, [blind]).transfer).toBeUndefined();
  });

  test("a supervisor who joins is no agent: without one nobody is connected", () => {
    const supervisor = event(4, { case: "participantJoined", value: { participantId: "s", kind: ParticipantKind.SUPERVISOR, name: "Sven" } });
    expect(withEvents(connected, [supervisor])).toMatchObject({ standing: "connected" });
    expect(withEvents(connected, [supervisor]).parties.get("s")?.kind).toBe("supervisor");
  });

  test("files and side messages of others are unread too, and a file is an answer", () => {
    const file = event(4, { case: "attachmentAdded", value: { attachmentId: "f" } }, "g");
    const side = event(5, { case: "sideMessage", value: { text: "psst" } });
    const view = withEvents(connected, [file, side]);
    expect(unreadAfter(view, 0n, new Set(["a"]))).toBe(2);
    expect(awaitingReplySince(view)).toBe(4_000);
    expect(awaitingReplySince(withEvents(view, [event(6, { case: "attachmentAdded", value: {} }, "a")]))).toBeUndefined();
  });
});

describe("what was removed", () => {
  const log = [opened, queued, joined, said(4, "g"), said(5, "a"), event(6, { case: "attachmentAdded", value: { name: "x" } }, "g")];
  const kinds = (added: Event) => withEvents(EMPTY_VIEW, [...log, added]).events.map(({ body }) => body.case);

  test("one message is gone at once, and the others stay", () => {
    expect(kinds(event(7, { case: "messageRedacted", value: { eventId: "e4" } })).slice(3)).toEqual(["erased", "message", "attachmentAdded", "messageRedacted"]);
  });

  test("everything said is gone, and how it went on stays", () => {
    expect(kinds(event(7, { case: "messageRedacted", value: {} }))).toEqual([
      "opened", "queued", "participantJoined", "erased", "erased", "erased", "messageRedacted",
    ]);
  });

  test("the log stays dense, and remembers no text", () => {
    const view = withEvents(withEvents(EMPTY_VIEW, log), [event(7, { case: "messageRedacted", value: { eventId: "e4" } })]);
    expect(hasGap(view)).toBe(false);
    expect(JSON.stringify(view.events, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value))).not.toContain("m4");
  });
});

test("a conversation at rest is closed until the customer writes again", () => {
  const rested = withEvents(EMPTY_VIEW, [opened, queued, joined, event(4, { case: "ended", value: { reason: EndReason.RESTED } })]);
  expect([rested.standing, isClosed(rested)]).toEqual(["resting", true]);
  const again = withEvents(rested, [event(5, { case: "reopened", value: { opening: 2n } }, "g"), said(6, "g")]);
  expect([again.standing, again.endReason, isClosed(again)]).toEqual(["pending", undefined, false]);
  expect(isClosed(withEvents(EMPTY_VIEW, ALL))).toBe(true);
});
