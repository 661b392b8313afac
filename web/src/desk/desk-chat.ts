// One chat at the desk: its log, what the agent sends, who types.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { EMPTY_VIEW, hasGap, isClosed, participantsOf, unreadAfter, type ConversationView } from "../core/conversation";
import { Outbox, type OutboxEntry } from "../core/outbox";
import { slot, tabStorage, type Slot } from "../core/storage";
import type { Timers } from "../core/timers";
import { TypingSender, TypingWatcher } from "../core/typing";
import { Uploads, type UploadEntry, type UploadLimits } from "../core/uploads";
import { newUuid } from "../core/uuid";
import type { Supervisor, WatchResponse } from "../gen/onqueue/session/v1/conversation_pb";
import type { Event } from "../gen/onqueue/session/v1/event_pb";
import { uploadWays } from "../rpc/attachments";
import { faultOf } from "../rpc/faults";
import type { DeskClients } from "./clients";
import { withDeskEvents } from "./desk-view";
import { UseRecorder } from "./responses/use-recorder";
import { readTranscript } from "./transcript";

/** What the desk shows of a chat. */
export interface ChatSnapshot {
  conversationId: string;
  view: ConversationView;
  outbox: readonly OutboxEntry[];
  /** What is on its way into the side chat. */
  sideOutbox: readonly OutboxEntry[];
  uploads: readonly UploadEntry[];
  otherTypes: boolean;
  /** Since when the customer has not been there, by the server's clock. */
  awaySince: number | undefined;
  /** Who supervises it now. */
  supervisors: readonly Supervisor[];
  /** Whether the agent takes part now. */
  mine: boolean;
  /** The last sequence that the agent has read. */
  readUpTo: bigint;
  unread: number;
  ownIds: ReadonlySet<string>;
}

/** What a chat needs. */
export interface DeskChatPorts {
  conversationId: string;
  userId: string;
  clients: DeskClients;
  timers: Timers;
  changed(): void;
  /** The server answered: it is there again. */
  answered(): void;
}

const FILL_AGAIN_MS = 5_000;
/** A chat whose log is still empty after this is read by page. */
const EMPTY_TOO_LONG_MS = 2_000;

/** A chat that the agent has or had. */
export class DeskChat {
  private current: ChatSnapshot;
  private filledAt = Number.NEGATIVE_INFINITY;
  private readonly ports: DeskChatPorts;
  private readonly outbox: Outbox;
  private readonly sender: TypingSender;
  private readonly watcher: TypingWatcher;
  private readonly side: Outbox;
  private readonly files: Uploads<File>;
  private readonly keptOutbox: Slot<OutboxEntry[]>;
  private readonly keptSide: Slot<OutboxEntry[]>;
  private readonly keptRead: Slot<string>;
  private readonly uses: UseRecorder;

  constructor(ports: DeskChatPorts) {
    this.ports = ports;
    const place = `onqueue.desk.chat.${ports.conversationId}`;
    this.keptOutbox = slot(tabStorage(), `${place}.outbox`);
    this.keptRead = slot(tabStorage(), `${place}.read`);
    this.keptSide = slot(tabStorage(), `${place}.sideOutbox`);
    const kept = this.keptOutbox.load() ?? [];
    const keptSide = this.keptSide.load() ?? [];
    this.current = {
      conversationId: ports.conversationId,
      view: EMPTY_VIEW,
      outbox: kept,
      sideOutbox: keptSide,
      uploads: [],
      otherTypes: false,
      awaySince: undefined,
      supervisors: [],
      mine: true,
      readUpTo: BigInt(this.keptRead.load() ?? "0"),
      unread: 0,
      ownIds: new Set(),
    };
    this.uses = new UseRecorder({
      record: (responseId, clientMessageId) =>
        ports.clients.responses.recordUse({ responseId, clientMessageId, conversationId: ports.conversationId }),
      toFault: faultOf,
      kept: slot(tabStorage(), `${place}.uses`),
    });
    this.outbox = this.makeOutbox(kept);
    this.side = this.makeSide(keptSide);
    this.files = new Uploads<File>({
      ...uploadWays(ports.clients.attachments, ports.conversationId),
      changed: (uploads) => this.set({ uploads }),
      newId: newUuid,
      timers: ports.timers,
    });
    this.sender = new TypingSender((typing) => void this.sendTyping(typing), ports.timers);
    this.watcher = new TypingWatcher((ids) => this.set({ otherTypes: ids.size > 0 }), ports.timers);
    this.outbox.kick();
    this.side.kick();
    ports.timers.after(EMPTY_TOO_LONG_MS, () => this.current.view.events.length === 0 && void this.fill());
  }

  get snapshot(): ChatSnapshot {
    return this.current;
  }

  /** Takes a frame of the conversation's stream. */
  takeFrame(frame: WatchResponse["frame"]): void {
    if (frame.case === "event") this.takeEvent(frame.value);
    if (frame.case === "typing") this.takeTyping(frame.value.participantId, frame.value.typing);
    if (frame.case === "guestPresence") this.takePresence(frame.value.awaySince && timestampMs(frame.value.awaySince));
    if (frame.case === "supervision") this.takeSupervisors(frame.value.supervisors);
  }

  /** Takes an event of the stream. */
  takeEvent(event: Event): void {
    this.takeEvents([event]);
    if (hasGap(this.current.view)) void this.fill();
  }

