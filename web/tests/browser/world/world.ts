// A small stand-in for the services, enough for the pages to live in. It keeps everything in memory.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampNow, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { WatchResponseSchema as DeskFrameSchema } from "../../../src/gen/onqueue/gateway/v1/desk_pb";
import { AgentState, AgentSchema, OfferSchema, type Agent, type Offer } from "../../../src/gen/onqueue/routing/v1/agent_pb";
import { ConversationKind, ConversationState, type SupervisorSchema, type WatchResponseSchema } from "../../../src/gen/onqueue/session/v1/conversation_pb";
import { EndReason, EventSchema, ParticipantKind, Visibility, type Event } from "../../../src/gen/onqueue/session/v1/event_pb";
import { AdminWorld } from "./admin-world";
import { agentFrame } from "./agent-frame";
import { Channel } from "./frames";
import { RoutingWorld } from "./routing-world";
import { ScriptWorld } from "./script-world";
import { TalkWorld } from "./talk-world";

type GuestFrame = MessageInitShape<typeof WatchResponseSchema>;
type DeskFrame = MessageInitShape<typeof DeskFrameSchema>;
type EventBody = NonNullable<MessageInitShape<typeof EventSchema>["body"]>;

/** A conversation in the stand-in. */
export interface Room {
  id: string;
  guestId: string;
  guestName: string;
  topic: string;
  language: string;
  state: ConversationState;
  events: Event[];
  sent: Map<string, Event>;
  /** What the guest follows. */
  channel: Channel<GuestFrame>;
  /** What supervisors follow. */
  beside: Channel<GuestFrame>;
  supervisors: MessageInitShape<typeof SupervisorSchema>[];
  /** Whether the signed-in user has joined as a supervisor. */
  joined: boolean;
  contactId: string;
  kind: ConversationKind;
  endedAt?: Timestamp;
}

export const QUEUE = "01890000-0000-7000-8000-000000000001";
export const SALES = "01890000-0000-7000-8000-000000000002";
export const AGENT_PARTICIPANT = "agent-participant";
export const AGENT_USER = "agent-user";

/** Everything there is. */
export class World {
  readonly admin = new AdminWorld();
  readonly routing = new RoutingWorld();
  readonly talk = new TalkWorld();
  readonly script = new ScriptWorld();
  readonly rooms = new Map<string, Room>();
  readonly desk = new Channel<DeskFrame>();
  readonly revoked: string[] = [];
  readonly starts = new Map<string, string>();
  heartbeats = 0;
  refreshes = 0;
  queueFull = false;
  /** Whether the content service cannot be reached. */
  contentAway = false;
  /** Requests to start a chat that were refused: they stay refused. */
  readonly refusedStarts = new Set<string>();
  /** Messages that the stand-in refuses, by text. */
  refusedText = "";
  /** Whether the one user is an agent at all. */
  isAgent = true;
  offers: Offer[] = [];
  agent: Agent = create(AgentSchema, {
    userId: AGENT_USER,
    name: "Anna Beispiel",
    state: AgentState.OFF_QUEUE,
    maximumChats: 3,
    since: timestampNow(),
    queues: [
      { queueId: QUEUE, name: "Service", joined: true },
      { queueId: SALES, name: "Sales", joined: false },
    ],
  });

  /** Opens a conversation and offers it if the agent is on queue. */
  open(requestId: string, guestName: string, topic: string, language: string, firstMessage: string): Room {
    const known = this.rooms.get(this.starts.get(requestId) ?? "");
    if (known) return known;
    const room = newRoom(guestName, topic, language);
    this.rooms.set(room.id, room);
    this.starts.set(requestId, room.id);
    const opened = { queueId: QUEUE, language, guestName, topic, guestParticipantId: room.guestId };
    this.append(room, room.guestId, { case: "opened", value: opened });
    if (firstMessage) this.append(room, room.guestId, { case: "message", value: { text: firstMessage } });
    this.append(room, "", { case: "queued", value: { queueId: QUEUE, queueName: "Service" } });
    if (this.agent.state === AgentState.IDLE || this.agent.state === AgentState.INTERACTING) this.offer(room, 30_000);
    return room;
  }

