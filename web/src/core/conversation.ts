// One conversation as its events tell it: the log in order, who takes part, and where it stands.
import { timestampMs } from "@bufbuild/protobuf/wkt";
// What runs comes from the customer's part, which leaves out what customers never get.
import { EndReason, ParticipantKind } from "../gen/guest/onqueue/session/v1/event_pb";
import type { Event, MessageRedacted, ParticipantJoined } from "../gen/onqueue/session/v1/event_pb";

/** Where a conversation stands; one at rest is opened again by the customer's next message. */
export type Standing = "pending" | "queued" | "alerting" | "connected" | "resting" | "ended";

/** Somebody who takes or took part. */
export interface Party {
  participantId: string;
  kind: "guest" | "agent" | "supervisor";
  name: string;
  userId: string;
  present: boolean;
}

/** A request for a supervisor that is not done with. */
export interface OpenAssistance {
  assistanceId: string;
  text: string;
  requestedAt: number;
  /** Who helps; empty while nobody does. */
  takenByUserId: string;
  takenByName: string;
}

/** A transfer while whoever had it goes on with the customer. */
export interface AttendedTransfer {
  sequence: bigint;
  queueName: string;
  /** Empty for whoever the queue has. */
  userId: string;
  agentName: string;
}

/** A conversation as far as its events are known. Values are never changed, only replaced. */
export interface ConversationView {
  /** In order of sequence, each sequence once. */
  events: readonly Event[];
  parties: ReadonlyMap<string, Party>;
  standing: Standing;
  /** When it ends unless somebody writes; milliseconds since the epoch. */
  endsAt: number | undefined;
  endReason: EndReason | undefined;
  /** The API's reason if routing refused it. */
  refusal: string;
  guestName: string;
  topic: string;
  language: string;
  /** Empty until it was in a queue. */
  queueId: string;
  queueName: string;
  /** Only agents and supervisors know of the two. */
  assistance: OpenAssistance | undefined;
  transfer: AttendedTransfer | undefined;
}

/** A conversation of which nothing is known. */
export const EMPTY_VIEW: ConversationView = {
  events: [],
  parties: new Map(),
  standing: "pending",
  endsAt: undefined,
  endReason: undefined,
  refusal: "",
  guestName: "",
  topic: "",
  language: "",
  queueId: "",
  queueName: "",
  assistance: undefined,
  transfer: undefined,
};

/** Adds events, in whatever order and however often they come. */
export function withEvents(view: ConversationView, added: readonly Event[]): ConversationView {
  const fresh = added.filter((event) => !hasSequence(view.events, event.sequence));
  if (fresh.length === 0) return view;
  const last = view.events.at(-1)?.sequence ?? 0n;
  const inOrder = fresh.every((event, index) => event.sequence > (fresh[index - 1]?.sequence ?? last));
  return inOrder ? fresh.reduce(applied, view) : merged(view.events, fresh).reduce(applied, EMPTY_VIEW);
}

/** Whether an event before the last one is missing. */
export function hasGap(view: ConversationView): boolean {
  const last = view.events.at(-1);
  return last !== undefined && last.sequence !== BigInt(view.events.length);
}

/** Milliseconds since the epoch of an event. */
export function eventTime(event: Event): number {
  return event.at ? timestampMs(event.at) : 0;
}

/** The name of who did it, or "" for the system. */
export function authorName(view: ConversationView, event: Event): string {
  return view.parties.get(event.participantId)?.name ?? "";
}

/** Since when the customer waits for an answer to a message, if they do. */
export function awaitingReplySince(view: ConversationView): number | undefined {
  let since: number | undefined;
  for (const event of view.events) {
    if (event.body.case !== "message" && event.body.case !== "attachmentAdded") continue;
    const byGuest = view.parties.get(event.participantId)?.kind === "guest";
    since = byGuest ? (since ?? eventTime(event)) : undefined;
  }
  return since;
}

// What others said, whoever may read it.
const SAID: ReadonlySet<string | undefined> = new Set(["message", "attachmentAdded", "sideMessage", "coachMessage"]);

/** How many messages and files of others came after a sequence. */
export function unreadAfter(view: ConversationView, sequence: bigint, ownIds: ReadonlySet<string>): number {
  return view.events.filter(
    ({ sequence: each, body, participantId }) => each > sequence && SAID.has(body.case) && !ownIds.has(participantId),
  ).length;
}

/** Whether nobody can write any more. */
export function isClosed({ standing }: ConversationView): boolean {
  return standing === "ended" || standing === "resting";
}

/** The participants that are this user. */
export function participantsOf(view: ConversationView, userId: string): ReadonlySet<string> {
  const own = [...view.parties.values()].filter((party) => party.userId === userId);
  return new Set(own.map((party) => party.participantId));
}

