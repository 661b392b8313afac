// From when on retention erases a transcript.
import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";

const DAY_MS = 24 * 3_600_000;

/** What of a conversation decides it. */
export interface Ended {
  queueId: string;
  endedAt?: Timestamp | undefined;
  erasedAt?: Timestamp | undefined;
}

/** A queue's retention. */
export interface Kept {
  queueId: string;
  days: number;
}

/** What ended before this is erased now, where transcripts are kept for so many days. */
export function keptSince(days: number, now: number): number {
  return now - days * DAY_MS;
}

/** From when on it is erased; undefined if that was done, while it goes on, and where transcripts are kept for ever. */
export function keptUntil({ queueId, endedAt, erasedAt }: Ended, queues: readonly Kept[]): number | undefined {
  const kept = queues.find((each) => each.queueId === queueId);
  if (!kept || !endedAt || erasedAt) return undefined;
  return timestampMs(endedAt) + kept.days * DAY_MS;
}
