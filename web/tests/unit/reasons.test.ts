import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sharedDe } from "../../src/i18n/shared.de";
import { sharedEn } from "../../src/i18n/shared.en";
import { deskEn } from "../../src/i18n/desk.en";
import { deskTranslator } from "../../src/desk/catalogues";
import { faultText } from "../../src/desk/words";
import { DESK_REASONS, REASONS, sentenceOf, sentenceOfReason } from "../../src/i18n/reasons";
import { fault } from "./faults-made";

const FALLBACKS = new Set(Object.keys(sharedEn).filter((key) => key.startsWith("fault.")));

describe("reasons", () => {
  test("the services give these reasons and no others", () => {
    const source = readFileSync(new URL("../../../libs/model/src/fault.rs", import.meta.url), "utf8");
    const given = [...source.matchAll(/Self::\w+ => "([A-Z_]+)"/g)].map(([, reason]) => reason as string);
    expect(given.length).toBeGreaterThan(20);
    expect([...REASONS, ...DESK_REASONS].sort()).toEqual(given.sort());
    const sentences = Object.keys({ ...sharedEn, ...deskEn }).filter((key) => key.startsWith("reason."));
    expect(sentences.sort()).toEqual(given.map((reason) => `reason.${reason}`));
  });

  test("the documentation lists the same", () => {
    const table = readFileSync(new URL("../../../docs/reasons.md", import.meta.url), "utf8");
    const listed = [...table.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, reason]) => reason as string);
    expect([...REASONS, ...DESK_REASONS].sort()).toEqual(listed.sort());
  });

  test.each(["en", "de"] as const)("the desk has a sentence of its own for each of its reasons, %s", (locale) => {
    const words = deskTranslator(locale);
    const metadata = { variables: "A,B", limit: "50", problems: "3" };
    const texts = DESK_REASONS.map((reason) => faultText(fault({ reason, metadata }), words));
    expect(new Set(texts).size).toBe(DESK_REASONS.length);
    expect(texts.join(" ")).toMatch(/A, B\..*50/);
    expect(texts.join(" ")).not.toContain("{");
  });

  test.each(REASONS)("%s has its own sentence in both languages", (reason) => {
    const { key } = sentenceOf(fault({ reason }));
    expect(key).toBe(`reason.${reason}`);
    expect(sharedEn[key]).toMatch(/\.$/);
    expect(sharedDe[key]).toMatch(/\.$/);
    expect(sentenceOfReason(reason).key).toBe(key);
  });

  test("a reason's metadata fills its sentence", () => {
    const { values } = sentenceOf(fault({ reason: "PERMISSION_MISSING", metadata: { permission: "routing:queue:join" } }));
    expect(values).toEqual({ permission: "routing:queue:join" });
  });

  test.each([
    [{ reason: "SOMETHING_NEW" }, "fault.refused"],
    [{ status: "permission_denied" }, "fault.denied"],
    [{ status: "not_found" }, "fault.notFound"],
    [{ status: "resource_exhausted" }, "fault.later"],
    [{ kind: "lost", status: "unavailable" }, "fault.lost"],
    [{ kind: "broken", status: "internal" }, "fault.broken"],
    [{ kind: "signed_out", status: "unauthenticated" }, "fault.signedOut"],
  ] as const)("%j falls back to %s", (parts, key) => {
    expect(sentenceOf(fault(parts)).key).toBe(key);
    expect(FALLBACKS.has(key)).toBe(true);
  });
});
