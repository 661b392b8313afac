// Everything the desk knows: one stream in, one snapshot out.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Cursors } from "../core/cursors";
import type { Fault } from "../core/fault";
import { Follower, type Connection, type Next } from "../core/follower";
import { slot, tabStorage, type Slot } from "../core/storage";
import type { Timers } from "../core/timers";
import type { WatchResponse } from "../gen/onqueue/gateway/v1/desk_pb";
import type { Agent, Offer, WatchMeResponse } from "../gen/onqueue/routing/v1/agent_pb";
import type { WatchMineResponse, WatchResponse as ConversationFrame } from "../gen/onqueue/session/v1/conversation_pb";
import { faultOf } from "../rpc/faults";
import { recover } from "../rpc/recovery";
import { NO_DEADLINE, type TokenSource } from "../rpc/transport";
import { shared } from "../share/shared-fetch";
import type { DeskClients } from "./clients";
import { DeskChat, type ChatSnapshot } from "./desk-chat";

/** What the pages show. Values are replaced, never changed. */
export interface DeskSnapshot {
  connection: Connection;
  /** Absent until known, and for users who are no agents. */
  agent: Agent | undefined;
  offers: readonly Offer[];
  chats: readonly ChatSnapshot[];
  selected: string | undefined;
  /** How far the server's clock is ahead, in milliseconds. */
  clockAhead: number;
  /** The session is over. */
  gone: Fault | undefined;
}

/** What the store needs. */
export interface DeskPorts {
  userId: string;
  clients: DeskClients;
  tokens: TokenSource;
  timers: Timers;
}

const NOTHING: DeskSnapshot = {
  connection: "connecting",
  agent: undefined,
  offers: [],
  chats: [],
  selected: undefined,
  clockAhead: 0,
  gone: undefined,
};

/** Heartbeats come every 15 seconds. */
const HEARTBEAT_LEAST_MS = 5_000;

/** The desk of one signed-in user. */
export class DeskStore {
  private current: DeskSnapshot;
  private readonly listeners = new Set<() => void>();
  private readonly chats = new Map<string, DeskChat>();
  private readonly cursors = new Cursors();
  private seenThisRound = new Set<string>();
  private offersAreOld = true;
  private heartbeatAt = Number.NEGATIVE_INFINITY;
  private clockKnown = false;
  private readonly ports: DeskPorts;
  private readonly follower: Follower<WatchResponse>;
  private readonly keptSelection: Slot<string>;

