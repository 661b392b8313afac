// A length of time or a size, kept in its smallest unit and typed in one that people use.
import { useAdminWords } from "../words";
import { NumberField } from "./number-field";

/** How many of the smallest unit are in one that is typed. */
export const UNITS = { seconds: 1_000, hours: 3_600_000, days: 86_400_000, mebibytes: 1_048_576 } as const;

/** What is typed. */
export type Unit = keyof typeof UNITS;

export interface AmountProps {
  label: string;
  description?: string;
  /** Milliseconds or bytes. */
  value: bigint;
  onChange(value: bigint): void;
  error?: string | undefined;
  disabled?: boolean;
  "data-testid"?: string;
}

/** An amount. */
export function Amount({ unit, value, onChange, ...input }: AmountProps & { unit: Unit }) {
  const words = useAdminWords();
  return (
    <NumberField
      {...input}
      decimalScale={3}
      suffix={` ${words.t(`unit.${unit}`)}`}
      value={Number(value) / UNITS[unit]}
      onChange={(typed) => onChange(BigInt(Math.round(typed * UNITS[unit])))}
    />
  );
}
