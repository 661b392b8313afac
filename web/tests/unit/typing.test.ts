import { describe, expect, test } from "vitest";
import { TypingSender, TypingWatcher } from "../../src/core/typing";
import { ManualTimers } from "./manual-timers";

describe("typing", () => {
  test("is told at most every two seconds while somebody types", async () => {
    const timers = new ManualTimers();
    const told: boolean[] = [];
    const sender = new TypingSender((typing) => told.push(typing), timers);
    for (let key = 0; key < 50; key += 1) {
      sender.input("text");
      await timers.advance(100);
    }
    expect(told).toEqual([true, true, true]);
  });

  test.each([
    ["after a pause", async (_sender: TypingSender, timers: ManualTimers) => timers.advance(4_000)],
    ["when the message is sent", async (sender: TypingSender) => sender.stop()],
    ["when the text is deleted", async (sender: TypingSender) => sender.input("")],
  ])("stops once %s", async (_when, act) => {
    const timers = new ManualTimers();
    const told: boolean[] = [];
    const sender = new TypingSender((typing) => told.push(typing), timers);
    sender.input("text");
    await act(sender, timers);
    await timers.advance(10_000);
    expect(told).toEqual([true, false]);
  });

  test("of others is believed for a while", async () => {
    const timers = new ManualTimers();
    let now: string[] = [];
    const watcher = new TypingWatcher((ids) => (now = [...ids]), timers);
    watcher.set("a", true);
    watcher.set("b", true);
    expect(now).toEqual(["a", "b"]);
    watcher.set("b", false);
    expect(now).toEqual(["a"]);
    await timers.advance(5_000);
    watcher.set("a", true);
    await timers.advance(5_000);
    expect(now).toEqual(["a"]);
    await timers.advance(1_000);
    expect(now).toEqual([]);
  });
});
