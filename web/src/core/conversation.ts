// One conversation as its events tell it: the log in order, who takes part, and where it stands.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { EndReason, ParticipantKind, type Event } from "../gen/onqueue/session/v1/event_pb";

/** Where a conversation stands. */
export type Standing = "pending" | "queued" | "alerting" | "connected" | "ended";

/** Somebody who takes or took part. */
export interface Party {
  participantId: string;
  kind: "guest" | "agent";
  name: string;
  userId: string;
  present: boolean;
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
    if (event.body.case !== "message") continue;
    const byGuest = view.parties.get(event.participantId)?.kind === "guest";
    since = byGuest ? (since ?? eventTime(event)) : undefined;
  }
  return since;
}

/** How many messages of others came after a sequence. */
export function unreadAfter(view: ConversationView, sequence: bigint, ownIds: ReadonlySet<string>): number {
  return view.events.filter(
    (event) => event.sequence > sequence && event.body.case === "message" && !ownIds.has(event.participantId),
  ).length;
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
  return { ...next, events: appended(view.events, event) };
}

function appended(events: readonly Event[], event: Event): readonly Event[] {
  return [...events, event];
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
      return { standing: "queued", queueId: body.value.queueId, queueName: body.value.queueName };
    case "offered":
      return { standing: "alerting" };
    case "offerWithdrawn":
      return { standing: "queued" };
    case "participantJoined": {
      const { participantId, kind, name, userId } = body.value;
      const isGuest = kind === ParticipantKind.GUEST;
      const party: Party = { participantId, kind: isGuest ? "guest" : "agent", name, userId, present: true };
      const standing = isGuest ? view.standing : "connected";
      return { standing, parties: withParty(view.parties, party) };
    }
    case "participantLeft":
      return { parties: withoutPresence(view.parties, body.value.participantId) };
    case "message":
      return { endsAt: undefined };
    case "inactivityWarned":
      return { endsAt: body.value.endsAt && timestampMs(body.value.endsAt) };
    case "ended":
      return { standing: "ended", endReason: body.value.reason, endsAt: undefined };
    case "refused":
      return { refusal: body.value.reason };
    default:
      return {};
  }
}

function withParty(parties: ReadonlyMap<string, Party>, party: Party): ReadonlyMap<string, Party> {
  return new Map(parties).set(party.participantId, party);
}

function withoutPresence(parties: ReadonlyMap<string, Party>, participantId: string): ReadonlyMap<string, Party> {
  const party = parties.get(participantId);
  return party ? withParty(parties, { ...party, present: false }) : parties;
}
