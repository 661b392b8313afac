// The sentence for each reason of the API, and for failures without one.
import type { Fault } from "../core/fault";
import type { sharedEn } from "./shared.en";

type SharedKey = keyof typeof sharedEn;

/** A text with what goes into it. */
export interface Sentence {
  key: SharedKey;
  values: Record<string, string>;
}

/** The reasons that only the desk meets, or for which customers have a sentence that says enough by what kind they are; theirs are in
 * the desk's catalogue, so that customers need not load them. */
export const DESK_REASONS = [
  "NOT_FOUND",
  "ETAG_MISMATCH",
  "VARIABLE_MISSING",
  "TENANT_QUOTA",
  "AGENT_NOT_ON_QUEUE",
  "OFFER_EXPIRED",
  "OFFER_RESCINDED",
  "OFFER_ALREADY_ACCEPTED",
  "CREDENTIALS_INVALID",
  "NAME_TAKEN",
  "AGENT_NOT_FOUND",
  "OFFER_NOT_FOUND",
  "ACCOUNT_LOCKED",
  "STATE_CONFLICT",
  "CALLER_NOT_ALLOWED",
  "CURSOR_MALFORMED",
  "FIELD_INVALID",
  "ID_MALFORMED",
  "LEGAL_HOLD",
  "SCRIPT_STEP_OUT_OF_ORDER",
  "SCRIPT_INVALID",
] as const;

/** Every other reason that the API gives. */
export const REASONS = [
  "ATTACHMENT_QUOTA",
  "ATTACHMENT_REFUSED",
  "ATTACHMENT_NOT_READY",
  "QUEUE_FULL",
  "QUEUE_CLOSED",
  "CONVERSATION_CLOSED",
  "CONVERSATION_IDLE_TIMEOUT",
  "LOG_RESTORED",
  "REQUEST_ID_REUSED",
  "MESSAGE_TOO_LARGE",
  "TEXT_EMPTY",
  "QUEUE_NOT_FOUND",
  "DEPLOYMENT_NOT_FOUND",
  "ORIGIN_NOT_ALLOWED",
  "TOKEN_INVALID",
  "TOKEN_EXPIRED",
  "PERMISSION_MISSING",
  "RATE_LIMITED",
  "CONVERSATION_NOT_FOUND",
  "UNAVAILABLE",
  "DEADLINE_EXCEEDED",
  "TRUST_STALE",
  "UNIMPLEMENTED",
  "INTERNAL",
] as const;

/** A reason of the API. */
export type Reason = (typeof REASONS)[number];

const KNOWN: ReadonlySet<string> = new Set(REASONS);

const BY_STATUS: Record<string, SharedKey> = {
  permission_denied: "fault.denied",
  not_found: "fault.notFound",
  resource_exhausted: "fault.later",
};

const BY_KIND: Record<Fault["kind"], SharedKey> = {
  lost: "fault.lost",
  later: "fault.later",
  broken: "fault.broken",
  refused: "fault.refused",
  signed_out: "fault.signedOut",
};

/** The sentence for a failed call. */
export function sentenceOf(fault: Fault): Sentence {
  if (isReason(fault.reason)) return { key: `reason.${fault.reason}`, values: fault.metadata };
  return { key: BY_STATUS[fault.status] ?? BY_KIND[fault.kind], values: {} };
}

/** The sentence for a reason that came in an event. */
export function sentenceOfReason(reason: string): Sentence {
  return isReason(reason) ? { key: `reason.${reason}`, values: {} } : { key: "fault.refused", values: {} };
}

function isReason(reason: string): reason is Reason {
  return KNOWN.has(reason);
}
