import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { EMPTY_VIEW } from "../../src/core/conversation";
import { deskTranslator } from "../../src/desk/catalogues";
import { isErasedAside, noticeText } from "../../src/desk/event-text";
import { EventSchema } from "../../src/gen/onqueue/session/v1/event_pb";

const erased = (what: string) => create(EventSchema, { eventId: "e", sequence: 1n, body: { case: "erased", value: { what } } });

test.each([
  ["message", "Message (removed)", "Nachricht (entfernt)"],
  ["attachment_added", "File (removed)", "Datei (entfernt)"],
  ["opened", "The customer opened the chat (removed)", "Der Kunde hat den Chat begonnen (entfernt)"],
  ["participant_joined", "The customer joined (removed)", "Der Kunde ist beigetreten (entfernt)"],
  ["side_message", "Side message (removed)", "Nachricht im Nebenchat (entfernt)"],
  ["coach_message", "Coaching (removed)", "Coaching (entfernt)"],
  ["assistance_requested", "Request for help (removed)", "Bitte um Hilfe (entfernt)"],
  ["transferred", "Passed on (removed)", "Weitergabe (entfernt)"],
  ["notice", "Announcement (removed)", "Ansage (entfernt)"],
  ["attributes_set", "Attributes were changed (removed)", "Merkmale wurden geändert (entfernt)"],
  ["message_redacted", "Something was removed (removed)", "Etwas wurde entfernt (entfernt)"],
  ["what comes to be", "Entry (removed)", "Eintrag (entfernt)"],
])("a transcript says what was erased: %s", (what, english, german) => {
  expect(noticeText(erased(what), EMPTY_VIEW, deskTranslator("en"))).toBe(english);
  expect(noticeText(erased(what), EMPTY_VIEW, deskTranslator("de"))).toBe(german);
});

test("what was said aside leaves no line in the log that the customer shares", () => {
  expect(["side_message", "coach_message", "message", "transferred"].map((what) => isErasedAside(erased(what)))).toEqual([true, true, false, false]);
});
