// Whether the content service answers: learnt from the calls that the desk makes anyway, and asked again while it does not.
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { fullJitter, type BackoffBounds } from "../core/backoff";
import type { Timers } from "../core/timers";

/** What the health needs. */
export interface HealthPorts {
  /** A small call of the service; whatever it answers is an answer. */
  ask(): Promise<unknown>;
  timers: Timers;
}

const CONTENT = "onqueue.content.v1.";
/** One call may meet a process that is just being replaced. */
const FAILURES_THAT_TELL = 2;
const ASK_AGAIN: BackoffBounds = { base: 1_000, cap: 8_000 };

/** The content service as its last calls found it. */
export class ContentHealth {
  private failures = 0;
  private isAsking = false;
  private stopped = false;
  private readonly ports: HealthPorts;
  private readonly listeners = new Set<() => void>();

  constructor(ports: HealthPorts) {
    this.ports = ports;
  }

  /** Whether it is away. */
  readonly isAway = (): boolean => this.failures >= FAILURES_THAT_TELL;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Watches the calls of a transport. */
  readonly watch: Interceptor = (next) => async (request) => {
    if (!request.service.typeName.startsWith(CONTENT)) return next(request);
    try {
      const answer = await next(request);
      this.answered();
      return answer;
    } catch (error) {
      this.failed(error, request.signal.aborted);
      throw error;
    }
  };

  /** Asks no more. */
  stop(): void {
    this.stopped = true;
  }

  private failed(error: unknown, wasGivenUp: boolean): void {
    const failure = ConnectError.from(error);
    const { code } = failure;
    // Somebody typed on: that says nothing.
    if (code === Code.Canceled || (wasGivenUp && code !== Code.DeadlineExceeded)) return;
    const isGone = code === Code.Unavailable || code === Code.DeadlineExceeded || failure.cause instanceof TypeError;
    if (!isGone) return this.answered();
    this.put(this.failures + 1);
    this.askLater();
  }

  private answered(): void {
    this.put(0);
  }

  private askLater(): void {
    if (this.isAsking || this.stopped) return;
    this.isAsking = true;
    const { timers, ask } = this.ports;
    const wait = fullJitter(this.failures - 1, timers.random(), ASK_AGAIN);
    timers.after(wait, () => {
      this.isAsking = false;
      // What became of it is seen by `watch`.
      if (!this.stopped && this.failures > 0) ask().catch(() => undefined);
    });
  }

  private put(failures: number): void {
    const before = this.isAway();
    this.failures = failures;
    if (before !== this.isAway()) for (const listener of this.listeners) listener();
  }
}
