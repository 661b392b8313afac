import { describe, expect, test } from "vitest";
import { LONGEST_GOODBYE_MS, signOut } from "../../src/desk/signing-out";
import { ManualTimers, settle } from "./manual-timers";

function setUp(onQueue: boolean, answer: () => Promise<unknown>) {
  const timers = new ManualTimers();
  const steps: string[] = [];
  const signals: AbortSignal[] = [];
  const goOffQueue = (signal: AbortSignal) => (steps.push("off queue"), signals.push(signal), answer());
  const done = signOut({ onQueue, goOffQueue, leave: () => steps.push("leave"), timers });
  return { timers, steps, signals, done };
}

describe("signing out", () => {
  test("goes off queue before it leaves", async () => {
    const { done, steps } = setUp(true, async () => undefined);
    expect(steps).toEqual(["off queue"]);
    await done;
    expect(steps).toEqual(["off queue", "leave"]);
  });

  test("leaves at once when off queue", () => {
    expect(setUp(false, async () => undefined).steps).toEqual(["leave"]);
  });

  test("leaves though going off queue failed", async () => {
    const { done, steps } = setUp(true, async () => Promise.reject(new Error("away")));
    await done;
    expect(steps).toEqual(["off queue", "leave"]);
  });

  test("does not wait longer than it may, and gives the call up", async () => {
    const { timers, steps, signals } = setUp(true, () => new Promise(() => undefined));
    await timers.advance(LONGEST_GOODBYE_MS - 1);
    expect(steps).not.toContain("leave");
    await timers.advance(1);
    await settle();
    expect(steps).toEqual(["off queue", "leave"]);
    expect(signals[0]?.aborted).toBe(true);
  });
});
