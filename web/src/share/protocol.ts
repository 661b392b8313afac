// What tabs and their shared worker say to each other.

/** A call whose answer is a stream, as a tab would have fetched it. */
export interface Opening {
  /** Tabs that ask under the same key read the same stream. */
  key: string;
  url: string;
  headers: [string, string][];
  body: Uint8Array<ArrayBuffer>;
  /** Whether the stream begins with everything there is, so that it suits every other tab too. */
  whole: boolean;
  /** The round that the tab read to its end, if it did. */
  after: number | undefined;
  /** When the tab gave up the stream that it read last, in milliseconds since the epoch: an older one is no good to it. */
  lostAt: number | undefined;
}

/** From a tab. `id` names the answer within the tab. */
export type ToWorker =
  | { type: "open"; id: number; opening: Opening }
  | { type: "close"; id: number }
  | { type: "keep"; key: string; value: string | undefined }
  | { type: "recall"; id: number; key: string };

/** To a tab. */
export type ToTab =
  /** The worker is there and sees to it. */
  | { type: "taken"; id: number }
  | { type: "head"; id: number; status: number; headers: [string, string][] }
  | { type: "bytes"; id: number; bytes: Uint8Array<ArrayBuffer> }
  /** The answer is over: its own end has been passed on, or it was cut between two messages and is to be asked for again. */
  | { type: "end"; id: number; round: number; cut: boolean }
  /** The call could not be made, or broke off. */
  | { type: "broken"; id: number }
  | { type: "recalled"; id: number; value: string | undefined };
