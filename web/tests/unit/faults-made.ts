// Faults for tests.
import type { Fault } from "../../src/core/fault";

/** A fault with the parts that matter. */
export function fault(parts: Partial<Fault>): Fault {
  return { kind: "refused", reason: "", status: "failed_precondition", metadata: {}, retryAfterMs: undefined, ...parts };
}
