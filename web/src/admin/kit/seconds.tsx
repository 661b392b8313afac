// Milliseconds, typed in seconds.
import { Amount, type AmountProps } from "./amount";

/** A length of time. */
export function Seconds(input: AmountProps) {
  return <Amount unit="seconds" {...input} />;
}
