// Where in a text somebody asks for a response: a slash at the beginning of a word, and what follows it.

/** A slash with what was typed after it. */
export interface Trigger {
  /** The place of the slash. */
  start: number;
  /** What is between slash and caret. */
  text: string;
}

const LONGEST = 60;

/** The slash that the caret is behind, if there is one. */
export function triggerAt(text: string, caret: number): Trigger | undefined {
  const line = text.slice(0, caret).split("\n").at(-1) ?? "";
  const slash = /(?:^|\s)\/(?=[^\s/]|$)/g;
  const found = [...line.matchAll(slash)].at(-1);
  if (!found) return undefined;
  const start = caret - line.length + found.index + found[0].length - 1;
  const typed = text.slice(start + 1, caret);
  return typed.length <= LONGEST ? { start, text: typed } : undefined;
}

/** A text and where the caret is in it. */
export interface Place {
  text: string;
  caret: number;
}

/** The text with a response instead of the slash and what follows it; behind what is there if that has changed meanwhile. */
export function withResponse(text: string, trigger: Trigger, response: string): Place {
  const end = trigger.start + 1 + trigger.text.length;
  const isThere = text.slice(trigger.start, end) === `/${trigger.text}`;
  const from = isThere ? trigger.start : text.length;
  const before = text.slice(0, from);
  return { text: before + response + text.slice(isThere ? end : from), caret: before.length + response.length };
}

/** The text with a response at the caret, apart from the words around it. */
export function withInserted(text: string, caret: number, response: string): Place {
  const before = apart(text.slice(0, caret), "before");
  const after = apart(text.slice(caret), "after");
  return { text: before + response + after, caret: before.length + response.length };
}

function apart(text: string, side: "before" | "after"): string {
  const touches = side === "before" ? /\S$/.test(text) : /^\S/.test(text);
  if (!touches) return text;
  return side === "before" ? `${text} ` : ` ${text}`;
}

/** The names that a refusal to render lists. */
export function missingNames(metadata: Record<string, string>): string[] {
  return (metadata["variables"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
}

/** Characters that no text has: they stand around what is missing in a preview. */
const OPENS = "\uE000";
const CLOSES = "\uE001";

/** A part of a preview. */
export interface PreviewPart {
  text: string;
  /** Whether it says what is missing, instead of a value. */
  isMissing: boolean;
}

/** What stands in a preview instead of a value that is missing. */
export function marked(name: string): string {
  return `${OPENS}${name}${CLOSES}`;
}

/** A preview by its parts. */
export function partsOf(preview: string): PreviewPart[] {
  const parts = preview.split(new RegExp(`${OPENS}([^${CLOSES}]*)${CLOSES}`));
  return parts.map((text, index) => ({ text, isMissing: index % 2 === 1 })).filter(({ text }) => text !== "");
}