  takeTyping(participantId: string, typing: boolean): void {
    if (!this.current.ownIds.has(participantId)) this.watcher.set(participantId, typing);
  }

  /** The customer is there, or away since then. */
  takePresence(awaySince: number | undefined): void {
    if (awaySince !== this.current.awaySince) this.set({ awaySince });
  }

  takeSupervisors(supervisors: readonly Supervisor[]): void {
    this.set({ supervisors });
  }

  /** The agent takes part, or no longer does. */
  setMine(mine: boolean): void {
    if (mine !== this.current.mine) this.set({ mine });
    // The stream of this chat is over: read what it did not bring.
    if (!mine && !isClosed(this.current.view)) void this.fill();
  }

  /** The agent has seen everything. */
  markRead(): void {
    const last = this.current.view.events.at(-1)?.sequence ?? 0n;
    if (last === this.current.readUpTo) return;
    this.keptRead.save(last.toString());
    this.set({ readUpTo: last, unread: 0 });
  }

  /** Sends a text in which there may be responses. */
  send(text: string, responseIds: readonly string[] = []): void {
    const clientMessageId = newUuid();
    this.sender.stop();
    this.uses.expect(clientMessageId, responseIds);
    this.outbox.add(clientMessageId, text);
  }

  /** Writes to the supervisors, or to the agent, unseen by the customer. */
  sendSide(text: string): void {
    this.side.add(newUuid(), text);
  }

  /** Brings files into the conversation. */
  attach(files: readonly File[], limits: UploadLimits): void {
    this.files.add(files, limits);
  }

  retryUpload(requestId: string): void {
    this.files.retry(requestId);
  }

  discardUpload(requestId: string): void {
    this.files.discard(requestId);
  }

  typed(text: string): void {
    this.sender.input(text);
  }

  retry(clientMessageId: string): void {
    this.outbox.retry(clientMessageId);
    this.side.retry(clientMessageId);
  }

  discard(clientMessageId: string): void {
    this.uses.forget(clientMessageId);
    this.outbox.discard(clientMessageId);
    this.side.discard(clientMessageId);
  }

  /** The connection is back: send what waits. */
  kick(): void {
    this.outbox.kick();
    this.side.kick();
    this.uses.again();
  }

  /** Forgets the log, to read it anew. */
  readAnew(): void {
    this.set({ view: EMPTY_VIEW });
  }

  /** Its customer was erased: nothing stays but what the log still has. */
  readErased(): void {
    this.readAnew();
    this.filledAt = Number.NEGATIVE_INFINITY;
    void this.fill();
  }

  /** Closes the chat for good, or until the page is loaded again. */
  close(ending: "forget" | "keep"): void {
    this.outbox.close();
    this.side.close();
    this.files.close();
    if (ending === "keep") return;
    this.keptOutbox.clear();
    this.keptSide.clear();
    this.keptRead.clear();
  }

  private takeEvents(events: Event[]): void {
    const view = withDeskEvents(this.current.view, events);
    const ownIds = participantsOf(view, this.ports.userId);
    this.set({ view, ownIds, unread: unreadAfter(view, this.current.readUpTo, ownIds) });
    for (const { body, participantId } of events) {
      if (body.case === "attachmentAdded") this.files.confirm(body.value.attachmentId);
      if (body.case === "sideMessage" || body.case === "coachMessage") this.side.confirm(body.value.clientMessageId);
      if (body.case !== "message") continue;
      this.outbox.confirm(body.value.clientMessageId);
      this.uses.sent(body.value.clientMessageId);
      this.watcher.set(participantId, false);
    }
  }

  /** Reads the log by page, for what the stream did not bring. */
  private async fill(): Promise<void> {
    const now = this.ports.timers.now();
    if (now - this.filledAt < FILL_AGAIN_MS) return;
    this.filledAt = now;
    try {
      this.takeEvents(await readTranscript(this.ports.clients, this.ports.conversationId));
    } catch {
      this.filledAt = Number.NEGATIVE_INFINITY;
    }
  }

  private makeOutbox(kept: OutboxEntry[]): Outbox {
    const { clients, conversationId, timers } = this.ports;
    return new Outbox(
      {
        send: ({ clientMessageId, text }) =>
          clients.conversations.sendMessage({ conversationId, clientMessageId, text }),
        answered: () => this.ports.answered(),
        toFault: faultOf,
        changed: (entries) => {
          this.keptOutbox.save([...entries]);
          this.set({ outbox: entries });
        },
        timers,
      },
      kept,
    );
  }

  private makeSide(kept: OutboxEntry[]): Outbox {
    const { clients, conversationId, timers } = this.ports;
    const send = ({ clientMessageId, text }: OutboxEntry) =>
      clients.supervision.sendSideMessage({ conversationId, clientMessageId, text });
    const changed = (sideOutbox: readonly OutboxEntry[]) => {
      this.keptSide.save([...sideOutbox]);
      this.set({ sideOutbox });
    };
    return new Outbox({ send, answered: () => this.ports.answered(), toFault: faultOf, changed, timers }, kept);
  }

  private async sendTyping(typing: boolean): Promise<void> {
    if (!this.current.mine) return;
    const { clients, conversationId } = this.ports;
    // Losing it is harmless.
    await clients.conversations.sendTyping({ conversationId, typing }).catch(() => undefined);
  }

  private set(change: Partial<ChatSnapshot>): void {
    this.current = { ...this.current, ...change };
    this.ports.changed();
  }
}
