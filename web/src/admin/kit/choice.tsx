// A choice among a few, by the numbers of an enum.
import { NativeSelect } from "@mantine/core";
import { useAdminWords, type AdminKey, type AdminWords } from "../words";

/** The choices, each with its text. */
export type Choices = readonly (readonly [value: number, text: AdminKey])[];

interface ChoiceProps {
  label: string;
  description?: string;
  choices: Choices;
  /** 0 stands for the first. */
  value: number;
  onChange(value: number): void;
  error?: string | undefined;
  disabled?: boolean;
  "data-testid"?: string;
}

/** One of the choices. */
export function Choice({ choices, value, onChange, ...input }: ChoiceProps) {
  const words = useAdminWords();
  return (
    <NativeSelect
      {...input}
      data={choices.map(([choice, text]) => ({ value: String(choice), label: words.t(text) }))}
      value={String(value || choices[0]?.[0])}
      onChange={(event) => onChange(Number(event.currentTarget.value))}
    />
  );
}

/** The text of a choice. */
export function choiceText(choices: Choices, value: number, words: AdminWords): string {
  const [, text] = choices.find(([choice]) => choice === value) ?? choices[0] ?? [];
  return text ? words.t(text) : "";
}
