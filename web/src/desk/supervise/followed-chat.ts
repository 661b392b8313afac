// A conversation that a supervisor follows: its own stream into the same chat that agents have.
import { Follower, type Next } from "../../core/follower";
import type { Fault } from "../../core/fault";
import type { Timers } from "../../core/timers";
import type { WatchResponse } from "../../gen/onqueue/session/v1/conversation_pb";
import { faultOf } from "../../rpc/faults";
import { recover } from "../../rpc/recovery";
import { NO_DEADLINE, type TokenSource } from "../../rpc/transport";
import { shared } from "../../share/shared-fetch";
import type { DeskClients } from "../clients";
import { DeskChat, type ChatSnapshot } from "../desk-chat";

/** What following needs. */
export interface FollowedPorts {
  conversationId: string;
  userId: string;
  clients: DeskClients;
  tokens: TokenSource;
  timers: Timers;
}

/** One conversation that is followed until it is stopped. */
export class FollowedChat {
  readonly chat: DeskChat;
  private cursor = "";
  private readonly listeners = new Set<() => void>();
  private readonly ports: FollowedPorts;
  private readonly follower: Follower<WatchResponse>;

  constructor(ports: FollowedPorts) {
    this.ports = ports;
    const { conversationId, userId, clients, timers } = ports;
    const changed = () => this.listeners.forEach((tell) => tell());
    this.chat = new DeskChat({ conversationId, userId, clients, timers, changed, answered: () => this.follower.wake() });
    this.follower = new Follower<WatchResponse>({
      open: (signal, answered) => this.open(signal, answered),
      take: (frame) => this.take(frame),
      toFault: faultOf,
      failed: (fault) => this.failed(fault),
      connection: (connection) => connection === "online" && this.chat.kick(),
      timers,
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): ChatSnapshot => this.chat.snapshot;

  start(): void {
    void this.follower.run();
  }

  stop(): void {
    this.follower.stop();
    this.chat.close("keep");
  }

  private open(signal: AbortSignal, onHeader: () => void): AsyncIterable<WatchResponse> {
    const { conversationId, userId, clients } = this.ports;
    const headers = shared(`followed ${userId} ${conversationId}`, this.cursor === "");
    return clients.conversations.watch({ conversationId, cursor: this.cursor }, { signal, onHeader, headers, ...NO_DEADLINE });
  }

  private take({ frame, cursor }: WatchResponse): Next {
    if (cursor !== "") this.cursor = cursor;
    if (frame.case !== "goodbye") {
      this.chat.takeFrame(frame);
      return "go_on";
    }
    // As somebody else they see another log, with numbers of its own.
    if (frame.value.reason === "access_changed") this.readAnew();
    return frame.value.reason === "conversation_ended" ? "stop" : "reconnect";
  }

  private async failed(fault: Fault): Promise<"go_on" | "stop"> {
    const { tokens } = this.ports;
    const renew = async () => tokens.renew(await tokens.token());
    return (await recover(fault, { renew, readAnew: () => this.readAnew() })) ? "stop" : "go_on";
  }

  private readAnew(): void {
    this.cursor = "";
    this.chat.readAnew();
  }
}
