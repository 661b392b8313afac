// A failed call in words.
import { Alert } from "@mantine/core";
import type { Fault } from "../core/fault";
import { faultText, useWords } from "./words";

/** Shows a fault, if there is one. */
export function FaultAlert({ fault, testId }: { fault: Fault | undefined; testId?: string }) {
  const words = useWords();
  if (!fault) return null;
  return (
    <Alert color="red" role="alert" p="xs" data-testid={testId ?? "fault"} data-reason={fault.reason}>
      {faultText(fault, words)}
    </Alert>
  );
}
