// Messages on their way: kept in order until the server has them, and sent again with the same id.
import { fullJitter } from "./backoff";
import { worthRepeating, type Fault } from "./fault";
import type { Timers } from "./timers";

/** Where a message is: on its way, stored by the server, or refused. */
export type OutboxState = "sending" | "sent" | "failed";

/** A message that the log does not show yet. */
export interface OutboxEntry {
  clientMessageId: string;
  text: string;
  /** When it was written, milliseconds since the epoch. */
  writtenAt: number;
  state: OutboxState;
  /** Why it was refused. */
  fault?: Fault;
}

/** What the outbox needs from its surroundings. */
export interface OutboxPorts {
  send(entry: OutboxEntry): Promise<unknown>;
  /** The server answered: it is there again. */
  answered(): void;
  toFault(error: unknown): Fault;
  /** Called after each change with all entries in order. */
  changed(entries: readonly OutboxEntry[]): void;
  timers: Timers;
}

/** The messages of one sender in one conversation. */
export class Outbox {
  private entries: OutboxEntry[] = [];
  private running = false;
  private closed = false;
  private attempts = 0;
  private wake: (() => void) | undefined;
  private readonly ports: OutboxPorts;

  /** `kept` are the entries that an earlier page left. */
  constructor(ports: OutboxPorts, kept: readonly OutboxEntry[] = []) {
    this.ports = ports;
    this.entries = kept.map((entry) => ({ ...entry }));
  }

  /** All entries, oldest first. */
  list(): readonly OutboxEntry[] {
    return this.entries;
  }

  /** Takes a message; it is sent after those before it. */
  add(clientMessageId: string, text: string): void {
    const writtenAt = this.ports.timers.now();
    this.replace([...this.entries, { clientMessageId, text, writtenAt, state: "sending" }]);
    this.run();
  }

  /** The log shows the message: whatever the answer was, it is stored. */
  confirm(clientMessageId: string): void {
    if (!this.find(clientMessageId)) return;
    this.replace(this.entries.filter((entry) => entry.clientMessageId !== clientMessageId));
  }

  /** Sends a refused message again, with its id, after those already waiting. */
  retry(clientMessageId: string): void {
    const entry = this.find(clientMessageId);
    if (entry?.state !== "failed") return;
    const { fault: _, ...rest } = entry;
    const others = this.entries.filter((other) => other !== entry);
    this.replace([...others, { ...rest, state: "sending" }]);
    this.run();
  }

  /** Gives up a refused message. */
  discard(clientMessageId: string): void {
    if (this.find(clientMessageId)?.state === "failed") this.confirm(clientMessageId);
  }

  /** Something changed for the better: do not wait any longer. */
  kick(): void {
    this.attempts = 0;
    this.wake?.();
    this.run();
  }

  /** Sends nothing any more. */
  close(): void {
    this.closed = true;
    this.wake?.();
  }

  private run(): void {
    if (this.running || this.closed) return;
    this.running = true;
    void this.drain();
  }

  private async drain(): Promise<void> {
    for (let entry = this.next(); entry && !this.closed; entry = this.next()) {
      await this.attempt(entry);
    }
    this.running = false;
  }

  private async attempt(entry: OutboxEntry): Promise<void> {
    try {
      await this.ports.send(entry);
      this.attempts = 0;
      this.mark(entry.clientMessageId, { state: "sent" });
      this.ports.answered();
    } catch (error) {
      await this.afterFailure(entry, this.ports.toFault(error));
    }
  }

  private async afterFailure(entry: OutboxEntry, fault: Fault): Promise<void> {
    if (!worthRepeating(fault, this.attempts)) {
      this.attempts = 0;
      this.mark(entry.clientMessageId, { state: "failed", fault });
      return;
    }
    const wait = fullJitter(this.attempts, this.ports.timers.random());
    this.attempts += 1;
    await this.sleep(Math.max(wait, fault.retryAfterMs ?? 0));
  }

  private sleep(ms: number): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise<void>((resolve) => {
      const cancel = this.ports.timers.after(ms, resolve);
      this.wake = () => (cancel(), resolve());
    }).then(() => (this.wake = undefined));
  }

  private next(): OutboxEntry | undefined {
    return this.entries.find((entry) => entry.state === "sending");
  }

  private find(clientMessageId: string): OutboxEntry | undefined {
    return this.entries.find((entry) => entry.clientMessageId === clientMessageId);
  }

  private mark(clientMessageId: string, change: Partial<OutboxEntry>): void {
    if (!this.find(clientMessageId)) return;
    this.replace(
      this.entries.map((entry) => (entry.clientMessageId === clientMessageId ? { ...entry, ...change } : entry)),
    );
  }

  private replace(entries: OutboxEntry[]): void {
    this.entries = entries;
    this.ports.changed(entries);
  }
}
