// Milliseconds, typed in seconds.
import { useAdminWords } from "../words";
import { NumberField } from "./number-field";

interface SecondsProps {
  label: string;
  description?: string;
  value: bigint;
  onChange(value: bigint): void;
  error?: string | undefined;
  disabled?: boolean;
  "data-testid"?: string;
}

/** A length of time. */
export function Seconds({ value, onChange, ...input }: SecondsProps) {
  const words = useAdminWords();
  return (
    <NumberField
      {...input}
      decimalScale={3}
      suffix={` ${words.t("unit.seconds")}`}
      value={Number(value) / 1_000}
      onChange={(seconds) => onChange(BigInt(Math.round(seconds * 1_000)))}
    />
  );
}