function hasSequence(events: readonly Event[], sequence: bigint): boolean {
  // The log is dense nearly always: look where the event would be before looking everywhere.
  if (events[Number(sequence) - 1]?.sequence === sequence) return true;
  const last = events.at(-1);
  return last !== undefined && sequence <= last.sequence && events.some((event) => event.sequence === sequence);
}

function merged(known: readonly Event[], fresh: readonly Event[]): Event[] {
  const bySequence = new Map([...known, ...fresh].map((event) => [event.sequence, event]));
  return [...bySequence.values()].sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
}

function applied(view: ConversationView, event: Event): ConversationView {
  const next = { ...view, ...changeBy(view, event) };
  return { ...next, events: [...next.events, event] };
}

function changeBy(view: ConversationView, event: Event): Partial<ConversationView> {
  const { body } = event;
  switch (body.case) {
    case "opened":
      return {
        guestName: body.value.guestName,
        topic: body.value.topic,
        language: body.value.language,
        parties: withParty(view.parties, {
          participantId: body.value.guestParticipantId,
          kind: "guest",
          name: body.value.guestName,
          userId: "",
          present: true,
        }),
      };
    case "queued":
      return { standing: "queued", queueId: body.value.queueId, queueName: body.value.queueName, transfer: undefined };
    case "offered":
      // Whoever passes it on may keep the customer meanwhile.
      return hasAgent(view) ? {} : { standing: "alerting" };
    case "offerWithdrawn":
      return hasAgent(view) ? { transfer: withoutAsked(view.transfer, body.value.userId) } : { standing: "queued" };
    case "participantJoined":
      return joined(view, body.value);
    case "participantLeft":
      return { parties: withoutPresence(view.parties, body.value.participantId) };
    case "message":
    case "attachmentAdded":
      return { endsAt: undefined };
    case "inactivityWarned":
      return { endsAt: body.value.endsAt && timestampMs(body.value.endsAt) };
    case "ended": {
      const standing = body.value.reason === EndReason.RESTED ? "resting" : "ended";
      return { standing, endReason: body.value.reason, endsAt: undefined, assistance: undefined, transfer: undefined };
    }
    case "reopened":
      return { standing: "pending", endReason: undefined, refusal: "" };
    case "refused":
      return { refusal: body.value.reason };
    case "messageRedacted":
      return { events: redacted(view.events, body.value) };
    case "transferred": {
      const { attended, queueName, userId, agentName } = body.value;
      return { transfer: attended ? { sequence: event.sequence, queueName, userId, agentName } : undefined };
    }
    case "assistanceRequested":
      return { assistance: { ...body.value, requestedAt: eventTime(event), takenByUserId: "", takenByName: "" } };
    case "assistanceTaken": {
      const { userId, name } = body.value;
      return { assistance: view.assistance && { ...view.assistance, takenByUserId: userId, takenByName: name } };
    }
    case "assistanceClosed":
      return { assistance: undefined };
    default:
      return {};
  }
}

function joined(view: ConversationView, { participantId, kind, name, userId }: ParticipantJoined): Partial<ConversationView> {
  const party: Party = { participantId, kind: KINDS[kind] ?? "agent", name, userId, present: true };
  const parties = withParty(view.parties, party);
  return party.kind === "agent" ? { standing: "connected", parties, transfer: undefined } : { parties };
}

const KINDS: Partial<Record<ParticipantKind, Party["kind"]>> = {
  [ParticipantKind.GUEST]: "guest",
  [ParticipantKind.SUPERVISOR]: "supervisor",
};

function hasAgent({ parties }: ConversationView): boolean {
  return [...parties.values()].some(({ kind, present }) => kind === "agent" && present);
}

/** The transfer, unless the one who was asked did not take it. */
function withoutAsked(transfer: AttendedTransfer | undefined, userId: string): AttendedTransfer | undefined {
  return transfer?.userId === userId ? undefined : transfer;
}

// What is removed when everything is; how it went on stays.
const REMOVED = { message: "message", attachmentAdded: "attachment_added", sideMessage: "side_message", coachMessage: "coach_message" } as const;

/** The events without what one of them, or all, said. */
function redacted(events: readonly Event[], { eventId }: MessageRedacted): readonly Event[] {
  return events.map((event) => {
    const what = REMOVED[event.body.case as keyof typeof REMOVED];
    if (!what || (eventId !== "" && event.eventId !== eventId)) return event;
    return { ...event, body: { case: "erased", value: { $typeName: "onqueue.session.v1.Erased", what } } };
  });
}

function withParty(parties: ReadonlyMap<string, Party>, party: Party): ReadonlyMap<string, Party> {
  return new Map(parties).set(party.participantId, party);
}

function withoutPresence(parties: ReadonlyMap<string, Party>, participantId: string): ReadonlyMap<string, Party> {
  const party = parties.get(participantId);
  return party ? withParty(parties, { ...party, present: false }) : parties;
}
