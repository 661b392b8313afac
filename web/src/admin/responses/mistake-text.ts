// What is wrong with a row of a file of responses, in the language of the page.
import { faultText } from "../../desk/words";
import type { DeskTranslator } from "../../desk/catalogues";
import type { ImportProblem } from "../../gen/onqueue/content/v1/response_transfer_pb";
import { mistakeKey } from "../../i18n/import-mistakes";
import type { Values } from "../../i18n/translator";
import type { AdminWords } from "../words";

/** What the sentences have as numbers. */
const NUMBERS = new Set(["maximum", "other_line"]);

/** The sentence; nothing for a mistake that only a later service knows, whose own sentence has to do. */
export function mistakeText(problem: Pick<ImportProblem, "mistake" | "reason" | "parameters">, words: AdminWords, desk: DeskTranslator): string | undefined {
  const { mistake, reason, parameters } = problem;
  const key = mistakeKey(mistake);
  if (key) return words.t(key, valuesOf(parameters, words));
  if (mistake !== "" || reason === "") return undefined;
  return faultText({ kind: "refused", reason, status: "", metadata: parameters, retryAfterMs: undefined }, desk);
}

/** What goes into the sentence of a mistake. */
export function valuesOf(parameters: Record<string, string>, words: AdminWords): Values {
  const shown = Object.entries(parameters).map(([name, value]) => [name, NUMBERS.has(name) ? words.number(Number(value)) : value] as const);
  return Object.fromEntries(shown);
}
