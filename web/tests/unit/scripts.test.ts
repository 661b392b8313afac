import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { byteLength, fitting, legible, MOST_BYTES, offsetOf, rewritten, BLANK_DOCUMENT } from "../../src/admin/scripts/document";
import { problemsIn, refusedAnswers } from "../../src/desk/script/checks";
import { draftAt, forgetDraft, forgetPageDraft, keepDraft } from "../../src/desk/script/drafts";
import { answeredSteps, namesNoField, newer, passedPages, placeOf, unwritten } from "../../src/desk/script/run";
import { numberOf, startOf, valuesOf } from "../../src/desk/script/values";
import { withInserted } from "../../src/desk/responses/trigger";
import {
  ContactWriteSchema,
  ContactWriteState,
  ScriptFieldSchema,
  ScriptFieldType,
  ScriptRunSchema,
  ScriptRunState,
  ScriptStepKind,
  type ScriptField,
} from "../../src/gen/onqueue/content/v1/script_run_pb";
import { contentEn } from "../../src/i18n/content.en";
import { PROBLEM_CODES, problemKey } from "../../src/i18n/script-problems";
import { scriptsEn } from "../../src/i18n/scripts.en";

const { TEXT, NUMBER, DATE, CHOICE, MULTI_CHOICE, CHECKBOX } = ScriptFieldType;

function field(type: ScriptFieldType, init: MessageInitShape<typeof ScriptFieldSchema> = {}): ScriptField {
  return create(ScriptFieldSchema, { fieldId: "f", type, ...init });
}

const text = (value: string) => ({ value: { case: "text" as const, value } });

describe("values", () => {
  test.each<[ScriptField, unknown]>([
    [field(TEXT), ""],
    [field(TEXT, { value: text("x") }), "x"],
    [field(DATE, { value: text("2026-01-31") }), "2026-01-31"],
    [field(NUMBER, { value: { value: { case: "number", value: 12.5 } } }), "12.5"],
    [field(CHOICE, { value: text("a") }), "a"],
    [field(MULTI_CHOICE), []],
    [field(MULTI_CHOICE, { value: { value: { case: "many", value: { ids: ["a", "b"] } } } }), ["a", "b"]],
    [field(CHECKBOX), false],
    [field(CHECKBOX, { value: { value: { case: "boolean", value: true } } }), true],
    [field(CHECKBOX, { value: text("true") }), false],
  ])("%# begin with what is there", (given, expected) => expect(startOf([given])).toEqual({ f: expected }));

  test.each<[ScriptField, string | boolean | string[], unknown]>([
    [field(TEXT), " x ", { case: "text", value: "x" }],
    [field(TEXT), "  ", undefined],
    [field(NUMBER), "12,5", { case: "number", value: 12.5 }],
    [field(DATE), "2026-01-31", { case: "text", value: "2026-01-31" }],
    [field(CHOICE), "a", { case: "text", value: "a" }],
    [field(MULTI_CHOICE), [], undefined],
    [field(CHECKBOX), false, { case: "boolean", value: false }],
  ])("%# are sent as their kind has them", (given, typed, expected) => {
    expect(valuesOf([given], { f: typed })["f"]?.value).toEqual(expected);
  });

  test("several options are sent in their order", () => {
    const sent = valuesOf([field(MULTI_CHOICE)], { f: ["b", "a"] })["f"]?.value;
    expect(sent?.case === "many" && sent.value.ids).toEqual(["b", "a"]);
  });

  test.each([
    ["12", 12],
    ["-1.5", -1.5],
    ["1,5", 1.5],
    [".5", 0.5],
    ["1.000,5", Number.NaN],
    ["1e3", Number.NaN],
    ["0x10", Number.NaN],
    ["twelve", Number.NaN],
  ])("a number: %s", (written, value) => expect(numberOf(written)).toBe(value));
});

