// A number that may be typed bit by bit, written as the language of the page writes numbers.
import { NumberInput, type NumberInputProps } from "@mantine/core";
import { useState } from "react";
import { useAdminWords } from "../words";

type NumberFieldProps = Omit<NumberInputProps, "value" | "onChange"> & {
  value: number;
  onChange(value: number): void;
  "data-testid"?: string;
};

/** A number of at least 0; nothing typed counts as 0. */
export function NumberField({ value, onChange, ...input }: NumberFieldProps) {
  const words = useAdminWords();
  // "4." is 4 already, but must stay as it is until the rest is typed.
  const [typed, setTyped] = useState<string | number>(value);
  const separators = words.locale === "de" ? { decimalSeparator: ",", thousandSeparator: "." } : { thousandSeparator: "," };
  return (
    <NumberInput
      {...separators}
      min={0}
      allowNegative={false}
      {...input}
      value={Number(typed) === value ? typed : value}
      onChange={(next) => {
        setTyped(next);
        onChange(Number(next));
      }}
      onBlur={() => setTyped(value)}
    />
  );
}
