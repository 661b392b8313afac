// What to do when a stream fails.
import type { Fault } from "../core/fault";
import { faultOf } from "./faults";

/** What a page does to get a stream going again. */
export interface RecoverySteps {
  /** Gets new tokens. */
  renew(): Promise<unknown>;
  /** Forgets cursors and log, so that the stream starts from the beginning. */
  readAnew(): void;
}

const READ_ANEW: ReadonlySet<string> = new Set(["LOG_RESTORED", "CURSOR_MALFORMED"]);

// Other refusals may pass, for example while a server starts.
const FINAL: ReadonlySet<string> = new Set(["not_found", "permission_denied", "invalid_argument", "unauthenticated"]);

/** Prepares the next attempt; answers the fault that makes a further attempt useless. */
export async function recover(fault: Fault, steps: RecoverySteps): Promise<Fault | undefined> {
  if (READ_ANEW.has(fault.reason)) {
    steps.readAnew();
    return undefined;
  }
  if (fault.kind !== "signed_out") return hopeless(fault);
  try {
    await steps.renew();
    return undefined;
  } catch (error) {
    return hopeless(faultOf(error));
  }
}

function hopeless(fault: Fault): Fault | undefined {
  return FINAL.has(fault.status) ? fault : undefined;
}