describe("answers", () => {
  test.each<[string, ScriptField, string | boolean | string[], string | undefined]>([
    ["nothing", field(TEXT), "", undefined],
    ["nothing where something is needed", field(TEXT, { required: true }), " ", "script.required"],
    ["no tick where one is needed", field(CHECKBOX, { required: true }), false, "script.mustTick"],
    ["no tick", field(CHECKBOX), false, undefined],
    ["emoji count once", field(TEXT, { maxLength: 2 }), "😀😀", undefined],
    ["too long a text", field(TEXT, { maxLength: 2 }), "abc", "script.tooLong"],
    ["no number", field(NUMBER), "a", "script.noNumber"],
    ["a fraction", field(NUMBER, { whole: true }), "1.5", "script.notWhole"],
    ["too small a number", field(NUMBER, { min: 0 }), "-1", "script.tooSmall"],
    ["zero is a limit", field(NUMBER, { max: 0 }), "1", "script.tooLarge"],
    ["no such day", field(DATE), "2026-02-30", "script.noDay"],
    ["too early", field(DATE, { earliest: "2026-01-02" }), "2026-01-01", "script.tooEarly"],
    ["too late", field(DATE, { latest: "2026-01-02" }), "2026-01-03", "script.tooLate"],
    ["the last day", field(DATE, { latest: "2026-01-02" }), "2026-01-02", undefined],
    ["too many options", field(MULTI_CHOICE, { atMost: 1 }), ["a", "b"], "script.tooMany"],
    ["no option where one is needed", field(MULTI_CHOICE, { required: true }), [], "script.required"],
  ])("%s", (_, given, typed, key) => expect(problemsIn([given], { f: typed })["f"]?.key).toBe(key));

  test("of the service are read by its codes", () => {
    const fields = [field(TEXT, { maxLength: 5 }), field(CHECKBOX, { fieldId: "g" })];
    const refused = refusedAnswers(fields, { field: "answers.f", fields: "f,g,gone", codes: "TOO_LONG,REQUIRED,TOO_LONG" });
    expect(refused).toEqual({ f: { key: "script.tooLong", values: { most: 5 } }, g: { key: "script.mustTick" } });
    expect(refusedAnswers(fields, { field: "answers.f", problem: "NO_EMAIL" })).toEqual({ f: { key: "script.noEmail" } });
    expect(refusedAnswers(fields, { field: "answers.f", fields: "f", codes: "SOMETHING_NEW" })).toEqual({ f: { key: "script.refused" } });
    expect(refusedAnswers(fields, { field: "step" })).toEqual({});
  });

  test("have a sentence for every code", () => {
    const codes = ["REQUIRED", "TOO_LONG", "TOO_SMALL", "TOO_GREAT", "NOT_WHOLE", "NO_DATE", "TOO_EARLY", "TOO_LATE", "TOO_MANY", "NO_EMAIL", "NO_PHONE", "NO_LANGUAGE"];
    const keys = codes.map((codes) => refusedAnswers([field(TEXT)], { fields: "f", codes })["f"]?.key ?? "");
    expect(new Set(keys).size).toBe(codes.length);
    for (const key of keys) expect(scriptsEn).toHaveProperty([key]);
  });
});

