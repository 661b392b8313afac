// What can be said of answers before they are sent. The service looks at all of them again.
import { ScriptFieldType, type ScriptField } from "../../gen/onqueue/content/v1/script_run_pb";
import type { Values } from "../../i18n/translator";
import type { DeskKey } from "../catalogues";
import { isEmpty, numberOf, type Typed, type TypedValues } from "./values";

/** What is wrong with an answer. */
export interface AnswerProblem {
  key: DeskKey;
  values?: Values;
}

/** What is wrong, by field. */
export type AnswerProblems = Readonly<Record<string, AnswerProblem>>;

/** Looks at every field. */
export function problemsIn(fields: readonly ScriptField[], typed: TypedValues): AnswerProblems {
  const found: Record<string, AnswerProblem> = {};
  for (const field of fields) {
    const problem = problemOf(field, typed[field.fieldId]);
    if (problem) found[field.fieldId] = problem;
  }
  return found;
}

/** What the service found wrong, by its codes. */
export function refusedAnswers(fields: readonly ScriptField[], metadata: Record<string, string>): AnswerProblems {
  const ids = listed(metadata["fields"] ?? (metadata["field"] ?? "").replace(/^answers\./, ""));
  const codes = listed(metadata["codes"] ?? metadata["problem"] ?? "");
  const known = ids.filter((id) => fields.some(({ fieldId }) => fieldId === id));
  return Object.fromEntries(known.map((id) => [id, problemOfCode(fields.find(({ fieldId }) => fieldId === id), codes[ids.indexOf(id)] ?? "")]));
}

function listed(text: string): string[] {
  return text.split(",").map((each) => each.trim()).filter(Boolean);
}

function problemOfCode(field: ScriptField | undefined, code: string): AnswerProblem {
  switch (code) {
    case "REQUIRED":
      return { key: field?.type === ScriptFieldType.CHECKBOX ? "script.mustTick" : "script.required" };
    case "TOO_LONG":
      return { key: "script.tooLong", values: { most: field?.maxLength ?? 0 } };
    case "TOO_SMALL":
      return { key: "script.tooSmall", values: { least: field?.min ?? 0 } };
    case "TOO_GREAT":
      return { key: "script.tooLarge", values: { most: field?.max ?? 0 } };
    case "TOO_EARLY":
      return { key: "script.tooEarly", values: { day: field?.earliest ?? "" } };
    case "TOO_LATE":
      return { key: "script.tooLate", values: { day: field?.latest ?? "" } };
    case "TOO_MANY":
      return { key: "script.tooMany", values: { most: field?.atMost ?? 0 } };
    default:
      return { key: PLAIN[code] ?? "script.refused" };
  }
}

const PLAIN: Record<string, DeskKey> = {
  NOT_WHOLE: "script.notWhole",
  NO_DATE: "script.noDay",
  NO_EMAIL: "script.noEmail",
  NO_PHONE: "script.noPhone",
  NO_LANGUAGE: "script.noLanguage",
};

function problemOf(field: ScriptField, typed: Typed | undefined): AnswerProblem | undefined {
  if (isEmpty(typed)) return field.required ? { key: field.type === ScriptFieldType.CHECKBOX ? "script.mustTick" : "script.required" } : undefined;
  if (typeof typed === "string") return textProblem(field, typed.trim());
  return Array.isArray(typed) && field.atMost !== undefined && typed.length > field.atMost
    ? { key: "script.tooMany", values: { most: field.atMost } }
    : undefined;
}

function textProblem(field: ScriptField, text: string): AnswerProblem | undefined {
  if (field.type === ScriptFieldType.NUMBER) return numberProblem(field, numberOf(text));
  if (field.type === ScriptFieldType.DATE) return dateProblem(field, text);
  const { maxLength } = field;
  return maxLength !== undefined && [...text].length > maxLength ? { key: "script.tooLong", values: { most: maxLength } } : undefined;
}

function numberProblem({ min, max, whole }: ScriptField, value: number): AnswerProblem | undefined {
  if (Number.isNaN(value)) return { key: "script.noNumber" };
  if (whole && !Number.isInteger(value)) return { key: "script.notWhole" };
  if (min !== undefined && value < min) return { key: "script.tooSmall", values: { least: min } };
  return max !== undefined && value > max ? { key: "script.tooLarge", values: { most: max } } : undefined;
}

function dateProblem({ earliest, latest }: ScriptField, day: string): AnswerProblem | undefined {
  if (!isDay(day)) return { key: "script.noDay" };
  if (earliest !== "" && day < earliest) return { key: "script.tooEarly", values: { day: earliest } };
  return latest !== "" && day > latest ? { key: "script.tooLate", values: { day: latest } } : undefined;
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
