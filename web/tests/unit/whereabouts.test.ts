import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { EMPTY_VIEW, participantsOf, withEvents } from "../../src/core/conversation";
import { deskTranslator } from "../../src/desk/catalogues";
import { FATES, fateOf } from "../../src/desk/whereabouts";
import { EndReason, EventSchema, ParticipantKind } from "../../src/gen/onqueue/session/v1/event_pb";

type Body = NonNullable<MessageInitShape<typeof EventSchema>["body"]>;

const joined = (participantId: string, name: string): Body => ({
  case: "participantJoined",
  value: { participantId, kind: ParticipantKind.AGENT, name, userId: `user-${participantId}` },
});
const left = (participantId: string): Body => ({ case: "participantLeft", value: { participantId } });
const passed = (value: { queueName: string; agentName?: string; attended?: boolean }): Body => ({ case: "transferred", value });
const over = (reason: EndReason): Body => ({ case: "ended", value: { reason } });
const opened: Body = { case: "opened", value: { guestName: "Greta", guestParticipantId: "g" } };
const reopened: Body = { case: "reopened", value: { opening: 2n } };
const me = joined("me", "Ben");

const fate = (...bodies: Body[]) => {
  const events = [opened, me, ...bodies].map((body, index) => create(EventSchema, { eventId: `e${index}`, sequence: BigInt(index + 1), body }));
  const view = withEvents(EMPTY_VIEW, events);
  return fateOf({ view, ownIds: participantsOf(view, "user-me") });
};

test.each<[string, Body[], string, string]>([
  ["ended", [over(EndReason.AGENT_ENDED)], "ended", ""],
  ["at rest", [over(EndReason.RESTED)], "resting", ""],
  ["passed on to a queue", [passed({ queueName: "Sales" }), left("me")], "passedOn", "Sales"],
  ["passed on to an agent by way of a queue", [passed({ queueName: "Sales", agentName: "David" }), left("me")], "passedOn", "David"],
  ["accepted by somebody of the queue", [passed({ queueName: "Sales", attended: true }), joined("d", "David"), left("me")], "passedOn", "David"],
  ["passed on, and ended there", [passed({ queueName: "Sales" }), left("me"), over(EndReason.GUEST_LEFT)], "ended", ""],
  ["taken over", [joined("s", "Sofia"), left("me")], "taken", "Sofia"],
  ["opened again", [left("me"), over(EndReason.RESTED), reopened], "elsewhere", ""],
  ["passed on before the agent had it again", [passed({ queueName: "Sales" }), left("me"), me, left("me")], "elsewhere", ""],
  ["passed on before it was opened again", [passed({ queueName: "Sales" }), left("me"), over(EndReason.RESTED), reopened], "elsewhere", ""],
])("a chat that is no longer the agent's: %s", (_name, bodies, what, to) => {
  expect(fate(...bodies)).toEqual({ what, to });
});

test("only what is over is called so", () => {
  for (const locale of ["de", "en"] as const) {
    const words = deskTranslator(locale);
    const texts = (["passedOn", "taken", "elsewhere"] as const).flatMap((what) => [words.t(FATES[what].short), words.t(FATES[what].long, { to: "David" })]);
    expect(texts.join(" ")).not.toMatch(/ended|beendet/);
    expect(words.t(FATES.passedOn.long, { to: "David" })).toContain("David");
  }
});
