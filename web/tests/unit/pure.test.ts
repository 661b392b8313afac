import { describe, expect, onTestFinished, test, vi } from "vitest";
import { fullJitter, RECONNECT } from "../../src/core/backoff";
import { Cursors, MAX_CURSORS } from "../../src/core/cursors";
import { worthRepeating } from "../../src/core/fault";
import { charactersLeft, countCharacters, isSendable, MAX_CHARACTERS } from "../../src/core/message-text";
import { holds } from "../../src/core/permissions";
import { slot } from "../../src/core/storage";
import { newUuid, uuidOf } from "../../src/core/uuid";
import { byName } from "../../src/i18n/collation";
import { labelIn, localeOf, regionalTag, translator } from "../../src/i18n/translator";
import { fault } from "./faults-made";

describe("back-off", () => {
  test("doubles from the base up to the cap and scales with the random part", () => {
    const highest = [0, 1, 2, 3, 4, 5, 6, 50, 5_000].map((attempt) => fullJitter(attempt, 1));
    expect(highest).toEqual([250, 500, 1_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000]);
    expect(fullJitter(3, 0)).toBe(0);
    expect(fullJitter(3, 0.25)).toBe(500);
  });

  test("stays between nothing and the cap", () => {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const wait = fullJitter(attempt, Math.random());
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(RECONNECT.cap);
    }
  });
});

describe("cursors", () => {
  test("the last one of each conversation counts", () => {
    const cursors = new Cursors();
    cursors.advance("a", "1");
    cursors.advance("b", "5");
    cursors.advance("a", "2");
    expect(cursors.of("a")).toBe("2");
    expect(cursors.list()).toEqual([
      { conversationId: "b", cursor: "5" },
      { conversationId: "a", cursor: "2" },
    ]);
  });

  test("an empty cursor does not start a conversation over", () => {
    const cursors = new Cursors();
    cursors.advance("a", "1");
    cursors.advance("a", "");
    expect(cursors.of("a")).toBe("1");
  });

  test("forgotten ones begin anew", () => {
    const cursors = new Cursors();
    cursors.advance("a", "1");
    cursors.advance("b", "1");
    cursors.forget("a");
    expect(cursors.of("a")).toBe("");
    cursors.clear();
    expect(cursors.list()).toEqual([]);
  });

  test("a request carries the most recently moved ones and not too many", () => {
    const cursors = new Cursors();
    for (let index = 0; index <= MAX_CURSORS; index += 1) cursors.advance(`c${index}`, "1");
    cursors.advance("c0", "2");
    const list = cursors.list();
    expect(list).toHaveLength(MAX_CURSORS);
    expect(list.at(-1)).toEqual({ conversationId: "c0", cursor: "2" });
    expect(list.some(({ conversationId }) => conversationId === "c1")).toBe(false);
  });
});

describe("texts", () => {
  test("are counted in code points, as the API does", () => {
    expect(countCharacters("aé😀")).toBe(3);
    expect(isSendable("😀".repeat(MAX_CHARACTERS))).toBe(true);
    expect(isSendable("a".repeat(MAX_CHARACTERS + 1))).toBe(false);
    expect(isSendable(" \n\t")).toBe(false);
  });

  test("the counter shows near the end only", () => {
    expect(charactersLeft("a".repeat(3_000))).toBeUndefined();
    expect(charactersLeft("a".repeat(3_999))).toBe(1);
    expect(charactersLeft("a".repeat(4_002))).toBe(-2);
    expect(charactersLeft("😀".repeat(2_000))).toBeUndefined();
  });
});

describe("permissions", () => {
  test.each([
    [["routing:queue:join"], "routing:queue:join", true],
    [["Routing:Queue:JOIN"], "routing:queue:join", true],
    [["routing:queue:*"], "routing:queue:join", true],
    [["routing:*:*"], "routing:queue:join", true],
    [["*"], "routing:queue:join", true],
    [["routing:queue:view"], "routing:queue:join", false],
    [["routing:queue"], "routing:queue:join", false],
    [[], "routing:queue:join", false],
  ])("%j holds %s: %s", (held, needed, expected) => {
    expect(holds(held, needed)).toBe(expected);
  });
});

