import { describe, expect, test } from "vitest";
import type { Fault } from "../../src/core/fault";
import { Follower, SILENCE_MS, type Connection, type Next } from "../../src/core/follower";
import { fault } from "./faults-made";
import { ManualTimers, settle } from "./manual-timers";

interface Stream {
  signal: AbortSignal;
  answer(): void;
  give(frame: string): void;
  end(): void;
  fail(fault: Fault): void;
}

function setUp(take: (frame: string) => Next = () => "go_on") {
  const timers = new ManualTimers();
  const streams: Stream[] = [];
  const connections: Connection[] = [];
  const frames: string[] = [];
  const faults: Fault[] = [];
  const follower = new Follower<string>({
    open: (signal, answered) => stream(signal, answered, streams),
    take: (frame) => (frames.push(frame), take(frame)),
    toFault: (error) => error as Fault,
    failed: async (failure) => (faults.push(failure), failure.kind === "refused" ? "stop" : "go_on"),
    connection: (state) => connections.at(-1) !== state && connections.push(state),
    timers,
  });
  const running = follower.run();
  const last = () => streams.at(-1) as Stream;
  return { follower, timers, streams, connections, frames, faults, running, last };
}

async function* stream(signal: AbortSignal, answer: () => void, streams: Stream[]): AsyncGenerator<string> {
  type Step = { frame: string } | { end: true } | { fault: Fault };
  const steps: Step[] = [];
  let wake = () => {};
  const push = (step: Step) => (steps.push(step), wake());
  signal.addEventListener("abort", () => push({ fault: fault({ kind: "lost", status: "canceled" }) }));
  streams.push({
    signal,
    answer,
    give: (frame) => push({ frame }),
    end: () => push({ end: true }),
    fail: (failure) => push({ fault: failure }),
  });
  for (;;) {
    const step = steps.shift();
    if (!step) await new Promise<void>((resolve) => (wake = resolve));
    else if ("frame" in step) yield step.frame;
    else if ("fault" in step) throw step.fault;
    else return;
  }
}

describe("follower", () => {
  test("is online with the first frame and reconnects after an end", async () => {
    const { timers, streams, connections, frames, last } = setUp();
    await settle();
    last().give("a");
    await settle();
    last().end();
    await timers.advance(250);
    last().give("b");
    await settle();
    expect(streams).toHaveLength(2);
    expect(frames).toEqual(["a", "b"]);
    expect(connections).toEqual(["connecting", "online", "reconnecting", "online"]);
  });

  test("is online again as soon as the server answers, before any frame", async () => {
    const { timers, connections, frames, last } = setUp();
    await settle();
    last().give("a");
    await settle();
    last().fail(fault({ kind: "lost" }));
    await timers.advance(250);
    expect(connections.at(-1)).toBe("reconnecting");
    last().answer();
    expect(connections.at(-1)).toBe("online");
    expect(frames).toEqual(["a"]);
  });

  test("an answer without frames does not shorten the waits", async () => {
    const { timers, streams, last } = setUp();
    const waits: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      await settle();
      last().answer();
      last().fail(fault({ kind: "lost" }));
      const before = timers.now();
      const count = streams.length;
      while (streams.length === count) await timers.advance(5);
      waits.push(timers.now() - before);
    }
    expect(waits).toEqual([125, 250, 500, 1_000]);
  });

  test("an answer to a stream that was given up says nothing", async () => {
    const { follower, timers, connections, last } = setUp();
    await settle();
    const old = last();
    follower.reconnect();
    await timers.advance(250);
    old.answer();
    expect(connections).not.toContain("online");
  });

  test("waits longer after each failure, with jitter, up to the cap", async () => {
    const { timers, streams, last } = setUp();
    const waits: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      await settle();
      last().fail(fault({ kind: "lost" }));
      const before = timers.now();
      const count = streams.length;
      while (streams.length === count) await timers.advance(5);
      waits.push(timers.now() - before);
    }
    expect(waits).toEqual([125, 250, 500, 1_000, 1_000, 1_000, 1_000, 1_000]);
  });

  test("leaves the server alone for as long as it asked, once", async () => {
    const { timers, streams, last } = setUp();
    await settle();
    last().fail(fault({ kind: "later", retryAfterMs: 3_000 }));
    await timers.advance(3_124);
    expect(streams).toHaveLength(1);
    await timers.advance(1);
    expect(streams).toHaveLength(2);
    last().fail(fault({ kind: "lost" }));
    await timers.advance(250);
    expect(streams).toHaveLength(3);
  });

  test("takes silence for death", async () => {
    const { timers, streams, last } = setUp();
    await settle();
    last().give("a");
    await timers.advance(SILENCE_MS - 1);
    expect(streams).toHaveLength(1);
    await timers.advance(500);
    expect(streams[0]?.signal.aborted).toBe(true);
    expect(streams).toHaveLength(2);
  });

  test("heartbeats keep it open", async () => {
    const { timers, streams, last } = setUp();
    await settle();
    for (let round = 0; round < 20; round += 1) {
      last().give("heartbeat");
      await timers.advance(15_000);
    }
    expect(streams).toHaveLength(1);
  });

  test("a frame may ask to reconnect, or to stop", async () => {
    const { timers, streams, running, connections, last } = setUp((frame) => (frame === "goodbye" ? "reconnect" : "stop"));
    await settle();
    last().give("goodbye");
    await timers.advance(250);
    expect(streams).toHaveLength(2);
    last().give("over");
    await running;
    expect(connections.at(-1)).toBe("stopped");
  });

  test("a change of network opens a new stream", async () => {
    const { follower, timers, streams, last } = setUp();
    await settle();
    last().give("a");
    await settle();
    follower.reconnect();
    await timers.advance(250);
    expect(streams).toHaveLength(2);
  });

  test("waking up skips the wait, and leaves a live stream alone", async () => {
    const { follower, timers, streams, last } = setUp();
    await settle();
    last().give("a");
    await settle();
    follower.wake();
    await timers.advance(1_000);
    expect(streams).toHaveLength(1);
    last().fail(fault({ kind: "lost" }));
    await settle();
    follower.wake();
    await settle();
    expect(streams).toHaveLength(2);
  });

  test("gives up when a fault is final", async () => {
    const { running, faults, connections, last } = setUp();
    await settle();
    last().fail(fault({ kind: "refused", status: "not_found" }));
    await running;
    expect(faults).toHaveLength(1);
    expect(connections.at(-1)).toBe("stopped");
  });

  test("stops when told", async () => {
    const { follower, running, timers, streams } = setUp();
    await settle();
    follower.stop();
    await running;
    await timers.advance(60_000);
    expect(streams).toHaveLength(1);
  });
});
