// The clock of after-contact work, and what its mode asks for.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { AfterContactWork } from "../../gen/onqueue/routing/v1/agent_pb";

/** How far after-contact work is, in milliseconds. */
export interface WorkTime {
  elapsed: number;
  /** Absent if only the agent ends it. */
  left: number | undefined;
  /** The share of its time that is left, 0–1. */
  part: number;
}

/** How far it is at a time of the server. */
export function timeOf({ since, endsAt }: Pick<AfterContactWork, "since" | "endsAt">, now: number): WorkTime {
  const begin = since ? timestampMs(since) : now;
  const elapsed = Math.max(0, now - begin);
  if (!endsAt) return { elapsed, left: undefined, part: 1 };
  const end = timestampMs(endsAt);
  const left = Math.max(0, end - now);
  return { elapsed, left, part: end > begin ? Math.min(1, left / (end - begin)) : 0 };
}

/** Whether the queue asks for a code. */
export function isMandatory({ mode }: Pick<AfterContactWork, "mode">): boolean {
  return mode.startsWith("mandatory");
}
