// Files on their way into a conversation: announced, sent with progress, looked at, and in the log or refused.
import type { Fault } from "./fault";
import type { Timers } from "./timers";

/** Where a file is. */
export type UploadState = "waiting" | "sending" | "checking" | "clean" | "refused" | "failed";

/** A file that the log does not show yet. */
export interface UploadEntry {
  /** Names the announcement: announcing again with it gives the same attachment. */
  requestId: string;
  name: string;
  bytes: number;
  /** How many bytes have gone. */
  sent: number;
  state: UploadState;
  /** Why it was not let in, as the API or the page says it. */
  refusal: string;
  /** Why it did not arrive. */
  fault: Fault | undefined;
  /** Empty until it was announced. */
  attachmentId: string;
}

/** A file as far as the logic needs it. */
export interface NamedBytes {
  readonly name: string;
  readonly size: number;
}

/** What may be attached. */
export interface UploadLimits {
  enabled: boolean;
  maxBytes: number;
  leftBytes: number;
  mediaTypes: readonly string[];
}

/** How a file stands with the server. */
export interface UploadVerdict {
  state: "clean" | "checking" | "refused";
  refusal: string;
}

/** What uploads need from their surroundings. */
export interface UploadPorts<File extends NamedBytes> {
  /** Announces a file; the path is empty when its bytes are there already. */
  announce(requestId: string, file: File): Promise<{ attachmentId: string; path: string }>;
  /** Sends the bytes; throws a `Fault` or what `toFault` reads. */
  put(path: string, file: File, progress: (sent: number) => void, signal: AbortSignal): Promise<UploadVerdict>;
  /** How an announced file stands; nothing when it is gone. */
  look(attachmentId: string): Promise<UploadVerdict | undefined>;
  toFault(error: unknown): Fault;
  changed(entries: readonly UploadEntry[]): void;
  newId(): string;
  timers: Timers;
}

/** How often it is asked whether a file in quarantine was looked at. */
export const LOOK_AGAIN_MS = 3_000;

/** The files of one sender in one conversation, one on its way at a time. */
export class Uploads<File extends NamedBytes> {
  private entries: UploadEntry[] = [];
  private readonly files = new Map<string, File>();
  private running = false;
  private closed = false;
  private round = new AbortController();
  private readonly ports: UploadPorts<File>;

  constructor(ports: UploadPorts<File>) {
    this.ports = ports;
  }

  /** Takes files; those that could not be let in are refused at once. */
  add(files: readonly File[], limits: UploadLimits): void {
    for (const file of files) {
      const requestId = this.ports.newId();
      const refusal = refusalOf(file, limits);
      const state = refusal === "" ? "waiting" : "refused";
      this.files.set(requestId, file);
      this.entries = [
        ...this.entries,
        { requestId, name: file.name, bytes: file.size, sent: 0, state, refusal, fault: undefined, attachmentId: "" },
      ];
    }
    this.tell();
    this.run();
  }

  /** Sends a file again that did not arrive. */
  retry(requestId: string): void {
    if (this.find(requestId)?.state !== "failed") return;
    this.mark(requestId, { state: "waiting", fault: undefined, sent: 0 });
    this.run();
  }

  /** Takes a file off the list; one that is being sent is given up. */
  discard(requestId: string): void {
    const entry = this.find(requestId);
    if (entry?.state === "sending") this.round.abort();
    this.drop(requestId);
  }

  /** The log shows the file. */
  confirm(attachmentId: string): void {
    const entry = this.entries.find((each) => each.attachmentId === attachmentId && attachmentId !== "");
    if (entry) this.drop(entry.requestId);
  }

  close(): void {
    this.closed = true;
    this.round.abort();
  }

  private run(): void {
    if (this.running || this.closed) return;
    this.running = true;
    void this.drain();
  }

  private async drain(): Promise<void> {
    for (let entry = this.next(); entry && !this.closed; entry = this.next()) await this.bring(entry);
    this.running = false;
  }

  private async bring({ requestId }: UploadEntry): Promise<void> {
    const file = this.files.get(requestId);
    if (!file) return this.drop(requestId);
    this.round = new AbortController();
    const { signal } = this.round;
    this.mark(requestId, { state: "sending" });
    try {
      const { attachmentId, path } = await this.ports.announce(requestId, file);
      this.mark(requestId, { attachmentId });
      if (signal.aborted) return;
      const sent = (bytes: number) => this.mark(requestId, { sent: bytes });
      this.judged(requestId, path === "" ? { state: "checking", refusal: "" } : await this.ports.put(path, file, sent, signal));
    } catch (error) {
      this.mark(requestId, { state: "failed", fault: this.ports.toFault(error) });
    }
  }

  private judged(requestId: string, { state, refusal }: UploadVerdict): void {
    const bytes = this.find(requestId)?.bytes ?? 0;
    this.mark(requestId, { state, refusal, sent: bytes });
    // What was let in, or not, is sent no more.
    if (state !== "checking") this.files.delete(requestId);
    else this.ports.timers.after(LOOK_AGAIN_MS, () => void this.lookAgain(requestId));
  }

  private async lookAgain(requestId: string): Promise<void> {
    const entry = this.find(requestId);
    if (entry?.state !== "checking" || this.closed) return;
    const verdict = await this.ports.look(entry.attachmentId).catch(() => ({ state: "checking", refusal: "" }) as const);
    if (verdict) this.judged(requestId, verdict);
    else this.drop(requestId);
  }

  private next(): UploadEntry | undefined {
    return this.entries.find(({ state }) => state === "waiting");
  }

  private find(requestId: string): UploadEntry | undefined {
    return this.entries.find((entry) => entry.requestId === requestId);
  }

  private mark(requestId: string, change: Partial<UploadEntry>): void {
    if (!this.find(requestId)) return;
    this.entries = this.entries.map((entry) => (entry.requestId === requestId ? { ...entry, ...change } : entry));
    this.tell();
  }

  private drop(requestId: string): void {
    this.files.delete(requestId);
    this.entries = this.entries.filter((entry) => entry.requestId !== requestId);
    this.tell();
  }

  private tell(): void {
    this.ports.changed(this.entries);
  }
}

/** Why a file cannot be let in, as far as that can be said before it is sent. */
function refusalOf({ size }: NamedBytes, { maxBytes, leftBytes }: UploadLimits): string {
  if (size === 0) return "empty";
  if (size > maxBytes) return "too_large";
  return size > leftBytes ? "quota" : "";
}
