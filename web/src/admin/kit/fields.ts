// Ties the inputs of a form to the fields of its object.
import type { ChangeEvent } from "react";
import { type AdminKey, type AdminWords, useAdminWords } from "../words";
import type { FieldOf } from "./draft";
import type { Editor } from "./use-editor";

type FieldsWith<T, V> = { [Field in FieldOf<T>]: T[Field] extends V ? Field : never }[FieldOf<T>];

/** What every input of a form gets. */
export interface FieldProps {
  label: string;
  error: string | undefined;
  disabled: boolean;
  "data-testid": string;
}

/** An input with a value of any kind. */
export interface ValueProps<V> extends FieldProps {
  value: V;
  onChange(value: V): void;
}

/** Makes the properties of inputs. */
export interface Fields<T extends object> {
  isReadOnly: boolean;
  text(field: FieldsWith<T, string>): FieldProps & { value: string; onChange(event: ChangeEvent<TextInput>): void };
  number(field: FieldsWith<T, number>): FieldProps & { value: number; onChange(value: number): void };
  flag(field: FieldsWith<T, boolean>): FieldProps & { checked: boolean; onChange(event: ChangeEvent<HTMLInputElement>): void };
  value<Field extends FieldOf<T>>(field: Field): ValueProps<T[Field]>;
  /** The language of the text that is wrong in a field of texts, where it is known. */
  wrongText(field: FieldOf<T>): string | undefined;
}

type TextInput = HTMLInputElement | HTMLTextAreaElement;

/** The inputs of a form. */
export function useFields<T extends object>(editor: Editor<T>, isReadOnly: boolean): Fields<T> {
  const words = useAdminWords();
  const any = <Field extends FieldOf<T>>(field: Field): FieldProps => ({
    label: words.t(fieldKey(field)),
    error: violationText(editor, field, words),
    disabled: isReadOnly,
    "data-testid": `field-${field}`,
  });
  const put = (field: FieldOf<T>, value: unknown) => editor.set(field, value as T[FieldOf<T>]);
  return {
    isReadOnly,
    text: (field) => ({
      ...any(field),
      value: editor.value[field] as string,
      onChange: (event) => put(field, event.currentTarget.value),
    }),
    number: (field) => ({
      ...any(field),
      value: editor.value[field] as number,
      onChange: (value) => put(field, value),
    }),
    flag: (field) => ({
      ...any(field),
      checked: editor.value[field] as boolean,
      onChange: (event) => put(field, event.currentTarget.checked),
    }),
    value: (field) => ({ ...any(field), value: editor.value[field], onChange: (value) => editor.set(field, value) }),
    wrongText: (field) => editor.violations[field]?.values?.["language"]?.toString(),
  };
}

/** The name of a field for people. */
export function fieldKey(field: string): AdminKey {
  return `field.${field}` as AdminKey;
}

function violationText<T extends object>({ violations }: Editor<T>, field: string, words: AdminWords): string | undefined {
  const violation = violations[field];
  return violation && words.t(violation.key, violation.values);
}