describe("faults", () => {
  test.each([
    ["lost", 1_000, true],
    ["later", 1_000, true],
    ["broken", 4, true],
    ["broken", 5, false],
    ["refused", 0, false],
    ["signed_out", 0, false],
  ] as const)("%s after %i attempts is worth repeating: %s", (kind, attempts, expected) => {
    expect(worthRepeating(fault({ kind }), attempts)).toBe(expected);
  });
});

describe("formats", () => {
  test.each([
    [0, "0:00", "0:00"],
    [-5, "0:00", "0:00"],
    [7_400, "0:07", "0:07"],
    [754_000, "12:34", "12:34"],
    [3_599_400, "59:59", "59:59"],
    [3_599_600, "1 hour", "1 Stunde"],
    [3_723_000, "1 hour, 2 minutes", "1 Stunde, 2 Minuten"],
    [86_399_000, "23 hours, 59 minutes", "23 Stunden, 59 Minuten"],
    [90_059_000, "1 day, 1 hour", "1 Tag, 1 Stunde"],
    [604_800_000, "7 days", "7 Tage"],
  ])("%i ms is %s, in German %s", (ms, english, german) => {
    expect(translator("en", {}).duration(ms)).toBe(english);
    expect(translator("de", {}).duration(ms)).toBe(german);
  });

  test("the page language follows the browser's", () => {
    expect(["de", "de-AT", "DE-ch", "en-GB", "fr", ""].map(localeOf)).toEqual(["de", "de", "de", "en", "en", "en"]);
  });

  test.each([
    ["en", [], "en-GB"],
    ["en", ["de-AT", "en"], "en-GB"],
    ["en", ["fr", "en-US", "en-AU"], "en-US"],
    ["de", ["en-US", "de-CH"], "de-CH"],
    ["de", ["en-US"], "de-DE"],
  ] as const)("times on a page in %s for a browser of %j are those of %s", (locale, tags, expected) => {
    expect(regionalTag(locale, tags)).toBe(expected);
  });

  test("names stand where people look for them", () => {
    const names = ["Zoë", "ben 10", "Änne", "Ben 9", "Anna"];
    expect(byName(names, (name) => name, "de")).toEqual(["Anna", "Änne", "Ben 9", "ben 10", "Zoë"]);
  });

  test("a label is taken in the page's language, else a close one, else English, else any", () => {
    expect(labelIn({ de: "Hilfe", en: "Help" }, "de")).toBe("Hilfe");
    expect(labelIn({ "de-AT": "Hilfe", en: "Help" }, "de")).toBe("Hilfe");
    expect(labelIn({ en: "Help" }, "de")).toBe("Help");
    expect(labelIn({ fr: "Aide" }, "de")).toBe("Aide");
    expect(labelIn({}, "de")).toBe("");
  });
});

describe("ids", () => {
  test.each([
    [0x00, "00000000-0000-4000-8000-000000000000"],
    [0xff, "ffffffff-ffff-4fff-bfff-ffffffffffff"],
  ])("bytes of %i make %s", (byte, id) => expect(uuidOf(new Uint8Array(16).fill(byte))).toBe(id));

  test("are made without what only encrypted pages have, and differ", () => {
    vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
    onTestFinished(() => void vi.unstubAllGlobals());
    const ids = Array.from({ length: 100 }, newUuid);
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe("storage", () => {
  test("a browser that keeps nothing still works for the page's life", () => {
    const place = slot<number[]>(undefined, "k");
    expect(place.load()).toBeUndefined();
    place.save([1]);
    expect(place.load()).toEqual([1]);
    place.clear();
    expect(place.load()).toBeUndefined();
  });
});
