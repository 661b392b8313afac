import { describe, expect, test } from "vitest";
import { fileSize } from "../../src/core/file-size";
import { LOOK_AGAIN_MS, Uploads, type NamedBytes, type UploadEntry, type UploadLimits, type UploadVerdict } from "../../src/core/uploads";
import { fault } from "./faults-made";
import { ManualTimers, settle } from "./manual-timers";

const LIMITS: UploadLimits = { enabled: true, maxBytes: 100, leftBytes: 50, mediaTypes: ["text/plain"] };
const CLEAN: UploadVerdict = { state: "clean", refusal: "" };
const CHECKING: UploadVerdict = { state: "checking", refusal: "" };

const file = (name: string, size = 10): NamedBytes => ({ name, size });

function setUp(answers: (UploadVerdict | Error | "hang")[], looks: (UploadVerdict | undefined)[] = []) {
  const timers = new ManualTimers();
  const announced: string[] = [];
  let shown: readonly UploadEntry[] = [];
  let ids = 0;
  const uploads = new Uploads<NamedBytes>({
    announce: async (requestId) => (announced.push(requestId), { attachmentId: `a-${requestId}`, path: "/p" }),
    put: async (_path, _file, progress, signal) => {
      const answer = answers.shift() ?? CLEAN;
      progress(5);
      if (answer === "hang") return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("given up"))));
      if (answer instanceof Error) throw answer;
      return answer;
    },
    look: async () => looks.shift(),
    toFault: () => fault({ kind: "lost" }),
    changed: (entries) => (shown = entries),
    newId: () => String((ids += 1)),
    timers,
  });
  return { uploads, timers, announced, shown: () => shown, states: () => shown.map(({ name, state }) => `${name} ${state}`) };
}

describe("files on their way", () => {
  test("go one after the other and stay until the log shows them", async () => {
    const { uploads, announced, states } = setUp([CLEAN, CLEAN]);
    uploads.add([file("a"), file("b")], LIMITS);
    expect(states()).toEqual(["a sending", "b waiting"]);
    await settle();
    expect(states()).toEqual(["a clean", "b clean"]);
    uploads.confirm("a-1");
    uploads.confirm("unknown");
    uploads.confirm("");
    expect(states()).toEqual(["b clean"]);
    expect(announced).toEqual(["1", "2"]);
  });

  test.each([
    [0, "empty"],
    [101, "too_large"],
    [51, "quota"],
  ])("of %i bytes are refused before anything is sent: %s", async (size, refusal) => {
    const { uploads, announced, shown } = setUp([]);
    uploads.add([file("a", size)], LIMITS);
    await settle();
    expect(shown()).toMatchObject([{ state: "refused", refusal }]);
    expect(announced).toEqual([]);
    uploads.discard("1");
    expect(shown()).toEqual([]);
  });

  test("in quarantine are asked after until there is a verdict", async () => {
    const { uploads, timers, shown, states } = setUp([CHECKING], [CHECKING, { state: "refused", refusal: "infected" }]);
    uploads.add([file("a")], LIMITS);
    await settle();
    expect(shown()).toMatchObject([{ state: "checking", sent: 10 }]);
    await timers.advance(LOOK_AGAIN_MS);
    expect(states()).toEqual(["a checking"]);
    await timers.advance(LOOK_AGAIN_MS);
    expect(shown()).toMatchObject([{ state: "refused", refusal: "infected" }]);
  });

  test("in quarantine that were erased are gone", async () => {
    const { uploads, timers, shown } = setUp([CHECKING], [undefined]);
    uploads.add([file("a")], LIMITS);
    await settle();
    await timers.advance(LOOK_AGAIN_MS);
    expect(shown()).toEqual([]);
  });

  test("that did not arrive are sent again with the same id, when the sender wants", async () => {
    const { uploads, announced, shown } = setUp([new Error("away"), CLEAN]);
    uploads.add([file("a")], LIMITS);
    await settle();
    expect(shown()).toMatchObject([{ state: "failed", sent: 5, fault: { kind: "lost" } }]);
    uploads.retry("1");
    await settle();
    expect(shown()).toMatchObject([{ state: "clean", fault: undefined }]);
    expect(announced).toEqual(["1", "1"]);
  });

  test("that are given up make room for the next", async () => {
    const { uploads, states } = setUp(["hang", CLEAN]);
    uploads.add([file("a"), file("b")], LIMITS);
    await settle();
    uploads.discard("1");
    await settle();
    expect(states()).toEqual(["b clean"]);
  });
});

test("sizes are told in the units and the language of people", () => {
  expect(fileSize(4, "en")).toBe("4 bytes");
  expect(fileSize(1, "en")).toBe("1 byte");
  expect(fileSize(4, "de")).toBe("4 Byte");
  expect(fileSize(1_536, "en")).toBe("1.5 kB");
  expect(fileSize(1_536, "de")).toBe("1,5 kB");
  expect(fileSize(10 * 1024 * 1024, "en")).toBe("10 MB");
});
