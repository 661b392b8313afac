import { describe, expect, test } from "vitest";
import type { Fault } from "../../src/core/fault";
import { Outbox, type OutboxEntry } from "../../src/core/outbox";
import { fault } from "./faults-made";
import { ManualTimers, settle } from "./manual-timers";

interface Attempt {
  id: string;
  succeed(): void;
  fail(fault: Fault): void;
}

function setUp(kept: OutboxEntry[] = []) {
  const timers = new ManualTimers();
  const attempts: Attempt[] = [];
  let answers = 0;
  let shown: readonly OutboxEntry[] = [];
  const outbox = new Outbox(
    {
      send: ({ clientMessageId }) =>
        new Promise<void>((resolve, reject) => {
          attempts.push({ id: clientMessageId, succeed: resolve, fail: reject });
        }),
      answered: () => (answers += 1),
      toFault: (error) => error as Fault,
      changed: (entries) => (shown = entries),
      timers,
    },
    kept,
  );
  const ids = () => attempts.map(({ id }) => id);
  const states = () => shown.map(({ clientMessageId, state }) => `${clientMessageId} ${state}`);
  const last = () => attempts.at(-1) as Attempt;
  return { outbox, timers, ids, states, last, answers: () => answers };
}

const LOST = fault({ kind: "lost", status: "unavailable" });

describe("outbox", () => {
  test("sends one after the other, in the order of writing", async () => {
    const { outbox, ids, states, last, answers } = setUp();
    outbox.add("a", "one");
    outbox.add("b", "two");
    await settle();
    expect(answers()).toBe(0);
    expect(ids()).toEqual(["a"]);
    expect(states()).toEqual(["a sending", "b sending"]);
    last().succeed();
    await settle();
    expect(ids()).toEqual(["a", "b"]);
    expect(states()).toEqual(["a sent", "b sending"]);
    expect(answers()).toBe(1);
  });

  test("sends a lost message again with the same id, before the next one", async () => {
    const { outbox, timers, ids, states, last } = setUp();
    outbox.add("a", "one");
    outbox.add("b", "two");
    await settle();
    for (let round = 0; round < 8; round += 1) {
      last().fail(LOST);
      await timers.advance(5_000);
    }
    expect(ids()).toEqual(Array(9).fill("a"));
    expect(states()).toEqual(["a sending", "b sending"]);
    last().succeed();
    await settle();
    expect(ids().at(-1)).toBe("b");
  });

  test("waits with growing jitter, and not at all when kicked", async () => {
    const { outbox, timers, ids, last } = setUp();
    outbox.add("a", "one");
    await settle();
    last().fail(LOST);
    await timers.advance(124);
    expect(ids()).toHaveLength(1);
    await timers.advance(1);
    expect(ids()).toHaveLength(2);
    last().fail(LOST);
    await settle();
    outbox.kick();
    await settle();
    expect(ids()).toHaveLength(3);
  });

  test("comes back when the server said to", async () => {
    const { outbox, timers, ids, last } = setUp();
    outbox.add("a", "one");
    await settle();
    last().fail(fault({ kind: "later", reason: "RATE_LIMITED", retryAfterMs: 3_000 }));
    await timers.advance(2_999);
    expect(ids()).toHaveLength(1);
    await timers.advance(1);
    expect(ids()).toHaveLength(2);
  });

  test("the stream confirms a message whose answer was lost", async () => {
    const { outbox, timers, ids, states, last } = setUp();
    outbox.add("a", "one");
    outbox.add("b", "two");
    await settle();
    last().fail(LOST);
    await settle();
    outbox.confirm("a");
    expect(states()).toEqual(["b sending"]);
    await timers.advance(5_000);
    expect(ids()).toEqual(["a", "b"]);
  });

  test("a message that the stream confirms before the answer is gone for good", async () => {
    const { outbox, states, last } = setUp();
    outbox.add("a", "one");
    await settle();
    outbox.confirm("a");
    last().succeed();
    await settle();
    expect(states()).toEqual([]);
  });

  test("a refused message is kept with its reason, lets others pass, and is sent again with its id", async () => {
    const { outbox, ids, states, last } = setUp();
    outbox.add("a", "one");
    outbox.add("b", "two");
    await settle();
    const refusal = fault({ reason: "MESSAGE_TOO_LARGE" });
    last().fail(refusal);
    await settle();
    expect(states()).toEqual(["a failed", "b sending"]);
    expect(outbox.list()[0]?.fault).toEqual(refusal);
    last().succeed();
    await settle();
    outbox.retry("a");
    await settle();
    expect(ids()).toEqual(["a", "b", "a"]);
    expect(outbox.list().find(({ clientMessageId }) => clientMessageId === "a")).not.toHaveProperty("fault");
  });

  test("gives up after the server broke several times", async () => {
    const { outbox, timers, ids, states, last } = setUp();
    outbox.add("a", "one");
    await settle();
    while (states()[0] === "a sending") {
      last().fail(fault({ kind: "broken", status: "internal" }));
      await timers.advance(5_000);
    }
    expect(ids()).toHaveLength(6);
    outbox.discard("a");
    expect(states()).toEqual([]);
  });

  test("only refused messages can be discarded or sent again", async () => {
    const { outbox, states } = setUp();
    outbox.add("a", "one");
    outbox.discard("a");
    outbox.retry("a");
    await settle();
    expect(states()).toEqual(["a sending"]);
  });

  test("goes on with what an earlier page left", async () => {
    const left: OutboxEntry[] = [
      { clientMessageId: "a", text: "one", writtenAt: 1, state: "sent" },
      { clientMessageId: "b", text: "two", writtenAt: 2, state: "sending" },
    ];
    const { outbox, ids } = setUp(left);
    outbox.kick();
    await settle();
    expect(ids()).toEqual(["b"]);
  });

  test("sends nothing once closed", async () => {
    const { outbox, timers, ids, last } = setUp();
    outbox.add("a", "one");
    await settle();
    last().fail(LOST);
    await settle();
    outbox.close();
    outbox.add("b", "two");
    await timers.advance(60_000);
    expect(ids()).toEqual(["a"]);
  });
});