  offer(room: Room, ms: number): void {
    room.state = ConversationState.ALERTING;
    this.append(room, "", { case: "offered", value: { userId: AGENT_USER, agentName: this.agent.name } });
    const offer = create(OfferSchema, {
      offerId: crypto.randomUUID(),
      conversationId: room.id,
      queueId: QUEUE,
      queueName: "Service",
      language: room.language,
      guestName: room.guestName,
      topic: room.topic,
      offeredAt: timestampNow(),
      expiresAt: timestampFromMs(Date.now() + ms),
      waitingSince: timestampNow(),
    });
    this.offers.push(offer);
    this.publishAgent({ case: "offered", value: offer });
    this.setState(AgentState.INTERACTING);
  }

  endOffer(offerId: string, reason: string): Offer | undefined {
    const offer = this.offers.find((each) => each.offerId === offerId);
    this.offers = this.offers.filter((each) => each !== offer);
    if (offer) {
      const { conversationId } = offer;
      this.publishAgent({ case: "offerEnded", value: { offerId, conversationId, reason } });
    }
    return offer;
  }

  /** The offer of a room is not taken: it waits again. */
  requeue(room: Room): void {
    room.state = ConversationState.QUEUED;
    this.append(room, "", { case: "offerWithdrawn", value: { userId: AGENT_USER, reason: "declined" } });
    this.append(room, "", { case: "queued", value: { queueId: QUEUE, queueName: "Service" } });
    if (this.agent.state === AgentState.INTERACTING) this.setState(AgentState.IDLE);
  }

  join(room: Room): void {
    room.state = ConversationState.CONNECTED;
    const value = {
      participantId: AGENT_PARTICIPANT,
      kind: ParticipantKind.AGENT,
      name: this.agent.name,
      userId: AGENT_USER,
    };
    this.desk.publish(added(room));
    for (const event of room.events) this.desk.publish(conversationFrame(room, { case: "event", value: event }));
    this.append(room, "", { case: "participantJoined", value });
    this.setState(AgentState.INTERACTING);
  }

  say(room: Room, participantId: string, clientMessageId: string, text: string): Event {
    const key = `${participantId} ${clientMessageId}`;
    const known = room.sent.get(key);
    if (known) return known;
    const event = this.append(room, participantId, { case: "message", value: { text, clientMessageId } });
    room.sent.set(key, event);
    return event;
  }

  type(room: Room, participantId: string, typing: boolean): void {
    this.publish(room, { case: "typing", value: { participantId, typing } });
  }

  end(room: Room, reason: EndReason): void {
    if (room.state === ConversationState.ENDED) return;
    room.state = ConversationState.ENDED;
    this.append(room, "", { case: "ended", value: { reason } });
    this.publishMine({ case: "removed", value: { conversationId: room.id } });
    if (this.agent.state === AgentState.INTERACTING) this.setState(AgentState.IDLE);
  }

  append(room: Room, participantId: string, body: EventBody, visibility = Visibility.EVERYONE): Event {
    const sequence = BigInt(room.events.length + 1);
    const event = create(EventSchema, {
      eventId: crypto.randomUUID(),
      sequence,
      at: timestampNow(),
      participantId,
      visibility,
      body,
    });
    room.events.push(event);
    this.publish(room, { case: "event", value: event });
    return event;
  }

  /** Tells everybody beside the guest something that is no event. */
  tellAgents(room: Room, frame: GuestFrame["frame"]): void {
    room.beside.publish(ownFrame(room, frame));
    this.desk.publish(conversationFrame(room, frame));
  }

  setState(state: AgentState): void {
    const connected = [...this.rooms.values()].filter((room) => room.state === ConversationState.CONNECTED);
    this.agent = { ...this.agent, state, since: timestampNow(), activeChats: connected.length };
    this.publishAgent({ case: "agent", value: this.agent });
  }

