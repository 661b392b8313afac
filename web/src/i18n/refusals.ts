// Why a file was not let in, in the terms of the catalogues.
import type { sharedEn } from "./shared.en";

const REFUSALS = [
  "not_uploaded",
  "type_unknown",
  "type_not_allowed",
  "name_differs",
  "malformed",
  "more_than_one_type",
  "too_dense",
  "infected",
  "not_scanned",
  "conversation_closed",
  "empty",
  "too_large",
  "quota",
] as const;

/** The key of the sentence for a refusal. */
export function refusalKey(refusal: string): keyof typeof sharedEn {
  const known = REFUSALS.find((each) => each === refusal);
  return `file.refused.${known ?? "other"}`;
}
