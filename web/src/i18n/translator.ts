// Looks texts up in the catalogues and formats what goes into them, in the language of the page.
import { clockDuration, timeParts, type TimePart } from "../core/duration";
import { browserStorage, slot } from "../core/storage";

/** A language that the pages are written in. */
export type Locale = "en" | "de";

/** The languages of the pages, with their own names. */
export const LOCALES: readonly { locale: Locale; name: string }[] = [
  { locale: "en", name: "English" },
  { locale: "de", name: "Deutsch" },
];

/** Values for the places in a text. */
export type Values = Record<string, string | number>;

/** The texts of a page in one language. */
export type Catalogue<Key extends string> = Record<Key, string>;

type PluralStem<Key extends string> = Key extends `${infer Stem}.other` ? Stem : never;

/** Texts and formats in one language. */
export interface Translator<Key extends string> {
  readonly locale: Locale;
  t(key: Key, values?: Values): string;
  /** A text that differs by number; its keys end with a plural category. */
  count(stem: PluralStem<Key>, count: number): string;
  clockTime(ms: number): string;
  dateTime(ms: number): string;
  /** A length of time: `12:34` below an hour, from then on in words. */
  duration(ms: number): string;
  number(value: number): string;
  /** The name of a language by its tag. */
  languageName(tag: string): string;
}

/** A translator over a catalogue. */
export function translator<Key extends string>(locale: Locale, catalogue: Catalogue<Key>): Translator<Key> {
  const plural = new Intl.PluralRules(locale);
  const region = regionalTag(locale);
  const clock = new Intl.DateTimeFormat(region, { hour: "2-digit", minute: "2-digit" });
  const date = new Intl.DateTimeFormat(region, { dateStyle: "medium", timeStyle: "short" });
  const plain = new Intl.NumberFormat(locale);
  const t = (key: Key, values: Values = {}) => filled(catalogue[key], values);
  return {
    locale,
    t,
    count: (stem, count) => t(pluralKey(catalogue, stem, plural.select(count)), { count }),
    clockTime: (ms) => clock.format(ms),
    dateTime: (ms) => date.format(ms),
    duration: (ms) => clockDuration(ms) ?? inWords(locale, timeParts(ms)),
    number: (value) => plain.format(value),
    languageName: (tag) => languageName(locale, tag),
  };
}

/** The language to begin with: the remembered one, else the browser's, else English. */
export function initialLocale(): Locale {
  const remembered = rememberedLocale.load();
  if (remembered === "en" || remembered === "de") return remembered;
  return localeOf(typeof navigator === "undefined" ? "" : navigator.language);
}

/** Keeps the choice for the next visit. */
export function rememberLocale(locale: Locale): void {
  rememberedLocale.save(locale);
}

/** The page language for a BCP-47 tag. */
export function localeOf(tag: string): Locale {
  return tag.toLowerCase().startsWith("de") ? "de" : "en";
}

/** The language of a page with a country, whose habits dates and times follow: what the browser names first, else one of Europe. */
export function regionalTag(locale: Locale, preferred = browserTags()): string {
  return preferred.find((tag) => tag.toLowerCase().startsWith(`${locale}-`)) ?? REGIONAL[locale];
}

/** A text by language: the page's, else a close one, else English, else any. */
export function labelIn(labels: Record<string, string>, locale: Locale): string {
  const close = Object.keys(labels).find((tag) => tag.toLowerCase().startsWith(`${locale}-`));
  return labels[locale] ?? labels[close ?? "en"] ?? Object.values(labels)[0] ?? "";
}

const REGIONAL: Record<Locale, string> = { en: "en-GB", de: "de-DE" };

function browserTags(): readonly string[] {
  return typeof navigator === "undefined" ? [] : (navigator.languages ?? []);
}

const rememberedLocale = slot<string>(browserStorage(), "onqueue.locale");

function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

function pluralKey<Key extends string>(catalogue: Catalogue<Key>, stem: string, category: string): Key {
  const key = `${stem}.${category}`;
  return (key in catalogue ? key : `${stem}.other`) as Key;
}

function inWords(locale: Locale, parts: TimePart[]): string {
  const each = parts.map(({ value, unit }) =>
    new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(value),
  );
  return new Intl.ListFormat(locale, { type: "unit" }).format(each);
}

function languageName(locale: Locale, tag: string): string {
  try {
    return new Intl.DisplayNames(locale, { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
