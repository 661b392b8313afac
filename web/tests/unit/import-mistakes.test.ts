import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mistakeText } from "../../src/admin/responses/mistake-text";
import { adminWords } from "../../src/admin/words";
import { deskTranslator } from "../../src/desk/catalogues";
import { MISTAKES, mistakeKey } from "../../src/i18n/import-mistakes";

const guide = readFileSync(new URL("../../../docs/guides/canned-responses.md", import.meta.url), "utf8");
const section = guide.split("\n### What can be wrong")[1]?.split("\n## ")[0] ?? "";

/** The mistakes that the guide lists, each with what belongs to it. */
const listed = [...section.matchAll(/^\| `(\w+)` \| ([^|]*) \|/gm)].map(([, mistake = "", names = ""]) => ({
  mistake,
  parameters: Object.fromEntries([...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => [name, name === "maximum" || name === "other_line" ? "4000" : `<${name}>`])),
}));

test("the page words those mistakes that the guide lists, and no others", () => {
  expect(listed.map(({ mistake }) => mistake)).toEqual([...MISTAKES]);
});

test.each(["en", "de"] as const)("each has a sentence of its own, filled with what belongs to it: %s", (locale) => {
  const [words, desk] = [adminWords(locale), deskTranslator(locale)];
  const sentences = listed.map((one) => mistakeText({ ...one, reason: "FIELD_INVALID" }, words, desk) ?? "");
  for (const sentence of sentences) expect(sentence).toMatch(/^[^{}]+[.]$/u);
  const number = locale === "en" ? "4,000" : "4.000";
  for (const [index, { mistake, parameters }] of listed.entries()) {
    const { language, ...said } = parameters;
    // The column names the language, except where just that is wrong.
    const needed = mistake === "language" ? { language } : said;
    for (const [name, value] of Object.entries(needed)) {
      if (name === "maximum" || name === "other_line") expect(sentences[index], mistake).toContain(number);
      else expect(sentences[index], mistake).toContain(value);
    }
  }
});

test("what only a reason says is worded by it, and what is not known by the service", () => {
  const [words, desk] = [adminWords("de"), deskTranslator("de")];
  const parameters = { permission: "responses:response:edit" };
  expect(mistakeText({ mistake: "", reason: "PERMISSION_MISSING", parameters }, words, desk)).toContain("responses:response:edit");
  expect(mistakeText({ mistake: "of_tomorrow", reason: "FIELD_INVALID", parameters: {} }, words, desk)).toBeUndefined();
  expect(mistakeKey("__proto__")).toBeUndefined();
});
