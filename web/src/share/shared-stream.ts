// One stream that several tabs read. A tab may join while everything that it lacks can still be given to it from the
// beginning of the present round; otherwise a new round begins where that tab stands, and the others are told to ask again:
// they join it, and tell what they get twice by its numbers.
import { MessageCutter } from "./messages";
import type { Opening } from "./protocol";

/** A tab that reads. */
export interface Reader {
  head(status: number, headers: [string, string][]): void;
  bytes(bytes: Uint8Array<ArrayBuffer>): void;
  /** The round is over, by the answer's own end or cut before it. */
  end(round: number, how: "ended" | "cut"): void;
  broken(): void;
}

/** What a stream needs. */
export interface SharedStreamPorts {
  fetch(opening: Opening, signal: AbortSignal): Promise<Response>;
  now(): number;
}

/** More than this is not kept for tabs that come later: they begin a new round. */
export const MOST_KEPT_BYTES = 4 * 1024 * 1024;

interface Round {
  number: number;
  opening: Opening;
  openedAt: number;
  abort: AbortController;
  head: { status: number; headers: [string, string][] } | undefined;
  /** Everything so far, unless it became too much. */
  kept: Uint8Array<ArrayBuffer>[] | undefined;
  size: number;
}

/** The stream of one key. */
export class SharedStream {
  private round: Round | undefined;
  private rounds = 0;
  private readonly readers = new Set<Reader>();
  private readonly ports: SharedStreamPorts;

  constructor(ports: SharedStreamPorts) {
    this.ports = ports;
  }

  /** Whether nobody reads it. */
  get idle(): boolean {
    return this.readers.size === 0 && !this.round;
  }

  /** Lets a tab read; the answer lets it go. */
  join(reader: Reader, opening: Opening): () => void {
    if (!this.suits(opening)) this.begin(opening);
    this.attach(reader);
    return () => this.leave(reader);
  }

  private suits(opening: Opening): boolean {
    const { round } = this;
    if (!round?.kept) return false;
    if (opening.lostAt !== undefined && round.openedAt <= opening.lostAt) return false;
    return round.opening.whole || opening.after === round.number - 1 || sameBytes(opening.body, round.opening.body);
  }

  private begin(opening: Opening): void {
    const before = this.round;
    const round: Round = {
      number: (this.rounds += 1),
      opening,
      openedAt: this.ports.now(),
      abort: new AbortController(),
      head: undefined,
      kept: [],
      size: 0,
    };
    this.finish(round, (reader) => reader.end(before?.number ?? 0, "cut"));
    void this.read(round);
  }

  private attach(reader: Reader): void {
    this.readers.add(reader);
    const { head, kept } = this.round ?? {};
    if (head) reader.head(head.status, head.headers);
    for (const bytes of kept ?? []) reader.bytes(bytes);
  }

  private leave(reader: Reader): void {
    if (!this.readers.delete(reader) || this.readers.size > 0) return;
    this.round?.abort.abort();
    this.round = undefined;
  }

  private async read(round: Round): Promise<void> {
    try {
      const response = await this.ports.fetch(round.opening, round.abort.signal);
      if (this.round !== round) return;
      round.head = { status: response.status, headers: [...response.headers] };
      for (const reader of this.readers) reader.head(round.head.status, round.head.headers);
      await this.pass(round, response);
      if (this.round === round) this.finish(undefined, (reader) => reader.end(round.number, "ended"));
    } catch {
      if (this.round === round) this.finish(undefined, (reader) => reader.broken());
    }
  }

  private async pass(round: Round, response: Response): Promise<void> {
    const cutter = new MessageCutter();
    const body = response.body?.getReader();
    for (;;) {
      const part = await body?.read();
      if (this.round !== round || !part?.value) return;
      const bytes = cutter.take(part.value);
      if (bytes.length === 0) continue;
      keep(round, bytes);
      for (const reader of this.readers) reader.bytes(bytes);
    }
  }

  private finish(next: Round | undefined, tell: (reader: Reader) => void): void {
    const readers = [...this.readers];
    this.round?.abort.abort();
    this.round = next;
    this.readers.clear();
    for (const reader of readers) tell(reader);
  }
}

function keep(round: Round, bytes: Uint8Array<ArrayBuffer>): void {
  round.size += bytes.length;
  if (round.size > MOST_KEPT_BYTES) round.kept = undefined;
  round.kept?.push(bytes);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