describe("a run", () => {
  const step = (kind: ScriptStepKind, pageId: string) => ({ kind, pageId, pageTitle: pageId.toUpperCase() });
  const { NEXT, BACK, STAY, END } = ScriptStepKind;
  const run = (steps: ReturnType<typeof step>[], state = ScriptRunState.OPEN) =>
    create(ScriptRunSchema, { runId: "r", state, step: BigInt(steps.length), steps });

  test("has passed the pages that it did not go back from", () => {
    const there = run([step(NEXT, "a"), step(NEXT, "b"), step(STAY, "c"), step(BACK, "c"), step(NEXT, "b"), step(END, "d")]);
    expect(passedPages(there).map(({ title }) => title)).toEqual(["A", "B", "D"]);
    expect(passedPages(run([step(BACK, "a")]))).toEqual([]);
  });

  test("is at the same place after a step that leads nowhere, and at another after any other", () => {
    const first = run([step(NEXT, "a")]);
    expect(placeOf(run([step(NEXT, "a"), step(STAY, "b")]))).toBe(placeOf(first));
    expect(placeOf(run([step(NEXT, "a"), step(BACK, "b")]))).not.toBe(placeOf(first));
  });

  test("is not undone by an answer that comes late", () => {
    const early = run([step(NEXT, "a")]);
    const late = run([step(NEXT, "a"), step(NEXT, "b")]);
    const ended = run([step(NEXT, "a"), step(NEXT, "b")], ScriptRunState.ENDED);
    const other = create(ScriptRunSchema, { runId: "s" });
    expect(newer(late, early)).toBe(late);
    expect(newer(early, late)).toBe(late);
    expect(newer(ended, late)).toBe(ended);
    expect(newer(late, ended)).toBe(ended);
    expect(newer(late, other)).toBe(other);
    expect(newer(undefined, early)).toBe(early);
    expect(newer(early, null)).toBeNull();
  });

  test("tells of each page what was answered last, in the order of the pages", () => {
    const answered = (number: bigint, pageId: string) => ({ number, pageId, answers: [{ fieldId: "f" }] });
    const steps = [answered(1n, "b"), answered(2n, "a"), { number: 3n, pageId: "c" }, answered(4n, "b")];
    expect(answeredSteps(create(ScriptRunSchema, { steps })).map(({ number }) => number)).toEqual([4n, 2n]);
  });

  test("tells what is not in the contact, by the last answer of each field", () => {
    const { WRITTEN, PENDING, REFUSED, NO_CONTACT } = ContactWriteState;
    const writing = (...writes: [string, ContactWriteState][]) => ({ contactWrites: writes.map(([contactField, state]) => ({ contactField, state })) });
    const told = (...steps: ReturnType<typeof writing>[]) => unwritten(create(ScriptRunSchema, { steps })).map(({ contactField }) => contactField);
    expect(told(writing(["name", WRITTEN], ["email", PENDING]), writing(["phone", NO_CONTACT]))).toEqual(["email", "phone"]);
    expect(told(writing(["name", REFUSED]), writing(["name", WRITTEN]))).toEqual([]);
    expect(told(writing(["name", WRITTEN]), writing(["name", REFUSED]))).toEqual(["name"]);
  });

  test("knows a field that contacts have not from an answer that is wrong", () => {
    const { REFUSED, NO_CONTACT } = ContactWriteState;
    const judged = (contactField: string, state: ContactWriteState, reason: string) =>
      namesNoField(create(ContactWriteSchema, { contactField, state, reason }));
    expect(judged("fields.customer_number", REFUSED, "NOT_FOUND")).toBe(true);
    expect(judged("fields.customer_number", REFUSED, "FIELD_INVALID")).toBe(false);
    expect(judged("fields.customer_number", NO_CONTACT, "")).toBe(false);
    expect(judged("email", REFUSED, "NOT_FOUND")).toBe(false);
  });

  test("keeps what is typed into each page until that page is answered", () => {
    const storage = new Map<string, string>();
    const sessionStorage = { getItem: (key: string) => storage.get(key), setItem: storage.set.bind(storage), removeItem: storage.delete.bind(storage) };
    vi.stubGlobal("window", { sessionStorage });
    onTestFinished(() => void vi.unstubAllGlobals());
    const of = { runId: "r", conversationId: "kept" };
    const first = create(ScriptRunSchema, of);
    const later = create(ScriptRunSchema, { ...of, steps: [step(NEXT, "a"), step(BACK, "b")] });
    keepDraft(first, "a", { f: "1" });
    keepDraft(first, "b", { g: "2" });
    expect(draftAt(first, "a")).toEqual({ f: "1" });
    expect(draftAt(later, "a")).toBeUndefined();
    expect(draftAt(later, "b")).toEqual({ g: "2" });
    expect(draftAt(create(ScriptRunSchema, { ...of, runId: "s" }), "b")).toBeUndefined();
    forgetPageDraft(later, "a");
    expect(draftAt(first, "a")).toBeUndefined();
    expect(draftAt(later, "b")).toEqual({ g: "2" });
    forgetDraft("kept");
    expect(draftAt(later, "b")).toBeUndefined();
  });
});

describe("a document", () => {
  test.each([
    [1, 1, 0],
    [2, 3, 4],
    [3, 3, 9],
    [3, 99, 11],
    [9, 1, 11],
  ])("line %i, column %i", (line, column, offset) => expect(offsetOf("a\nbcd\n😀xyz", line, column)).toBe(offset));

  test("that is too large is sent without its spaces", () => {
    const value = { list: Array.from({ length: 9_000 }, () => "é") };
    const spread = JSON.stringify(value, null, 4);
    expect(byteLength(spread)).toBeGreaterThan(MOST_BYTES);
    expect(byteLength(fitting(spread))).toBeLessThanOrEqual(MOST_BYTES);
    expect(JSON.parse(fitting(spread))).toEqual(value);
    expect(fitting("{ }")).toBe("{ }");
    const broken = "{".repeat(MOST_BYTES + 1);
    expect(fitting(broken)).toBe(broken);
  });

  test("in one line is shown in lines, one that somebody laid out as it is", () => {
    expect(legible('{"a":1}')).toBe('{\n  "a": 1\n}\n');
    expect(legible('{\n"a":1}')).toBe('{\n"a":1}');
    expect(legible("{oops")).toBe("{oops");
    expect(rewritten("{oops", 2)).toBeUndefined();
    expect(rewritten(BLANK_DOCUMENT, 2)).toBeDefined();
  });

  test("every kind of problem has a sentence", () => {
    for (const code of PROBLEM_CODES) expect(contentEn).toHaveProperty([problemKey(code)]);
    expect(problemKey("SOMETHING_NEW")).toBe("problem.other");
  });
});

test.each([
  ["", 0, "R", 1],
  ["Hello", 5, "Hello R", 7],
  ["Hello ", 6, "Hello R", 7],
  ["ab", 1, "a R b", 3],
  ["a\nb", 2, "a\nR b", 3],
])("a response goes into %j at %i", (before, caret, after, at) => {
  expect(withInserted(before, caret, "R")).toEqual({ text: after, caret: at });
});
