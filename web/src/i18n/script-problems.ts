// The sentence for each kind of problem of a script's document.
import type { contentEn } from "./content.en";

/** The kinds that the service names. */
export const PROBLEM_CODES = [
  "JSON_INVALID",
  "NAME_TWICE",
  "FIELD_UNKNOWN",
  "FIELD_MISSING",
  "TYPE_WRONG",
  "VALUE_INVALID",
  "FORMAT_UNKNOWN",
  "TOO_LARGE",
  "ID_INVALID",
  "ID_TWICE",
  "LANGUAGE_INVALID",
  "LANGUAGE_UNDECLARED",
  "TRANSLATION_MISSING",
  "START_MISSING",
  "START_TWICE",
  "PAGE_UNKNOWN",
  "PAGE_UNREACHABLE",
  "DEAD_END",
  "OTHERWISE_MISSING",
  "CHOICE_INVALID",
  "CONTACT_INVALID",
  "SUBSTITUTION_INVALID",
  "VARIABLE_UNKNOWN",
  "VALUE_MAY_BE_MISSING",
  "EXPRESSION_INVALID",
  "EXPRESSION_TYPE",
  "EXPRESSION_NOT_BOOLEAN",
  "EXPRESSION_FAILS",
] as const;

/** The key of the sentence for a kind; one that is not known has a general one. */
export function problemKey(code: string): keyof typeof contentEn {
  const known = PROBLEM_CODES.find((each) => each === code);
  return `problem.${known ?? "other"}`;
}
