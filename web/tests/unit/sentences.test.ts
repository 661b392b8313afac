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
