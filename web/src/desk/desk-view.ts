// A conversation's view with what only the desk knows of removed as well: the customer's page need not load this.
import { withEvents, type ConversationView, type OpenAssistance, type Party } from "../core/conversation";
import type { Event, MessageRedacted } from "../gen/onqueue/session/v1/event_pb";

// Beyond what the view itself takes out.
const REMOVED = {
  opened: "opened",
  notice: "notice",
  assistanceRequested: "assistance_requested",
  transferred: "transferred",
} as const;

/** Adds events; what they remove is nowhere any more. */
export function withDeskEvents(view: ConversationView, added: readonly Event[]): ConversationView {
  return added.reduce(
    (next, { body, sequence }) => (body.case === "messageRedacted" ? withoutRedacted(next, body.value, sequence) : next),
    withEvents(view, added),
  );
}

function withoutRedacted(view: ConversationView, { eventId }: MessageRedacted, before: bigint): ConversationView {
  const isMeant = (event: Event) => (eventId === "" ? event.sequence < before : event.eventId === eventId);
  const events = view.events.map((event) => (isMeant(event) ? erased(event) : event));
  const assistance = hasText(view.assistance, events) ? view.assistance : view.assistance && { ...view.assistance, text: "" };
  if (eventId !== "") return { ...view, events, assistance };
  return { ...view, events, assistance, guestName: "", topic: "", parties: withNamelessGuest(view.parties) };
}

function erased(event: Event): Event {
  const what = REMOVED[event.body.case as keyof typeof REMOVED];
  return what ? { ...event, body: { case: "erased", value: { $typeName: "onqueue.session.v1.Erased", what } } } : event;
}

/** Whether the request still says what is wrong. */
function hasText(assistance: OpenAssistance | undefined, events: readonly Event[]): boolean {
  return events.some(({ body }) => body.case === "assistanceRequested" && body.value.assistanceId === assistance?.assistanceId);
}

function withNamelessGuest(parties: ReadonlyMap<string, Party>): ReadonlyMap<string, Party> {
  return new Map([...parties].map(([id, party]) => [id, party.kind === "guest" ? { ...party, name: "" } : party]));
}
