// Keeps one server stream open: reconnects with jitter, notices silence, stops when told.
import { fullJitter } from "./backoff";
import type { Fault } from "./fault";
import { pause, type Timers } from "./timers";

/** Whether the server is there: it has begun to answer, or frames are coming. */
export type Connection = "connecting" | "online" | "reconnecting" | "stopped";

/** What to do after a frame. */
export type Next = "go_on" | "reconnect" | "stop";

/** What a follower needs. */
export interface FollowerPorts<Frame> {
  /** Opens the stream from where it should go on; `answered` is called when the server begins to answer. */
  open(signal: AbortSignal, answered: () => void): AsyncIterable<Frame>;
  /** Takes a frame. */
  take(frame: Frame): Next;
  toFault(error: unknown): Fault;
  /** A fault of the stream: "go_on" reconnects, "stop" gives up. */
  failed(fault: Fault): Promise<"go_on" | "stop">;
  connection(state: Connection): void;
  timers: Timers;
}

/** No frame for so long means that the stream is dead: heartbeats come every 15 seconds. */
export const SILENCE_MS = 40_000;

/** Follows one stream until it is stopped. */
export class Follower<Frame> {
  private stopped = false;
  private attempt = 0;
  private heardAt = 0;
  /** How long the server asked to be left alone. */
  private restMs = 0;
  private round = new AbortController();
  private waiting = new AbortController();
  private readonly ports: FollowerPorts<Frame>;

  constructor(ports: FollowerPorts<Frame>) {
    this.ports = ports;
  }

  /** Follows until `stop`, or until a frame or a fault says so. */
  async run(): Promise<void> {
    this.ports.connection("connecting");
    while (!this.stopped) {
      const next = await this.follow();
      if (next === "stop") break;
      if (!this.stopped) await this.waitToReconnect();
    }
    this.stopped = true;
    this.ports.connection("stopped");
  }

  stop(): void {
    this.stopped = true;
    this.round.abort();
    this.waiting.abort();
  }

  /** The network changed: whatever is open may be dead. */
  reconnect(): void {
    this.attempt = 0;
    this.round.abort();
    this.waiting.abort();
  }

  /** The page woke up: reconnect if the stream went silent meanwhile, and do not wait any longer. */
  wake(): void {
    this.waiting.abort();
    if (this.ports.timers.now() - this.heardAt >= SILENCE_MS) this.reconnect();
  }

  private async follow(): Promise<"go_on" | "stop"> {
    const round = new AbortController();
    this.round = round;
    try {
      return await this.readFrames(round);
    } catch (error) {
      if (round.signal.aborted) return "go_on";
      const fault = this.ports.toFault(error);
      this.restMs = fault.retryAfterMs ?? 0;
      return await this.ports.failed(fault);
    } finally {
      round.abort();
    }
  }

  private async readFrames(round: AbortController): Promise<"go_on" | "stop"> {
    let watchdog = this.watch(round);
    try {
      for await (const frame of this.ports.open(round.signal, () => this.answered(round))) {
        if (round.signal.aborted) return "go_on";
        watchdog();
        watchdog = this.watch(round);
        const next = this.received(frame);
        if (next !== "go_on") return next === "stop" ? "stop" : "go_on";
      }
      return "go_on";
    } finally {
      watchdog();
    }
  }

  /** An open stream may be silent until the next heartbeat. One that breaks before a frame must still be slowed down. */
  private answered(round: AbortController): void {
    if (round.signal.aborted) return;
    this.heardAt = this.ports.timers.now();
    this.ports.connection("online");
  }

  private received(frame: Frame): Next {
    this.heardAt = this.ports.timers.now();
    this.attempt = 0;
    this.ports.connection("online");
    return this.ports.take(frame);
  }

  private watch(round: AbortController): () => void {
    return this.ports.timers.after(SILENCE_MS, () => round.abort());
  }

  private async waitToReconnect(): Promise<void> {
    this.ports.connection("reconnecting");
    this.waiting = new AbortController();
    // A crowd that was told the same does not come back in the same moment.
    const wait = this.restMs + fullJitter(this.attempt, this.ports.timers.random());
    this.restMs = 0;
    await pause(this.ports.timers, wait, this.waiting.signal);
    this.attempt += 1;
  }
}