  setJoined(queueId: string, joined: boolean): void {
    const queues = this.agent.queues.map((queue) => (queue.queueId === queueId ? { ...queue, joined } : queue));
    this.agent = { ...this.agent, queues };
  }

  /** What a new desk stream begins with. */
  deskBeginning(cursors: Map<string, string>): DeskFrame[] {
    const open = [...this.rooms.values()].filter((room) => room.state === ConversationState.CONNECTED);
    const offered = this.offers.map((offer) => agentFrame({ case: "offered", value: offer }));
    const events = open.flatMap((room) =>
      room.events
        .filter((event) => event.sequence > BigInt(cursors.get(room.id) ?? "0"))
        .map((event) => conversationFrame(room, { case: "event", value: event })),
    );
    const caughtUp: DeskFrame = { frame: { case: "mine", value: { frame: { case: "caughtUp", value: {} } } } };
    const agent = this.isAgent ? [agentFrame({ case: "agent", value: this.agent })] : [];
    return [...agent, ...offered, ...open.map(added), caughtUp, ...events];
  }

  private publish(room: Room, frame: GuestFrame["frame"]): void {
    if (frame?.case !== "event") room.channel.publish(guestFrame(room, frame));
    else if (frame.value.visibility === Visibility.EVERYONE) room.channel.publish(guestFrames(room).at(-1) as GuestFrame);
    room.beside.publish(ownFrame(room, frame));
    const agentSees = room.state === ConversationState.CONNECTED || room.state === ConversationState.ENDED;
    if (agentSees) this.desk.publish(conversationFrame(room, frame));
  }

  private publishAgent(frame: Parameters<typeof agentFrame>[0]): void {
    this.desk.publish(agentFrame(frame));
  }

  private publishMine(frame: { case: "removed"; value: { conversationId: string } }): void {
    this.desk.publish({ frame: { case: "mine", value: { frame } } });
  }
}

/** A frame of a guest's stream that is no event. */
export function guestFrame(room: Room, frame: GuestFrame["frame"]): GuestFrame {
  return { frame, cursor: String(forGuests(room).length) } as GuestFrame;
}

/** The events of a guest's stream, in the guest's own numbers. */
export function guestFrames(room: Room): GuestFrame[] {
  return forGuests(room).map((event, index) => {
    const value = create(EventSchema, { ...event, sequence: BigInt(index + 1) });
    return { frame: { case: "event", value }, cursor: String(index + 1) } as GuestFrame;
  });
}

/** A frame of a supervisor's stream. */
export function ownFrame(room: Room, frame: GuestFrame["frame"]): GuestFrame {
  return { frame, cursor: cursorAfter(room, frame) } as GuestFrame;
}

function forGuests({ events }: Room): Event[] {
  return events.filter(({ visibility }) => visibility === Visibility.EVERYONE);
}

function conversationFrame(room: Room, frame: GuestFrame["frame"]): DeskFrame {
  const value = { conversationId: room.id, frame: { frame, cursor: cursorAfter(room, frame) } };
  return { frame: { case: "conversation", value } } as DeskFrame;
}

function cursorAfter(room: Room, frame: GuestFrame["frame"]): string {
  return frame?.case === "event" ? String(frame.value.sequence) : String(room.events.length);
}

function added(room: Room): DeskFrame {
  const conversation = { conversationId: room.id, guestName: room.guestName, state: room.state };
  return { frame: { case: "mine", value: { frame: { case: "added", value: { conversation, cursor: "" } } } } };
}

function newRoom(guestName: string, topic: string, language: string): Room {
  return {
    id: crypto.randomUUID(),
    guestId: crypto.randomUUID(),
    guestName,
    topic,
    language,
    state: ConversationState.QUEUED,
    events: [],
    sent: new Map(),
    channel: new Channel(),
    beside: new Channel(),
    supervisors: [],
    joined: false,
    contactId: "",
    kind: ConversationKind.CHAT,
  };
}
