// Where the customer stands in line, while they wait: one stream in, something to show at most every five seconds.
import type { Client } from "@connectrpc/connect";
import type { Standing as ConversationStanding } from "../core/conversation";
import { Follower, type Next } from "../core/follower";
import type { Timers } from "../core/timers";
import type { Standing, WaitService, WatchPositionResponse } from "../gen/guest/onqueue/routing/v1/wait_pb";
import { faultOf } from "../rpc/faults";
import { recover } from "../rpc/recovery";
import { NO_DEADLINE, type TokenSource } from "../rpc/transport";
import { shared } from "../share/shared-fetch";

/** What is known of the wait. */
export interface Waiting {
  standing: Standing | undefined;
  /** What the queue said last to those who wait. */
  notice: { text: string; language: string } | undefined;
}

/** What following the wait needs. */
export interface WaitingPorts {
  conversationId: string;
  client: Client<typeof WaitService>;
  tokens: TokenSource;
  timers: Timers;
  /** Nothing while the customer does not wait. */
  changed(waiting: Waiting | undefined): void;
}

/** Numbers that change more often cannot be read. */
export const LEAST_BETWEEN_MS = 5_000;

/** A page that is opened again reads at first what was: a wait that is over is not asked for. */
const LOG_FIRST_MS = 100;

const NOTHING: Waiting = { standing: undefined, notice: undefined };

/** Follows the wait of one conversation, each time that it waits. */
export class WaitingWatch {
  private follower: Follower<WatchPositionResponse> | undefined;
  private seen: ConversationStanding | undefined;
  private current = NOTHING;
  private shownAt = Number.NEGATIVE_INFINITY;
  private cancelStart: (() => void) | undefined;
  private cancelNext: (() => void) | undefined;
  private readonly ports: WaitingPorts;

  constructor(ports: WaitingPorts) {
    this.ports = ports;
  }

  /** The conversation stands somewhere; `language` is what the queue's messages are wanted in. */
  stands(standing: ConversationStanding, language: string): void {
    if (standing === this.seen) return;
    this.seen = standing;
    if (standing !== "queued" && standing !== "alerting") return this.stop();
    this.cancelStart ??= this.ports.timers.after(LOG_FIRST_MS, () => (this.follower = this.follow(language)));
  }

  networkChanged(): void {
    this.follower?.reconnect();
  }

  wake(): void {
    this.follower?.wake();
  }

  stop(): void {
    this.cancelStart?.();
    this.cancelStart = undefined;
    this.follower?.stop();
    this.follower = undefined;
    this.cancelNext?.();
    this.cancelNext = undefined;
    this.shownAt = Number.NEGATIVE_INFINITY;
    if (this.current === NOTHING) return;
    this.current = NOTHING;
    this.ports.changed(undefined);
  }

  private follow(language: string): Follower<WatchPositionResponse> {
    const { client, conversationId, timers } = this.ports;
    const follower: Follower<WatchPositionResponse> = new Follower<WatchPositionResponse>({
      open: (signal, onHeader) => {
        const headers = shared(`position ${conversationId}`, true);
        return client.watchPosition({ conversationId, language }, { signal, onHeader, headers, ...NO_DEADLINE });
      },
      take: (frame) => this.take(frame),
      toFault: faultOf,
      failed: (fault) => this.failed(fault),
      connection: (connection) => {
        if (connection === "stopped" && this.follower === follower) this.stop();
      },
      timers,
    });
    void follower.run();
    return follower;
  }

  private take({ frame }: WatchPositionResponse): Next {
    switch (frame.case) {
      case "standing":
        this.current = { ...this.current, standing: frame.value };
        this.showInTime();
        return "go_on";
      case "notice":
        this.current = { ...this.current, notice: { text: frame.value.text, language: frame.value.language } };
        this.show();
        return "go_on";
      case "goodbye":
        return frame.value.reason === "served" || frame.value.reason === "ended" ? "stop" : "reconnect";
      default:
        return "go_on";
    }
  }

  private async failed(fault: ReturnType<typeof faultOf>): Promise<"go_on" | "stop"> {
    const { tokens } = this.ports;
    const gone = await recover(fault, { renew: async () => tokens.renew(await tokens.token()), readAnew: () => undefined });
    return gone ? "stop" : "go_on";
  }

  /** Later ones replace what waits to be shown. */
  private showInTime(): void {
    if (this.cancelNext) return;
    const rest = this.shownAt + LEAST_BETWEEN_MS - this.ports.timers.now();
    if (rest <= 0) return this.show();
    this.cancelNext = this.ports.timers.after(rest, () => this.show());
  }

  private show(): void {
    this.cancelNext?.();
    this.cancelNext = undefined;
    this.shownAt = this.ports.timers.now();
    this.ports.changed(this.current);
  }
}
