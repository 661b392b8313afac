// The customer's side of one conversation: follows it, sends, and tells the page what changed.
import type { Client } from "@connectrpc/connect";
import { EMPTY_VIEW, isClosed, withEvents, type ConversationView } from "../core/conversation";
import type { Fault } from "../core/fault";
import { Follower, type Connection, type Next } from "../core/follower";
import { Outbox, type OutboxEntry } from "../core/outbox";
import type { Slot } from "../core/storage";
import type { Timers } from "../core/timers";
import { TypingSender, TypingWatcher } from "../core/typing";
import { Uploads, type UploadEntry, type UploadLimits } from "../core/uploads";
import { newUuid } from "../core/uuid";
import type { WaitService } from "../gen/guest/onqueue/routing/v1/wait_pb";
import type { AttachmentService } from "../gen/guest/onqueue/session/v1/attachment_pb";
import type { ConversationService, WatchResponse } from "../gen/guest/onqueue/session/v1/conversation_pb";
import { download, readLimits, uploadWays } from "../rpc/attachments";
import { faultOf } from "../rpc/faults";
import { recover } from "../rpc/recovery";
import { NO_DEADLINE, type TokenSource } from "../rpc/transport";
import { shared } from "../share/shared-fetch";
import { WaitingWatch, type Waiting } from "./waiting";

/** What the page shows. */
export interface ChatState {
  view: ConversationView;
  outbox: readonly OutboxEntry[];
  connection: Connection;
  uploads: readonly UploadEntry[];
  /** What may be attached; nothing until it is known. */
  limits: UploadLimits | undefined;
  /** Whether the other side types. */
  otherTypes: boolean;
  /** What is known of the wait; nothing unless the customer waits. */
  waiting: Waiting | undefined;
  /** The chat can not be gone on with. */
  gone: Fault | undefined;
}

/** What a chat needs. */
export interface ChatPorts {
  conversationId: string;
  participantId: string;
  client: Client<typeof ConversationService>;
  waits: Client<typeof WaitService>;
  attachments: Client<typeof AttachmentService>;
  /** The language of the page. */
  language(): string;
  tokens: TokenSource;
  outbox: Slot<OutboxEntry[]>;
  timers: Timers;
  changed(state: ChatState): void;
}

/** A chat that the customer is in. */
export class CustomerConversation {
  private current: ChatState;
  private cursor = "";
  private readonly ports: ChatPorts;
  private readonly outbox: Outbox;
  private readonly files: Uploads<File>;
  private readonly follower: Follower<WatchResponse>;
  private readonly sender: TypingSender;
  private readonly watcher: TypingWatcher;
  private readonly waiting: WaitingWatch;

  constructor(ports: ChatPorts) {
    this.ports = ports;
    const kept = ports.outbox.load() ?? [];
    const nothing = { uploads: [], limits: undefined, otherTypes: false, waiting: undefined, gone: undefined };
    this.current = { view: EMPTY_VIEW, outbox: kept, connection: "connecting", ...nothing };
    this.outbox = this.makeOutbox(kept);
    this.files = new Uploads<File>({
      ...uploadWays(ports.attachments, ports.conversationId),
      changed: (uploads) => this.set({ uploads }),
      newId: newUuid,
      timers: ports.timers,
    });
    this.follower = this.makeFollower();
    this.sender = new TypingSender((typing) => void this.sendTyping(typing), ports.timers);
    this.waiting = this.makeWaiting();
    this.watcher = new TypingWatcher((ids) => this.set({ otherTypes: ids.size > 0 }), ports.timers);
  }

  get state(): ChatState {
    return this.current;
  }

  get participantId(): string {
    return this.ports.participantId;
  }

  /** Begins to follow, and to send what an earlier page left. */
  start(): void {
    void this.follower.run();
    this.outbox.kick();
    void this.readLimits();
  }

  /** Lets go of the conversation; it goes on without this page. */
  stop(): void {
    this.follower.stop();
    this.waiting.stop();
    this.outbox.close();
    this.files.close();
  }

  send(text: string): void {
    this.sender.stop();
    this.outbox.add(newUuid(), text);
  }

  retry(clientMessageId: string): void {
    this.outbox.retry(clientMessageId);
  }

  discard(clientMessageId: string): void {
    this.outbox.discard(clientMessageId);
  }

  typed(text: string): void {
    this.sender.input(text);
  }

  /** Brings files into the chat. */
  async attach(files: readonly File[]): Promise<void> {
    await this.readLimits();
    const { limits } = this.current;
    if (limits?.enabled) this.files.add(files, limits);
  }

  retryUpload(requestId: string): void {
    this.files.retry(requestId);
  }

  discardUpload(requestId: string): void {
    this.files.discard(requestId);
  }

