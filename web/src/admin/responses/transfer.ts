// A file of responses on its way: in parts, each sent until it is there.
import type { Client } from "@connectrpc/connect";
import { fullJitter, type BackoffBounds } from "../../core/backoff";
import { worthRepeating } from "../../core/fault";
import { pause, type Timers } from "../../core/timers";
import {
  ImportState,
  ResponseFormat,
  type ImportMode,
  type ImportResponsesResponse,
  type ResponseTransferService,
} from "../../gen/onqueue/content/v1/response_transfer_pb";
import { faultOf } from "../../rpc/faults";

/** The largest part that is taken. */
export const PART_BYTES = 61_440;

/** The largest file that is taken. */
export const MOST_BYTES = 16 * 1024 * 1024;

/** How often a part is sent that does not arrive. An import that takes longer than a call may is asked for as often. */
const MOST_ATTEMPTS = 20;
const SEND_AGAIN: BackoffBounds = { base: 500, cap: 5_000 };

/** A file and where it is to go. */
export interface Import {
  /** One for a file and how it is to be taken. */
  requestId: string;
  libraryId: string;
  format: ResponseFormat;
  mode: ImportMode;
  content: Uint8Array;
}

/** What sending needs. */
export interface SendPorts {
  client: Pick<Client<typeof ResponseTransferService>, "importResponses">;
  timers: Timers;
  /** How much of it has arrived, from 0 to 1. */
  progress(done: number): void;
  signal: AbortSignal;
}

/** Sends a file to its last part and answers what became of it; throws what a call throws. */
export async function sendImport({ content, ...asked }: Import, ports: SendPorts): Promise<ImportResponsesResponse> {
  const parts = Math.max(Math.ceil(content.length / PART_BYTES), 1);
  let answer: ImportResponsesResponse | undefined;
  for (let part = 0; part < parts; part += 1) {
    const piece = content.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    answer = await sendPart({ ...asked, part, parts, content: new Uint8Array(piece) }, ports);
    ports.progress((part + 1) / parts);
    if (answer.state !== ImportState.RECEIVING) return answer;
  }
  if (!answer || answer.state === ImportState.RECEIVING) throw new Error("the service lacks parts of a file that it was sent");
  return answer;
}

type Part = Parameters<SendPorts["client"]["importResponses"]>[0];

async function sendPart(part: Part, { client, timers, signal }: SendPorts): Promise<ImportResponsesResponse> {
  for (let attempts = 0; ; attempts += 1) {
    try {
      return await client.importResponses(part, { signal });
    } catch (error) {
      const fault = faultOf(error);
      const isWorth = attempts + 1 < MOST_ATTEMPTS && worthRepeating(fault, attempts);
      if (signal.aborted || !isWorth) throw error;
      await pause(timers, (fault.retryAfterMs ?? 0) + fullJitter(attempts, timers.random(), SEND_AGAIN), signal);
      if (signal.aborted) throw error;
    }
  }
}

/** How a file is written, by its name. */
export function formatOf(fileName: string): ResponseFormat {
  return /\.json$/i.test(fileName) ? ResponseFormat.JSON : ResponseFormat.CSV;
}
