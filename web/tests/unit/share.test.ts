import { beforeEach, expect, test, vi } from "vitest";
import { slot } from "../../src/core/storage";
import { Hub, type Tab } from "../../src/share/hub";
import { MessageCutter } from "../../src/share/messages";
import type { ToTab, ToWorker } from "../../src/share/protocol";
import { PATIENCE_MS, Share, shared, type Port } from "../../src/share/shared-fetch";
import { MOST_KEPT_BYTES } from "../../src/share/shared-stream";
import { sharedSlot } from "../../src/share/shared-slot";
import { settle } from "./manual-timers";

/** A message of a gRPC-Web answer. */
function message(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array([0, 0, 0, bytes.length >> 8, bytes.length & 255, ...bytes]);
}

interface Call {
  body: string;
  signal: AbortSignal;
  send(bytes: Uint8Array): void;
  end(): void;
  fail(): void;
}

/** A server behind a worker, and tabs of it. */
function setUp() {
  const calls: Call[] = [];
  let now = 1_000;
  const hub = new Hub({
    fetch: async ({ body }, signal) => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 99 }, { highWaterMark: 99 });
      const writer = writable.getWriter();
      calls.push({
        body: new TextDecoder().decode(body),
        signal,
        send: (bytes) => void writer.write(bytes),
        end: () => void writer.close(),
        fail: () => void writer.abort(new Error("cut")),
      });
      return new Response(readable, { status: 200, headers: { "content-type": "application/grpc-web+proto" } });
    },
    now: () => now,
  });
  const tab = (): Share => {
    const port: Port = { onmessage: null, postMessage: (said: ToWorker) => hub.hear(side, said) };
    const side: Tab = { say: (data: ToTab) => port.onmessage?.({ data } as MessageEvent<ToTab>) };
    return new Share(port, () => Promise.reject(new Error("no tab is to fetch by itself")));
  };
  return { calls, tab, at: (time: number) => (now = time) };
}

/** Reads a shared stream in one tab. */
async function read(tab: Share, body: string, whole: "whole" | "rest" = "rest", signal?: AbortSignal) {
  const headers = shared("one", whole === "whole");
  const bytes = new TextEncoder().encode(body);
  const response = await tab.fetch("/watch", { body: bytes, headers, ...(signal && { signal }) });
  const seen = { text: "", state: "open" };
  const follow = async () => {
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      seen.text += new TextDecoder().decode(part.value).replace(/[^a-z-]/g, "");
    }
    seen.state = "ended";
  };
  follow().catch(() => (seen.state = "broken"));
  await settle();
  return seen;
}

beforeEach(() => void vi.useRealTimers());

test("tabs that ask for the same read one stream, and who comes later gets it from the beginning", async () => {
  const { calls, tab } = setUp();
  const first = await read(tab(), "from the beginning", "whole");
  calls[0]?.send(message("a"));
  await settle();
  const second = await read(tab(), "from a cursor");
  calls[0]?.send(message("b"));
  await settle();
  expect([calls.length, first.text, second.text]).toEqual([1, "ab", "ab"]);
  calls[0]?.end();
  await settle();
  expect([first.state, second.state]).toEqual(["ended", "ended"]);
});

test("who lacks what was before the stream begins it anew, and the others join without beginning it again", async () => {
  const { calls, tab } = setUp();
  const older = tab();
  const first = await read(older, "from a cursor");
  calls[0]?.send(message("b"));
  await settle();
  const second = await read(tab(), "from the beginning", "rest");
  expect(calls.map(({ body }) => body)).toEqual(["from a cursor", "from the beginning"]);
  expect([first.state, first.text, calls[0]?.signal.aborted]).toEqual(["ended", "bgrpc-status", true]);
  const again = await read(older, "from a later cursor");
  calls[1]?.send(message("ab"));
  await settle();
  expect([calls.length, again.text, second.text]).toEqual([2, "ab", "ab"]);
});

test("tabs that stand at the same place share what goes on from there", async () => {
  const { calls, tab } = setUp();
  await read(tab(), "from a cursor");
  await read(tab(), "from a cursor");
  expect(calls).toHaveLength(1);
});

