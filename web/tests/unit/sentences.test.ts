import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { chatTranslator } from "../../src/chat/catalogues";
import { isWaitingAgain, noticeOf, queueLabelOf, startProblem, transcriptText, type Reader } from "../../src/chat/sentences";
import { EMPTY_VIEW, withEvents } from "../../src/core/conversation";
import type { Fault } from "../../src/core/fault";
import { DeploymentQueueSchema } from "../../src/gen/onqueue/auth/v1/trust_pb";
import { EventSchema } from "../../src/gen/onqueue/session/v1/event_pb";
import type { Locale } from "../../src/i18n/translator";

const QUEUES = [create(DeploymentQueueSchema, { queueId: "q1", labels: { en: "An invoice", de: "Eine Rechnung" } })];

const reader = (locale: Locale): Reader => ({
  words: chatTranslator(locale),
  ownId: "g",
  queueLabel: (queueId) => queueLabelOf(QUEUES, queueId, locale),
});

const event = (sequence: number, body: NonNullable<MessageInitShape<typeof EventSchema>["body"]>) =>
  create(EventSchema, { sequence: BigInt(sequence), body });

const opened = event(1, { case: "opened", value: { guestName: "Greta", guestParticipantId: "g" } });
const queued = (sequence: number, queueId = "q1") =>
  event(sequence, { case: "queued", value: { queueId, queueName: "Billing" } });

describe("waiting in a queue", () => {
  const view = withEvents(EMPTY_VIEW, [opened, queued(2)]);

  test("is told with the name that the chat page shows, in its language", () => {
    expect(noticeOf(queued(2), view, reader("de"))).toBe("Sie sind in der Warteschlange „Eine Rechnung“.");
    expect(noticeOf(queued(2), view, reader("en"))).toBe("You are in the queue “An invoice”.");
    expect(transcriptText(view, reader("de"))).toContain("Eine Rechnung");
    expect(transcriptText(view, reader("de"))).not.toContain("Billing");
  });

  test("is told with the name in the event where the page has none", () => {
    expect(noticeOf(queued(2, "q2"), view, reader("en"))).toBe("You are in the queue “Billing”.");
  });

  test("again, after an offer that was declined, is told in other words", () => {
    const again = withEvents(view, [queued(5)]);
    expect(isWaitingAgain(view)).toBe(false);
    expect(isWaitingAgain(again)).toBe(true);
    const told = again.events.map((each) => noticeOf(each, again, reader("en")));
    expect(told).toEqual([undefined, "You are in the queue “An invoice”.", "We are looking for somebody else for you."]);
  });
});

describe("a conversation that goes on after a rest", () => {
  const agent = event(3, { case: "participantJoined", value: { participantId: "a", kind: 2, name: "Anna" } });
  const rested = event(4, { case: "ended", value: { reason: 6 } });
  const reopened = event(5, { case: "reopened", value: { opening: 2n } });
  const view = withEvents(EMPTY_VIEW, [opened, queued(2), agent, rested, reopened, queued(6)]);

  test("waits as at the first time", () => {
    expect(isWaitingAgain(withEvents(EMPTY_VIEW, [opened, queued(2), agent]))).toBe(true);
    expect(isWaitingAgain(view)).toBe(false);
    expect(isWaitingAgain(withEvents(view, [queued(7)]))).toBe(true);
  });

  test("says so, and what else happened, in both languages", () => {
    const told = (locale: Locale) => view.events.map((each) => noticeOf(each, view, reader(locale))).slice(3);
    expect(told("en")).toEqual([
      "The conversation is at rest: your next message opens it again.",
      "You have written again: we are looking for somebody for you.",
      "You are in the queue “An invoice”.",
    ]);
    expect(told("de")[0]).toBe("Das Gespräch ruht: Ihre nächste Nachricht öffnet es wieder.");
  });
});

test("files and removed messages are in the transcript", () => {
  const file = event(2, { case: "attachmentAdded", value: { name: "a.txt", bytes: 2_048n, mediaType: "text/plain" } });
  const gone = event(3, { case: "erased", value: { what: "message" } });
  const text = transcriptText(withEvents(EMPTY_VIEW, [opened, file, gone]), reader("en"));
  expect(text).toContain("Agent: a.txt (2 kB, text/plain)");
  expect(text).toContain("(removed)");
});

describe("a chat that may not be started", () => {
  const refusal = (reason: string, metadata: Record<string, string>): Fault => ({
    kind: "refused",
    reason,
    status: "failed_precondition",
    metadata,
    retryAfterMs: undefined,
  });
  const opensAt = "2026-03-30T07:00:00Z";

  test("is told when the queue opens, in the language of the page and the time zone of the visitor", () => {
    for (const [locale, state, begin] of [
      ["en", "closed", "We are closed at the moment."],
      ["de", "closed", "Zurzeit haben wir geschlossen."],
      ["de", "holiday", "Heute ist bei uns Feiertag."],
    ] as const) {
      const words = chatTranslator(locale);
      const told = startProblem(refusal("QUEUE_CLOSED", { opens_at: opensAt, schedule_state: state }), words);
      expect(told).toContain(begin);
      expect(told).toContain(words.dateTime(Date.parse(opensAt)));
    }
  });

  test("is told why where nobody knows when", () => {
    const words = chatTranslator("en");
    const emergency = refusal("QUEUE_CLOSED", { schedule_state: "emergency" });
    expect(startProblem(emergency, words)).toBe(words.t("reason.QUEUE_CLOSED"));
    expect(startProblem(refusal("QUEUE_FULL", { opens_at: opensAt }), words)).toBe(words.t("reason.QUEUE_FULL"));
  });
});
