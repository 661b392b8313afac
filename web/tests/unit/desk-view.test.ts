import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { EMPTY_VIEW, hasGap } from "../../src/core/conversation";
import { withDeskEvents } from "../../src/desk/desk-view";
import { EventSchema, ParticipantKind } from "../../src/gen/onqueue/session/v1/event_pb";

type Body = NonNullable<MessageInitShape<typeof EventSchema>["body"]>;

const BODIES: Body[] = [
  { case: "opened", value: { guestName: "Greta", topic: "Greta's order", guestParticipantId: "g" } },
  { case: "participantJoined", value: { participantId: "a", kind: ParticipantKind.AGENT, name: "Anna", userId: "u" } },
  { case: "message", value: { text: "I am Greta" } },
  { case: "assistanceRequested", value: { assistanceId: "h", text: "Greta is angry" } },
  { case: "transferred", value: { queueName: "Sales", note: "Greta wants money" } },
  { case: "notice", value: { code: "announcement", text: "Dear Greta" } },
];
const eventOf = (body: Body, index: number) => create(EventSchema, { eventId: `e${index}`, sequence: BigInt(index + 1), body });
const log = BODIES.map(eventOf);
const removed = (eventId: string) => eventOf({ case: "messageRedacted", value: { eventId } }, BODIES.length);
const kinds = (view: typeof EMPTY_VIEW) => view.events.map(({ body }) => (body.case === "erased" ? body.value.what : body.case));
const plain = (_: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);

test("when everything is gone, so are names, notes and requests, and who serves stays", () => {
  for (const view of [withDeskEvents(EMPTY_VIEW, [...log, removed("")]), withDeskEvents(withDeskEvents(EMPTY_VIEW, log), [removed("")])]) {
    expect(kinds(view)).toEqual(["opened", "participantJoined", "message", "assistance_requested", "transferred", "notice", "messageRedacted"]);
    expect([view.guestName, view.topic, view.assistance?.text, view.parties.get("a")?.name]).toEqual(["", "", "", "Anna"]);
    expect(JSON.stringify([...view.events, ...view.parties.values()], plain)).not.toContain("Greta");
    expect(hasGap(view)).toBe(false);
  }
});

test("a note that was removed by itself is gone, and the others stay", () => {
  const view = withDeskEvents(EMPTY_VIEW, [...log, removed("e4")]);
  expect(view.events.filter(({ body }) => body.case === "erased").map(({ eventId }) => eventId)).toEqual(["e4"]);
  expect(view.guestName).toBe("Greta");
});

test("a request for help that was removed by itself is gone wherever it stood, and what came after a removal stays", () => {
  expect(withDeskEvents(EMPTY_VIEW, [...log, removed("e3")]).assistance?.text).toBe("");
  const later = eventOf({ case: "notice", value: { code: "announcement", text: "We are back" } }, BODIES.length + 1);
  expect(kinds(withDeskEvents(EMPTY_VIEW, [...log, removed(""), later])).at(-1)).toBe("notice");
  expect(JSON.stringify(withDeskEvents(EMPTY_VIEW, [...log, removed(""), later]).events, plain)).toContain("We are back");
});