test("who gave a stream up is not given the same again", async () => {
  const { calls, tab, at } = setUp();
  const [here, there] = [tab(), tab()];
  await read(there, "all", "whole");
  const giveUp = new AbortController();
  const first = await read(here, "all", "whole", giveUp.signal);
  at(Date.now() + 1_000);
  giveUp.abort();
  await settle();
  expect([first.state, calls[0]?.signal.aborted]).toEqual(["broken", false]);
  await read(here, "all", "whole");
  expect([calls.length, calls[0]?.signal.aborted]).toEqual([2, true]);
});

test("the stream ends with its last reader", async () => {
  const { calls, tab } = setUp();
  const [here, there] = [new AbortController(), new AbortController()];
  await read(tab(), "all", "whole", here.signal);
  await read(tab(), "all", "whole", there.signal);
  here.abort();
  expect(calls[0]?.signal.aborted).toBe(false);
  there.abort();
  expect(calls[0]?.signal.aborted).toBe(true);
});

test("what breaks off breaks off for all, and the first who asks again begins it for all", async () => {
  const { calls, tab } = setUp();
  const tabs = [tab(), tab()] as const;
  const seen = [await read(tabs[0], "all", "whole"), await read(tabs[1], "all", "whole")];
  calls[0]?.fail();
  await settle();
  expect(seen.map(({ state }) => state)).toEqual(["broken", "broken"]);
  await read(tabs[0], "rest");
  await read(tabs[1], "rest");
  expect(calls.map(({ body }) => body)).toEqual(["all", "rest"]);
});

test("a page that went away lets go of the stream, and asks for it again when it comes back", async () => {
  const { calls, tab } = setUp();
  const here = tab();
  const seen = await read(here, "all", "whole");
  here.leave();
  expect([calls[0]?.signal.aborted, seen.state]).toEqual([true, "open"]);
  here.returned();
  await settle();
  expect(seen.state).toBe("broken");
  await read(here, "all", "whole");
  expect(calls).toHaveLength(2);
});

test("who comes when too much has passed begins a new round", async () => {
  const { calls, tab } = setUp();
  await read(tab(), "all", "whole");
  const large = new Uint8Array(MOST_KEPT_BYTES / 4);
  new DataView(large.buffer).setUint32(1, large.length - 5);
  for (let time = 0; time < 5; time += 1) calls[0]?.send(large);
  await settle();
  await settle();
  await read(tab(), "all", "whole");
  expect(calls).toHaveLength(2);
});

test("messages come whole, however the answer was cut", () => {
  const all = new Uint8Array([...message("one"), ...message(""), ...message("three")]);
  for (let size = 1; size <= all.length; size += 1) {
    const cutter = new MessageCutter();
    const out: number[] = [];
    for (let at = 0; at < all.length; at += size) out.push(...cutter.take(all.subarray(at, at + size)));
    expect(out).toEqual([...all]);
  }
});

test("without a worker, or with one that says nothing, the tab fetches by itself", async () => {
  vi.useFakeTimers();
  const alone = vi.fn(async (..._: Parameters<typeof fetch>) => new Response("alone"));
  const init = { body: new Uint8Array(1), headers: shared("one", true) };
  await new Share(undefined, alone).fetch("/watch", init);
  const deaf = new Share({ onmessage: null, postMessage: () => {} }, alone);
  const answer = deaf.fetch("/watch", init);
  const recalled = deaf.recall("one");
  await vi.advanceTimersByTimeAsync(PATIENCE_MS);
  expect(await (await answer).text()).toBe("alone");
  expect(await recalled).toBeUndefined();
  expect(alone).toHaveBeenCalledTimes(2);
  for (const [, sent] of alone.mock.calls) expect([...new Headers(sent?.headers)]).toEqual([]);
});

test("a tab takes over what another keeps, until nobody keeps it", async () => {
  const { tab } = setUp();
  const open = (share: Share) => sharedSlot(slot<string>(undefined, ""), share, "chat");
  const [one, other, late] = [open(tab()), open(tab()), open(tab())];
  one.save("c1");
  await other.recall();
  expect(other.load()).toBe("c1");
  other.clear();
  await late.recall();
  expect([late.load(), one.load()]).toEqual([undefined, "c1"]);
  await one.recall();
  await late.recall();
  expect(late.load()).toBe("c1");
});
