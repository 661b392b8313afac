// What went wrong with a call, in the terms that the pages decide by.

/** How a failed call is to be taken. */
export type FaultKind =
  /** No answer came: the network or the server is away; the same call may be repeated. */
  | "lost"
  /** The server asks to come back later. */
  | "later"
  /** The server broke; repeating may help a few times. */
  | "broken"
  /** The server said no; repeating the same call gives the same answer. */
  | "refused"
  /** The caller's tokens are no longer good. */
  | "signed_out";

/** A failed call. */
export interface Fault {
  kind: FaultKind;
  /** The API's reason, or "" if none came. */
  reason: string;
  /** The gRPC status, such as `not_found`. */
  status: string;
  metadata: Record<string, string>;
  /** When the server said to come back. */
  retryAfterMs: number | undefined;
}

/** How often a call that broke the server is repeated. */
const BROKEN_ATTEMPTS = 5;

/** Whether the same call should be made again after `attempts` failures. */
export function worthRepeating(fault: Fault, attempts: number): boolean {
  if (fault.kind === "lost" || fault.kind === "later") return true;
  return fault.kind === "broken" && attempts < BROKEN_ATTEMPTS;
}
