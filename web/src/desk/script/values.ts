// What an agent types into the fields of a page, and the values that are sent of it.
import { create } from "@bufbuild/protobuf";
import { ScriptFieldType, ScriptOptionsSchema, ScriptValueSchema, type ScriptField, type ScriptValue } from "../../gen/onqueue/content/v1/script_run_pb";

/** What is in an input: a text (of a number and a day too), the ids of choices, or whether it is ticked. */
export type Typed = string | boolean | readonly string[];

/** What is typed, by field. */
export type TypedValues = Readonly<Record<string, Typed>>;

/** What the inputs of a page begin with. */
export function startOf(fields: readonly ScriptField[]): TypedValues {
  return Object.fromEntries(fields.map((field) => [field.fieldId, typedOf(field)]));
}

function typedOf({ type, value }: ScriptField): Typed {
  const held = value?.value;
  if (type === ScriptFieldType.CHECKBOX) return held?.case === "boolean" && held.value;
  if (type === ScriptFieldType.MULTI_CHOICE) return held?.case === "many" ? held.value.ids : [];
  return held?.case === "text" || held?.case === "number" ? String(held.value) : "";
}

/** Whether nothing is answered. */
export function isEmpty(typed: Typed | undefined): boolean {
  if (typeof typed === "string") return typed.trim() === "";
  return Array.isArray(typed) ? typed.length === 0 : typed !== true;
}

/** The values to send: what is empty is left out, a box that is not ticked is an answer. */
export function valuesOf(fields: readonly ScriptField[], typed: TypedValues): Record<string, ScriptValue> {
  const values: Record<string, ScriptValue> = {};
  for (const { fieldId, type } of fields) {
    const value = valueOf(type, typed[fieldId]);
    if (value) values[fieldId] = create(ScriptValueSchema, { value });
  }
  return values;
}

function valueOf(type: ScriptFieldType, typed: Typed | undefined): ScriptValue["value"] | undefined {
  if (type === ScriptFieldType.CHECKBOX) return { case: "boolean", value: typed === true };
  if (typed === undefined || isEmpty(typed)) return undefined;
  if (typeof typed !== "string") return { case: "many", value: create(ScriptOptionsSchema, { ids: Array.isArray(typed) ? [...typed] : [] }) };
  const text = typed.trim();
  return type === ScriptFieldType.NUMBER ? { case: "number", value: numberOf(text) } : { case: "text", value: text };
}

/** The number that somebody wrote with a comma or a point before its decimals; NaN for what is none. */
export function numberOf(text: string): number {
  return /^[+-]?(\d+([.,]\d*)?|[.,]\d+)$/.test(text.trim()) ? Number(text.trim().replace(",", ".")) : Number.NaN;
}
