// What a response's texts and substitutions have to be like.
import type { Substitution, Variant } from "../../gen/onqueue/content/v1/response_pb";
import type { Rule } from "../kit/bounds";

/** Substitutions that every response may use without declaring them. */
export const KNOWN_NAMES: readonly string[] = ["AGENT_NAME", "AGENT_ALIAS", "CUSTOMER_NAME", "TOPIC", "QUEUE_NAME"];

const LONGEST_SHORTCUT = 20;
/** As long as a message can be. */
const LONGEST_TEXT = 4_000;
const LONGEST_NAME = 50;
const LONGEST_DESCRIPTION = 200;

/** A shortcut, or none. */
export const shortcut: Rule<string> = (value) => {
  if (/\s/.test(value)) return { key: "violation.spaces" };
  return [...value].length > LONGEST_SHORTCUT ? { key: "violation.long", values: { most: LONGEST_SHORTCUT } } : undefined;
};

/** Each has a text that is not too long. */
export const variants: Rule<readonly Variant[]> = (texts) => {
  if (texts.some(({ text }) => text.trim() === "")) return { key: "violation.variantEmpty" };
  const long = texts.find(({ text }) => [...text].length > LONGEST_TEXT);
  return long && { key: "violation.long", values: { most: LONGEST_TEXT, language: long.language } };
};

/** Names are well formed and there is one of each. */
export const substitutions: Rule<readonly Substitution[]> = (declared) => {
  const bad = declared.find(({ name }) => !/^[A-Z0-9_]+$/.test(name) || name.length > LONGEST_NAME);
  if (bad) return { key: "violation.substitutionName", values: { name: bad.name } };
  if (new Set(declared.map(({ name }) => name)).size < declared.length) return { key: "violation.substitutionTwice" };
  const long = declared.some(({ description }) => [...description].length > LONGEST_DESCRIPTION);
  return long ? { key: "violation.long", values: { most: LONGEST_DESCRIPTION } } : undefined;
};

/** The substitutions that texts use, each once, in order. */
export function namesUsed(texts: readonly string[]): string[] {
  const found = texts.flatMap((text) => [...text.matchAll(/\{\{\s*([A-Z0-9_]+)\s*\}\}/g)].map(([, name]) => name as string));
  return [...new Set(found)];
}

/** Those that are used but neither declared nor known by themselves. */
export function undeclared(texts: readonly string[], declared: readonly string[]): string[] {
  return namesUsed(texts).filter((name) => !KNOWN_NAMES.includes(name) && !declared.includes(name));
}
