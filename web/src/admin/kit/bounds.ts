// The bounds that the protos state, checked before anything is sent.
import type { Values } from "../../i18n/translator";
import type { AdminKey } from "../words";
import type { FieldOf } from "./draft";

/** What is wrong with a field. */
export interface Violation {
  key: AdminKey;
  values?: Values;
}

/** What is wrong, by field. */
export type Violations = Record<string, Violation>;

/** Says what is wrong with a value, if anything is. */
export type Rule<V> = (value: V) => Violation | undefined;

/** Rules by field. */
export type Rules<T> = { [Field in FieldOf<T>]?: Rule<T[Field]> };

/** A text of so many characters, without space around it. */
export function characters(least: number, most: number): Rule<string> {
  return (value) => {
    const length = [...value.trim()].length;
    if (length < least) return length === 0 ? { key: "violation.empty" } : { key: "violation.short", values: { least } };
    return length > most ? { key: "violation.long", values: { most } } : undefined;
  };
}

/** A list of so many. */
export function items(least: number, most: number): Rule<readonly unknown[]> {
  return ({ length }) => {
    if (length < least) return { key: "violation.few", values: { least } };
    return length > most ? { key: "violation.many", values: { most } } : undefined;
  };
}

/** Something that has to be chosen. */
export const chosen: Rule<string> = (value) => (value === "" ? { key: "violation.choose" } : undefined);

/** A number between two, both allowed. */
export function between(least: number, most: number): Rule<number> {
  return (value) =>
    Number.isInteger(value) && value >= least && value <= most
      ? undefined
      : { key: "violation.range", values: { least, most } };
}

/** Milliseconds between two lengths of time that are shown in seconds; 0 stands for the usual. */
export function duration(leastMs: number, mostMs: number): Rule<bigint> {
  return (value) => {
    if (value === 0n || (value >= BigInt(leastMs) && value <= BigInt(mostMs))) return undefined;
    return { key: "violation.range", values: { least: leastMs / 1_000, most: mostMs / 1_000 } };
  };
}

/** An e-mail address, roughly. */
export const email: Rule<string> = (value) =>
  /^[^\s@]+@[^\s@]+$/.test(value.trim()) && value.length <= 254 ? undefined : { key: "violation.email" };

/** A password that the service may take; it looks further. */
export const password: Rule<string> = (value) => {
  const length = [...value].length;
  return length >= 12 && length <= 1_024 ? undefined : { key: "violation.password", values: { least: 12 } };
};

/** A BCP-47 tag, or nothing. */
export const languageTag: Rule<string> = (value) =>
  value === "" || isLanguageTag(value) ? undefined : { key: "violation.language" };

/** A web origin, as browsers send it. */
export const origin: Rule<string> = (value) => (isOrigin(value) ? undefined : { key: "violation.origin", values: { value } });

/** The first of a list that a rule refuses. */
export function each<V>(rule: Rule<V>): Rule<readonly V[]> {
  return (values) => firstOf(values.map(rule));
}

/** All of these rules. */
export function all<V>(...rules: Rule<V>[]): Rule<V> {
  return (value) => firstOf(rules.map((rule) => rule(value)));
}

/** What is wrong with an object. */
export function check<T extends object>(value: T, rules: Rules<T>): Violations {
  const found: Violations = {};
  for (const field of Object.keys(rules) as FieldOf<T>[]) {
    const violation = rules[field]?.(value[field]);
    if (violation) found[field] = violation;
  }
  return found;
}

/** Whether browsers know how to read the tag. */
export function isLanguageTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

/** Scheme, host, and port unless it is the usual one. */
export function isOrigin(text: string): boolean {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && url.origin === text;
  } catch {
    return false;
  }
}

function firstOf(violations: (Violation | undefined)[]): Violation | undefined {
  return violations.find((violation) => violation !== undefined);
}