  /** Has the browser keep a file of the chat. */
  async download(attachmentId: string): Promise<Fault | undefined> {
    try {
      await download(this.ports.attachments, this.ports.conversationId, attachmentId);
      return undefined;
    } catch (error) {
      return faultOf(error);
    }
  }

  /** Ends the chat for both. */
  async end(): Promise<Fault | undefined> {
    try {
      await this.ports.client.endConversation({ conversationId: this.ports.conversationId });
      return undefined;
    } catch (error) {
      return faultOf(error);
    }
  }

  /** The network changed. */
  networkChanged(): void {
    this.follower.reconnect();
    this.waiting.networkChanged();
    this.outbox.kick();
  }

  /** The page is looked at again. */
  wake(): void {
    this.follower.wake();
    this.waiting.wake();
    this.outbox.kick();
  }

  private makeWaiting(): WaitingWatch {
    const { conversationId, waits, tokens, timers } = this.ports;
    return new WaitingWatch({
      conversationId,
      client: waits,
      tokens,
      timers,
      changed: (waiting) => this.set({ waiting }),
    });
  }

  private makeOutbox(kept: OutboxEntry[]): Outbox {
    const { client, conversationId, timers } = this.ports;
    return new Outbox(
      {
        send: ({ clientMessageId, text }) => client.sendMessage({ conversationId, clientMessageId, text }),
        answered: () => this.follower.wake(),
        toFault: faultOf,
        changed: (entries) => {
          this.ports.outbox.save([...entries]);
          this.set({ outbox: entries });
        },
        timers,
      },
      kept,
    );
  }

  private makeFollower(): Follower<WatchResponse> {
    const { client, conversationId, timers } = this.ports;
    return new Follower<WatchResponse>({
      open: (signal, onHeader) => {
        const headers = shared(`chat ${conversationId}`, this.cursor === "");
        return client.watch({ conversationId, cursor: this.cursor }, { signal, onHeader, headers, ...NO_DEADLINE });
      },
      take: (frame) => this.take(frame),
      toFault: faultOf,
      failed: (fault) => this.streamFailed(fault),
      connection: (connection) => this.connectionChanged(connection),
      timers,
    });
  }

  private take({ frame, cursor }: WatchResponse): Next {
    if (cursor !== "") this.cursor = cursor;
    switch (frame.case) {
      case "event":
        this.takeEvent(frame.value);
        // Nothing can follow an end.
        return this.current.view.standing === "ended" ? "stop" : "go_on";
      case "typing":
        this.takeTyping(frame.value.participantId, frame.value.typing);
        return "go_on";
      case "goodbye":
        return "reconnect";
      default:
        return "go_on";
    }
  }

  private takeEvent(event: Parameters<typeof withEvents>[1][number]): void {
    const { body, participantId } = event;
    this.set({ view: withEvents(this.current.view, [event]) });
    const { standing, language } = this.current.view;
    this.waiting.stands(standing, language || this.ports.language());
    if (body.case === "attachmentAdded") this.files.confirm(body.value.attachmentId);
    // Another queue may take other files.
    if (body.case === "participantJoined") void this.readLimits();
    if (body.case !== "message") return;
    this.outbox.confirm(body.value.clientMessageId);
    this.watcher.set(participantId, false);
  }

  private async readLimits(): Promise<void> {
    const { attachments, conversationId } = this.ports;
    // Without an answer nothing can be attached, and everything else goes on.
    const limits = await readLimits(attachments, conversationId).catch(() => undefined);
    if (limits) this.set({ limits });
  }

  private takeTyping(participantId: string, typing: boolean): void {
    if (participantId !== this.ports.participantId) this.watcher.set(participantId, typing);
  }

  private async streamFailed(fault: Fault): Promise<"go_on" | "stop"> {
    if (this.current.view.standing === "ended") return "stop";
    const gone = await recover(fault, {
      renew: async () => this.ports.tokens.renew(await this.ports.tokens.token()),
      readAnew: () => {
        this.cursor = "";
        this.set({ view: EMPTY_VIEW });
      },
    });
    if (gone) this.set({ gone });
    return gone ? "stop" : "go_on";
  }

  private connectionChanged(connection: Connection): void {
    if (connection === this.current.connection) return;
    this.set({ connection });
    if (connection === "online") this.outbox.kick();
  }

  private async sendTyping(typing: boolean): Promise<void> {
    const { client, conversationId } = this.ports;
    if (isClosed(this.current.view)) return;
    // Losing it is harmless.
    await client.sendTyping({ conversationId, typing }).catch(() => undefined);
  }

  private set(change: Partial<ChatState>): void {
    this.current = { ...this.current, ...change };
    this.ports.changed(this.current);
  }
}
