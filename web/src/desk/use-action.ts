// Runs a call from a button: busy meanwhile, and a sentence if it fails.
import { useState } from "react";
import type { Fault } from "../core/fault";
import { faultOf } from "../rpc/faults";

/** A call that a button makes. */
export interface Action {
  busy: boolean;
  fault: Fault | undefined;
  run(work: () => Promise<void>): void;
}

/** One call at a time. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<Fault>();
  const run = (work: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    setFault(undefined);
    work()
      .catch((error: unknown) => setFault(faultOf(error)))
      .finally(() => setBusy(false));
  };
  return { busy, fault, run };
}