  constructor(ports: DeskPorts) {
    this.ports = ports;
    this.keptSelection = slot(tabStorage(), `onqueue.desk.${ports.userId}.chat`);
    this.current = { ...NOTHING, selected: this.keptSelection.load() };
    this.follower = new Follower<WatchResponse>({
      open: (signal, answered) => this.open(signal, answered),
      take: (frame) => this.take(frame),
      toFault: faultOf,
      failed: (fault) => this.streamFailed(fault),
      connection: (connection) => this.connectionChanged(connection),
      timers: ports.timers,
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): DeskSnapshot => this.current;

  start(): void {
    void this.follower.run();
  }

  stop(): void {
    this.follower.stop();
    for (const chat of this.chats.values()) chat.close("keep");
  }

  /** The chat of that id, if the desk has it. */
  chat(conversationId: string): DeskChat | undefined {
    return this.chats.get(conversationId);
  }

  /** Chooses a chat, or none; a reload chooses it again. */
  select(conversationId: string | undefined): void {
    if (conversationId === undefined) this.keptSelection.clear();
    else this.keptSelection.save(conversationId);
    this.set({ selected: conversationId });
  }

  /** Takes an ended chat off the desk. */
  closeChat(conversationId: string): void {
    this.chats.get(conversationId)?.close("forget");
    this.chats.delete(conversationId);
    this.cursors.forget(conversationId);
    if (this.current.selected === conversationId) this.select(undefined);
    this.chatsChanged();
  }

  /** The customer of these conversations was erased; their streams do not tell. */
  erased(conversationIds: readonly string[]): void {
    for (const id of conversationIds) this.chats.get(id)?.readErased();
  }

  /** Takes over the agent's state from an answer. */
  setAgent(agent: Agent | undefined): void {
    if (agent) this.set({ agent });
  }

  /** An offer was answered. */
  dropOffer(offerId: string): void {
    this.set({ offers: this.current.offers.filter((offer) => offer.offerId !== offerId) });
  }

  /** Sends what waits in every chat. */
  sendWaiting(): void {
    this.kickChats();
  }

  networkChanged(): void {
    this.follower.reconnect();
    this.kickChats();
  }

  wake(): void {
    this.follower.wake();
    this.kickChats();
  }

  private open(signal: AbortSignal, onHeader: () => void): AsyncIterable<WatchResponse> {
    this.seenThisRound = new Set();
    this.offersAreOld = true;
    this.clockKnown = false;
    const cursors = this.cursors.list();
    const headers = shared(`desk ${this.ports.userId}`, cursors.length === 0);
    return this.ports.clients.desk.watch({ cursors }, { signal, onHeader, headers, ...NO_DEADLINE });
  }

  private take({ frame }: WatchResponse): Next {
    switch (frame.case) {
      case "agent":
        this.takeAgent(frame.value);
        return "go_on";
      case "mine":
        this.takeMine(frame.value);
        return "go_on";
      case "conversation":
        if (frame.value.frame) this.takeConversation(frame.value.conversationId, frame.value.frame);
        return "go_on";
      case "heartbeat":
        if (frame.value.at) this.setClock(timestampMs(frame.value.at));
        return "go_on";
      case "goodbye":
        for (const { conversationId, cursor } of frame.value.cursors) this.cursors.advance(conversationId, cursor);
        return "reconnect";
      default:
        return "go_on";
    }
  }

  private takeAgent({ frame }: WatchMeResponse): void {
    switch (frame.case) {
      case "agent":
        this.set({ agent: frame.value, offers: this.offersAreOld ? [] : this.current.offers });
        this.offersAreOld = false;
        return;
      case "offered":
        this.takeOffer(frame.value);
        return;
      case "offerEnded":
        this.dropOffer(frame.value.offerId);
        return;
      case "heartbeat":
        if (frame.value.at) this.setClock(timestampMs(frame.value.at));
        this.answerHeartbeat();
        return;
      case "goodbye":
        this.offersAreOld = true;
        return;
    }
  }

  private answerHeartbeat(): void {
    const now = this.ports.timers.now();
    // A tab that joins a shared stream gets the earlier ones too.
    if (now - this.heartbeatAt < HEARTBEAT_LEAST_MS) return;
    this.heartbeatAt = now;
    // If it is lost, so is the stream, and the next one brings a heartbeat again.
    void this.ports.clients.agents.heartbeat({}).catch(() => undefined);
  }

  private takeOffer(offer: Offer): void {
    const others = this.current.offers.filter(({ offerId }) => offerId !== offer.offerId);
    this.set({ offers: [...others, offer] });
  }

  private takeMine({ frame }: WatchMineResponse): void {
    switch (frame.case) {
      case "added": {
        const conversationId = frame.value.conversation?.conversationId;
        if (!conversationId) return;
        this.seenThisRound.add(conversationId);
        const chat = this.chatFor(conversationId);
        const { guestAwaySince, supervisors } = frame.value.conversation ?? {};
        chat.takePresence(guestAwaySince && timestampMs(guestAwaySince));
        chat.takeSupervisors(supervisors ?? []);
        chat.setMine(true);
        return;
      }
      case "removed":
        this.noLongerMine(frame.value.conversationId);
        return;
      case "caughtUp":
        for (const id of this.chats.keys()) if (!this.seenThisRound.has(id)) this.noLongerMine(id);
        return;
    }
  }

  private noLongerMine(conversationId: string): void {
    this.cursors.forget(conversationId);
    this.chats.get(conversationId)?.setMine(false);
  }

  private takeConversation(conversationId: string, { frame, cursor }: ConversationFrame): void {
    const chat = this.chats.get(conversationId);
    // A late frame of a chat that was closed here.
    if (!chat) return;
    this.cursors.advance(conversationId, cursor);
    chat.takeFrame(frame);
  }

  private chatFor(conversationId: string): DeskChat {
    const known = this.chats.get(conversationId);
    if (known) return known;
    const { userId, clients, timers } = this.ports;
    const changed = () => this.chatsChanged();
    const answered = () => this.follower.wake();
    const chat = new DeskChat({ conversationId, userId, clients, timers, changed, answered });
    this.chats.set(conversationId, chat);
    this.chatsChanged();
    return chat;
  }

  private async streamFailed(fault: Fault): Promise<"go_on" | "stop"> {
    const { tokens } = this.ports;
    const gone = await recover(fault, {
      renew: async () => tokens.renew(await tokens.token()),
      readAnew: () => {
        this.cursors.clear();
        for (const chat of this.chats.values()) chat.readAnew();
      },
    });
    if (gone) this.set({ gone });
    return gone ? "stop" : "go_on";
  }

  private connectionChanged(connection: Connection): void {
    if (connection === this.current.connection) return;
    this.set({ connection });
    if (connection === "online") this.kickChats();
  }

  private kickChats(): void {
    for (const chat of this.chats.values()) chat.kick();
  }

  private setClock(serverNow: number): void {
    const ahead = serverNow - this.ports.timers.now();
    // What took longest to come says least: the earlier frames of a shared stream are old.
    this.set({ clockAhead: this.clockKnown ? Math.max(ahead, this.current.clockAhead) : ahead });
    this.clockKnown = true;
  }

  private chatsChanged(): void {
    this.set({ chats: [...this.chats.values()].map((chat) => chat.snapshot) });
  }

  private set(change: Partial<DeskSnapshot>): void {
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener();
  }
}
