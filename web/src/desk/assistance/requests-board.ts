// The requests for assistance that a supervisor may take: one stream in, one snapshot out.
import type { Client } from "@connectrpc/connect";
import type { Fault } from "../../core/fault";
import { Follower, type Next } from "../../core/follower";
import type { Timers } from "../../core/timers";
import type { Assistance, AssistanceService, WatchRequestsResponse } from "../../gen/onqueue/session/v1/assistance_pb";
import { faultOf } from "../../rpc/faults";
import { recover } from "../../rpc/recovery";
import { NO_DEADLINE, type TokenSource } from "../../rpc/transport";
import { shared } from "../../share/shared-fetch";

/** A request, and since when it waits by this page's clock. */
export interface OpenRequest {
  assistance: Assistance;
  since: number;
}

/** What the board needs. */
export interface RequestsPorts {
  userId: string;
  client: Pick<Client<typeof AssistanceService>, "watchRequests">;
  tokens: TokenSource;
  timers: Timers;
}

/** The open requests, the longest wait first. Values are replaced, never changed. */
export class RequestsBoard {
  private shown: readonly OpenRequest[] = [];
  private known = new Map<string, OpenRequest>();
  private isWhole = false;
  private follower: Follower<WatchRequestsResponse> | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly ports: RequestsPorts;

  constructor(ports: RequestsPorts) {
    this.ports = ports;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): readonly OpenRequest[] => this.shown;

  /** Follows until `stop`; may be started again. */
  start(): void {
    this.follower ??= this.follow();
  }

  stop(): void {
    this.follower?.stop();
    this.follower = undefined;
    this.known = new Map();
    this.show();
  }

  networkChanged(): void {
    this.follower?.reconnect();
  }

  wake(): void {
    this.follower?.wake();
  }

  /** Somebody has it: do not wait until the stream says so. */
  drop(assistanceId: string): void {
    this.known.delete(assistanceId);
    this.show();
  }

  private follow(): Follower<WatchRequestsResponse> {
    const follower = new Follower<WatchRequestsResponse>({
      open: (signal, onHeader) => {
        this.known = new Map();
        this.isWhole = false;
        const headers = shared(`requests ${this.ports.userId}`, true);
        return this.ports.client.watchRequests({}, { signal, onHeader, headers, ...NO_DEADLINE });
      },
      take: (frame) => this.take(frame),
      toFault: faultOf,
      failed: (fault) => this.failed(fault),
      connection: () => undefined,
      timers: this.ports.timers,
    });
    void follower.run();
    return follower;
  }

  private take({ frame }: WatchRequestsResponse): Next {
    switch (frame.case) {
      case "opened": {
        const { assistanceId, waitingMs } = frame.value;
        this.known.set(assistanceId, { assistance: frame.value, since: this.ports.timers.now() - Number(waitingMs) });
        break;
      }
      case "gone":
        this.known.delete(frame.value.assistanceId);
        break;
      case "caughtUp":
        this.isWhole = true;
        break;
      case "goodbye":
        return "reconnect";
      default:
        return "go_on";
    }
    // Until everything was told, what an earlier stream told stays on the page.
    if (this.isWhole) this.show();
    return "go_on";
  }

  private async failed(fault: Fault): Promise<"go_on" | "stop"> {
    const { tokens } = this.ports;
    const renew = async () => tokens.renew(await tokens.token());
    const gone = await recover(fault, { renew, readAnew: () => undefined });
    if (gone) this.stop();
    return gone ? "stop" : "go_on";
  }

  private show(): void {
    this.shown = [...this.known.values()].sort((one, other) => one.since - other.since);
    for (const tell of this.listeners) tell();
  }
}
