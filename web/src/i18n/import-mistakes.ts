// What is wrong with a row of a file of responses, in the terms of the catalogues.
import type { contentEn } from "./content.en";

/** The mistakes that the service names. */
export const MISTAKES = [
  "name",
  "shortcut",
  "too_long",
  "too_many",
  "twice",
  "empty",
  "control_characters",
  "language",
  "text_missing",
  "texts",
  "substitution_name",
  "substitution_open",
  "substitution_malformed",
  "substitution_undeclared",
  "file_too_long",
  "encoding",
  "file_empty",
  "no_response",
  "too_many_responses",
  "table_unreadable",
  "quote_open",
  "column_unknown",
  "column_missing",
  "text_column_missing",
  "heading_missing",
  "json_malformed",
  "list_expected",
  "object_expected",
  "comma_expected",
  "end_expected",
  "field_unknown",
  "field_missing",
  "kind",
  "shortcut_twice",
  "shortcut_taken",
  "name_ambiguous",
  "row_twice",
] as const;

type Mistake = (typeof MISTAKES)[number];

/** The key of the sentence for a mistake; nothing for one that is not known. */
export function mistakeKey(mistake: string): (keyof typeof contentEn & `mistake.${Mistake}`) | undefined {
  const known = MISTAKES.find((each) => each === mistake);
  return known && `mistake.${known}`;
}
