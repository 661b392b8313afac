// Queues as they are now: one stream in, one snapshot out.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import type { Fault } from "../../core/fault";
import { Follower, type Connection, type Next } from "../../core/follower";
import type { Timers } from "../../core/timers";
import type {
  ObservationChanges,
  ObservationService,
  QueueObservation,
  WatchObservationsResponse,
} from "../../gen/onqueue/routing/v1/observation_pb";
import { faultOf } from "../../rpc/faults";
import { recover } from "../../rpc/recovery";
import { NO_DEADLINE, type TokenSource } from "../../rpc/transport";
import { shared } from "../../share/shared-fetch";

/** What the page shows. Values are replaced, never changed. */
export interface BoardSnapshot {
  connection: Connection;
  /** Whether everything that holds has been told once. */
  known: boolean;
  /** By name. */
  queues: readonly QueueObservation[];
  /** All queues together, for who may see them all. */
  organisation: QueueObservation | undefined;
  /** As of when, by the server's clock. */
  at: number | undefined;
  /** It cannot be followed. */
  fault: Fault | undefined;
}

/** What the board needs. */
export interface BoardPorts {
  userId: string;
  windowSeconds: number;
  client: Client<typeof ObservationService>;
  tokens: TokenSource;
  timers: Timers;
}

const NOTHING: BoardSnapshot = {
  connection: "connecting",
  known: false,
  queues: [],
  organisation: undefined,
  at: undefined,
  fault: undefined,
};

/** The queues that a supervisor may see. */
export class Board {
  private current = NOTHING;
  private queues = new Map<string, QueueObservation>();
  private organisation: QueueObservation | undefined;
  /** Until everything was told, what an earlier stream told stays on the page. */
  private isWhole = false;
  private readonly listeners = new Set<() => void>();
  private readonly ports: BoardPorts;
  private readonly follower: Follower<WatchObservationsResponse>;

  constructor(ports: BoardPorts) {
    this.ports = ports;
    this.follower = new Follower<WatchObservationsResponse>({
      open: (signal, answered) => this.open(signal, answered),
      take: (frame) => this.take(frame),
      toFault: faultOf,
      failed: (fault) => this.failed(fault),
      connection: (connection) => this.set({ connection }),
      timers: ports.timers,
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): BoardSnapshot => this.current;

  start(): void {
    void this.follower.run();
  }

  stop(): void {
    this.follower.stop();
  }

  networkChanged(): void {
    this.follower.reconnect();
  }

  wake(): void {
    this.follower.wake();
  }

  private open(signal: AbortSignal, onHeader: () => void): AsyncIterable<WatchObservationsResponse> {
    const { userId, windowSeconds, client } = this.ports;
    this.queues = new Map();
    this.organisation = undefined;
    this.isWhole = false;
    const headers = shared(`observations ${userId} ${windowSeconds}`, true);
    return client.watchObservations({ windowSeconds }, { signal, onHeader, headers, ...NO_DEADLINE });
  }

  private take({ frame }: WatchObservationsResponse): Next {
    if (frame.case === "goodbye") return "reconnect";
    if (frame.case === "changes") this.takeChanges(frame.value);
    return "go_on";
  }

  private takeChanges({ at, queues, organisation, removedQueueIds, complete }: ObservationChanges): void {
    for (const queue of queues) this.queues.set(queue.queueId, queue);
    for (const queueId of removedQueueIds) this.queues.delete(queueId);
    this.organisation = organisation ?? this.organisation;
    this.isWhole ||= complete;
    if (!this.isWhole) return;
    this.set({
      known: true,
      queues: [...this.queues.values()],
      organisation: this.organisation,
      at: at && timestampMs(at),
      fault: undefined,
    });
  }

  private async failed(fault: Fault): Promise<"go_on" | "stop"> {
    const { tokens } = this.ports;
    const gone = await recover(fault, { renew: async () => tokens.renew(await tokens.token()), readAnew: () => undefined });
    if (gone) this.set({ fault: gone });
    return gone ? "stop" : "go_on";
  }

  private set(change: Partial<BoardSnapshot>): void {
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener();
  }
}
