import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { adminDe } from "../../src/i18n/admin.de";
import { adminEn } from "../../src/i18n/admin.en";
import { chatDe } from "../../src/i18n/chat.de";
import { chatEn } from "../../src/i18n/chat.en";
import { contentDe } from "../../src/i18n/content.de";
import { contentEn } from "../../src/i18n/content.en";
import { conversationsDe } from "../../src/i18n/conversations.de";
import { conversationsEn } from "../../src/i18n/conversations.en";
import { deskDe } from "../../src/i18n/desk.de";
import { deskEn } from "../../src/i18n/desk.en";
import { permissionsDe } from "../../src/i18n/permissions.de";
import { permissionsEn } from "../../src/i18n/permissions.en";
import { routingDe } from "../../src/i18n/routing.de";
import { routingEn } from "../../src/i18n/routing.en";
import { recordsDe } from "../../src/i18n/records.de";
import { recordsEn } from "../../src/i18n/records.en";
import { scriptsDe } from "../../src/i18n/scripts.de";
import { scriptsEn } from "../../src/i18n/scripts.en";
import { settingsDe } from "../../src/i18n/settings.de";
import { settingsEn } from "../../src/i18n/settings.en";
import { sharedDe } from "../../src/i18n/shared.de";
import { sharedEn } from "../../src/i18n/shared.en";
import { translator } from "../../src/i18n/translator";

const SOURCES = fileURLToPath(new URL("../../src", import.meta.url));

const CATALOGUES = [
  ["shared", sharedEn, sharedDe, ["core", "rpc", "i18n", "chat", "desk"]],
  ["chat", chatEn, chatDe, ["chat"]],
  ["desk", deskEn, deskDe, ["desk"]],
  ["conversations", conversationsEn, conversationsDe, ["desk", "i18n"]],
  ["routing", routingEn, routingDe, ["desk"]],
  ["admin", adminEn, adminDe, ["admin"]],
  ["settings", settingsEn, settingsDe, ["admin"]],
  ["records", recordsEn, recordsDe, ["desk"]],
  ["content", contentEn, contentDe, ["admin", "i18n"]],
  ["scripts", scriptsEn, scriptsDe, ["desk"]],
  ["permissions", permissionsEn, permissionsDe, ["admin"]],
] as const;

function sources(folder: string): { path: string; text: string }[] {
  return readdirSync(join(SOURCES, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !/\.(en|de)\.ts$/.test(name))
    .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(join(SOURCES, folder, name), "utf8") }));
}

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe.each(CATALOGUES)("catalogue %s", (_name, english, german, folders) => {
  test("has the same keys in both languages", () => {
    expect(Object.keys(german).sort()).toEqual(Object.keys(english).sort());
  });

  test("has a text, with the same places to fill, for each key", () => {
    for (const [key, text] of Object.entries(english)) {
      const other = german[key as keyof typeof german] as string;
      expect(text.trim(), key).not.toBe("");
      expect(other.trim(), key).not.toBe("");
      expect(places(other), key).toEqual(places(text));
    }
  });

  test("has no key that nobody uses", () => {
    const text = folders.flatMap(sources).map((file) => file.text).join("\n");
    const used = new Set([...text.matchAll(/["'`]([\w.]+)["'`]/g)].map(([, key]) => key));
    const stems = [...text.matchAll(/`([\w.]+\.)\$\{/g)].map(([, stem]) => stem as string);
    const isUsed = (key: string) => used.has(key) || stems.some((stem) => key.startsWith(stem)) || used.has(pluralStem(key));
    expect(Object.keys(english).filter((key) => !isUsed(key))).toEqual([]);
  });
});

const pluralStem = (key: string) => key.replace(/\.(one|other)$/, "");

test("every key that the sources name is in a catalogue", () => {
  const known = new Set(CATALOGUES.flatMap(([, english]) => Object.keys(english)));
  const named = ["chat", "desk", "admin"].flatMap(sources).flatMap(({ text }) => [...text.matchAll(/\bt\(\s*"([^"]+)"/g)]);
  expect(named.length).toBeGreaterThan(80);
  expect(named.map(([, key]) => key as string).filter((key) => !known.has(key))).toEqual([]);
});

test("numbers choose the form of a text", () => {
  const words = translator("en", { "x.one": "{count} chat", "x.other": "{count} chats" });
  expect([words.count("x", 1), words.count("x", 2), words.count("x", 0)]).toEqual(["1 chat", "2 chats", "0 chats"]);
});

test("what is filled in is not filled again", () => {
  const words = translator("de", { greet: "{name} schreibt" });
  expect(words.t("greet", { name: "{name} $& {other}" })).toBe("{name} $& {other} schreibt");
  expect(words.t("greet")).toBe("{name} schreibt");
  expect(words.languageName("not a tag!")).toBe("not a tag!");
});
