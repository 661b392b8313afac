// What transcripts are searched for.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SearchTranscriptsRequestSchema } from "../../gen/onqueue/session/v1/transcript_pb";

/** What the form holds; empty asks for nothing. */
export interface Asked {
  text: string;
  contactId: string;
  contactName: string;
  userId: string;
  queueId: string;
  wrapUpCodeId: string;
  /** Days as `2026-11-23`, both included. */
  from: string;
  to: string;
}

/** Everything. */
export const NOTHING_ASKED: Asked = { text: "", contactId: "", contactName: "", userId: "", queueId: "", wrapUpCodeId: "", from: "", to: "" };

/** Whether a kept value is what the form holds. */
export function isAsked(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(NOTHING_ASKED).every((key) => typeof (value as Record<string, unknown>)[key] === "string");
}

/** Whether there is a word in the text, or nothing at all; the server refuses what is neither. */
export function hasWordOrNothing(text: string): boolean {
  return text.trim() === "" || /[\p{L}\p{N}]/u.test(text);
}

/** The request, in days of the reader's time zone. */
export function requestOf({ contactName: _, from, to, text, ...ids }: Asked): MessageInitShape<typeof SearchTranscriptsRequestSchema> {
  const begin = startOfDay(from, 0);
  const end = startOfDay(to, 1);
  return {
    ...ids,
    text: text.trim(),
    ...(begin === undefined ? {} : { createdFrom: timestampFromMs(begin) }),
    ...(end === undefined ? {} : { createdBefore: timestampFromMs(end) }),
  };
}

function startOfDay(day: string, daysLater: number): number | undefined {
  const [year, month, date] = day.split("-").map(Number);
  if (year === undefined || month === undefined || date === undefined) return undefined;
  const at = new Date(year, month - 1, date + daysLater).getTime();
  return Number.isNaN(at) ? undefined : at;
}
