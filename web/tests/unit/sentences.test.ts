import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { chatTranslator } from "../../src/chat/catalogues";
import { isWaitingAgain, noticeOf, queueLabelOf, transcriptText, type Reader } from "../../src/chat/sentences";
import { EMPTY_VIEW, withEvents } from "../../src/core/conversation";
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
