// Turns what a client throws into a Fault.
import { Code, ConnectError } from "@connectrpc/connect";
import type { Fault, FaultKind } from "../core/fault";
import { ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb";

const KINDS: Partial<Record<Code, FaultKind>> = {
  [Code.Unavailable]: "lost",
  [Code.DeadlineExceeded]: "lost",
  [Code.Canceled]: "lost",
  [Code.Aborted]: "lost",
  [Code.Internal]: "broken",
  [Code.Unknown]: "broken",
  [Code.Unauthenticated]: "signed_out",
};

/** Reads a thrown value as a fault. */
export function faultOf(error: unknown): Fault {
  const failure = ConnectError.from(error);
  const info = failure.findDetails(ErrorInfoSchema)[0];
  const retryAfterMs = retryDelay(failure);
  return {
    kind: kindOf(failure, info?.reason ?? "", retryAfterMs),
    reason: info?.reason ?? "",
    status: snakeCase(Code[failure.code]),
    metadata: info?.metadata ?? {},
    retryAfterMs,
  };
}

function kindOf(failure: ConnectError, reason: string, retryAfterMs: number | undefined): FaultKind {
  if (failure.cause instanceof TypeError) return "lost";
  if (reason === "RATE_LIMITED" || retryAfterMs !== undefined) return "later";
  return KINDS[failure.code] ?? "refused";
}

function retryDelay(failure: ConnectError): number | undefined {
  const delay = failure.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay && Number(delay.seconds) * 1000 + delay.nanos / 1_000_000;
}

function snakeCase(name: string): string {
  return name.replace(/(?<!^)([A-Z])/g, "_$1").toLowerCase();
}
