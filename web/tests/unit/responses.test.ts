import { describe, expect, test } from "vitest";
import type { Fault } from "../../src/core/fault";
import { slot } from "../../src/core/storage";
import { isOtherLanguage } from "../../src/desk/responses/other-language";
import { marked, missingNames, partsOf, triggerAt, withResponse } from "../../src/desk/responses/trigger";
import { UseRecorder, type ExpectedUses } from "../../src/desk/responses/use-recorder";
import { fault } from "./faults-made";

describe("the slash", () => {
  test.each([
    ["/", 1, { start: 0, text: "" }],
    ["/gr", 3, { start: 0, text: "gr" }],
    ["/gr", 2, { start: 0, text: "g" }],
    ["hello /gr", 9, { start: 6, text: "gr" }],
    ["hello\n/gr", 9, { start: 6, text: "gr" }],
    ["/guten tag", 10, { start: 0, text: "guten tag" }],
    ["/one /two", 9, { start: 5, text: "two" }],
    ["and/or", 6, undefined],
    ["https://example.org", 19, undefined],
    ["1 / 2", 5, undefined],
    ["/gr\nmore", 8, undefined],
    ["hello", 5, undefined],
    [`/${"x".repeat(61)}`, 62, undefined],
  ])("in %j at %i", (text, caret, trigger) => expect(triggerAt(text, caret)).toEqual(trigger));

  test("gives way to the response", () => {
    const place = withResponse("Well, /gr – yes", { start: 6, text: "gr" }, "good day");
    expect(place).toEqual({ text: "Well, good day – yes", caret: 14 });
  });

  test("that is gone meanwhile leaves the text alone", () => {
    expect(withResponse("other", { start: 0, text: "gr" }, "!")).toEqual({ text: "other!", caret: 6 });
  });

  test("missing names are read from the refusal", () => {
    expect(missingNames({ variables: "A, B" })).toEqual(["A", "B"]);
    expect(missingNames({})).toEqual([]);
  });
});

test.each([
  ["de", "en", true],
  ["de-AT", "de", false],
  ["DE", "de-CH", false],
  ["de", "", false],
  ["", "de", false],
])("a response in %j is in another language than a conversation in %j: %s", (found, wanted, isOther) =>
  expect(isOtherLanguage(found, wanted)).toBe(isOther),
);

describe("uses", () => {
  function recorder(answers: (Fault | undefined)[] = []) {
    const recorded: string[] = [];
    const kept = slot<ExpectedUses>(undefined, "uses");
    const make = () =>
      new UseRecorder({
        record: async (responseId, clientMessageId) => {
          recorded.push(`${responseId} ${clientMessageId}`);
          const answer = answers.shift();
          if (answer) throw answer;
        },
        toFault: (error) => error as Fault,
        kept,
      });
    return { recorded, kept, make };
  }
  const settled = () => new Promise((resolve) => setTimeout(resolve));

  test("are counted once, when the message is stored", async () => {
    const { recorded, kept, make } = recorder();
    const uses = make();
    uses.expect("m1", ["r1", "r2", "r1"]);
    uses.expect("m2", []);
    expect(recorded).toEqual([]);
    uses.sent("m1");
    uses.sent("m1");
    uses.sent("m2");
    await settled();
    expect(recorded).toEqual(["r1 m1", "r2 m1"]);
    expect(kept.load()).toBeUndefined();
  });

  test("that could not be counted are counted later, also after a reload", async () => {
    const { recorded, kept, make } = recorder([fault({ kind: "lost", status: "unavailable" })]);
    const uses = make();
    uses.expect("m1", ["r1"]);
    uses.sent("m1");
    await settled();
    expect(kept.load()).toBeDefined();
    make().again();
    await settled();
    expect(recorded).toEqual(["r1 m1", "r1 m1"]);
    expect(kept.load()).toBeUndefined();
  });

  test("that are refused are given up, and those of a discarded message are forgotten", async () => {
    const { recorded, kept, make } = recorder([fault({ reason: "NOT_FOUND", status: "not_found" })]);
    const uses = make();
    uses.expect("m1", ["r1"]);
    uses.sent("m1");
    await settled();
    expect(kept.load()).toBeUndefined();
    uses.expect("m2", ["r1"]);
    uses.forget("m2");
    uses.sent("m2");
    await settled();
    expect(recorded).toEqual(["r1 m1"]);
  });
});

describe("a preview", () => {
  const part = (text: string, isMissing = false) => ({ text, isMissing });
  test.each([
    ["", []],
    ["Hello Ann", [part("Hello Ann")]],
    [`Refund of ${marked("Amount")} for ${marked("")}you`, [part("Refund of "), part("Amount", true), part(" for "), part("you")]],
    [`${marked("Amount")}${marked("Day")}`, [part("Amount", true), part("Day", true)]],
  ])("%# shows what is missing as such", (text, parts) => expect(partsOf(text)).toEqual(parts));
});
