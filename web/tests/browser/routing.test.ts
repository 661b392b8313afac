// What routing tells, in a real browser: after-contact work, places in line, live figures, explanations.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { AgentState } from "../../src/gen/onqueue/routing/v1/agent_pb";
import { WaitingPlace } from "../../src/gen/onqueue/routing/v1/decision_pb";
import { AfterContactMode } from "../../src/gen/onqueue/routing/v1/queue_pb";
import { WaitUnknown } from "../../src/gen/onqueue/routing/v1/wait_pb";
import { EndReason } from "../../src/gen/onqueue/session/v1/event_pb";
import { NARROW, WIDE } from "./browser";
import { enter, look, visits } from "./visit";
import { QUEUE, SALES, type Room } from "./world/world";

const visit = visits();

const signedIn = async (locale = "en", viewport = WIDE) => {
  const desk = await visit.open("/desk", locale, viewport);
  await enter(desk, "supervisor@example.org");
  return desk;
};

const waitingRoom = (name = "Grace"): Room => visit.world.open(`r-${name}`, name, "An order", "en", "hello");

test("after-contact work has a clock, a code and notes, survives a reload, and ends", async () => {
  const { routing } = visit.world;
  routing.codes = [
    { wrapUpCodeId: "k1", name: "Solved" },
    { wrapUpCodeId: "k2", name: "To be called back" },
  ];
  routing.queueSettings = { afterContact: { mode: AfterContactMode.AGENT_REQUESTED } };
  const desk = await signedIn();
  visit.world.setState(AgentState.IDLE);
  const room = waitingRoom();
  await desk.getByTestId("offer-accept").click();
  await desk.getByTestId("wrap-up-request").click();
  await desk.getByTestId("wrap-up-requested").waitFor();
  expect(routing.requested).toEqual([room.id]);
  visit.world.end(room, EndReason.GUEST_LEFT);
  routing.afterContact(visit.world, { conversationId: room.id, queueId: QUEUE, mode: "mandatory_timeout", mayEndEarly: true }, 90_000);
  await desk.getByTestId("wrap-up-clock").getByText("left").waitFor();
  await desk.getByTestId("wrap-up-notes").fill("Wants her money back.");
  await look(desk, "desk-wrap-up");
  await desk.reload();
  expect(await desk.getByTestId("wrap-up-notes").inputValue()).toBe("Wants her money back.");
  await desk.getByTestId("wrap-up-code").locator("option").nth(2).waitFor({ state: "attached" });
  await desk.getByTestId("wrap-up-done").click();
  await desk.getByText("Please choose a wrap-up code.").waitFor();
  expect(routing.wrapUps).toEqual([]);
  await desk.getByTestId("wrap-up-code").selectOption("k2");
  await desk.getByTestId("wrap-up-done").click();
  await desk.getByTestId("wrap-up").waitFor({ state: "detached" });
  expect(routing.wrapUps).toEqual([{ conversationId: room.id, wrapUpCodeId: "k2", notes: "Wants her money back." }]);
});

test("work of a fixed time is not ended early, and says so; what is said is saved", async () => {
  const { routing } = visit.world;
  const desk = await signedIn("de", NARROW);
  routing.afterContact(visit.world, { conversationId: "c1", queueId: QUEUE, mode: "mandatory_forced", mayEndEarly: false }, 60_000);
  await desk.getByTestId("wrap-up-forced").getByText("feste Zeit").waitFor();
  expect(await desk.getByTestId("wrap-up-done").isDisabled()).toBe(true);
  await desk.getByTestId("wrap-up-notes").fill("Erledigt.");
  await desk.getByTestId("wrap-up-save").click();
  await desk.getByTestId("wrap-up-saved").getByText("Gespeichert.").waitFor();
  await desk.getByTestId("wrap-up-notes").fill("Erledigt, ruft wieder an.");
  await desk.getByTestId("wrap-up-saved").getByText("Gespeichert.").waitFor({ state: "detached" });
  await desk.getByTestId("wrap-up-notes").fill("Erledigt.");
  await look(desk, "desk-wrap-up-forced-narrow");
  expect(routing.wrapUps).toEqual([{ conversationId: "c1", wrapUpCodeId: "", notes: "Erledigt." }]);
});

test("the customer reads place, wait and what the queue says, and none of it once somebody is there", async () => {
  const { routing } = visit.world;
  routing.standing = [{ frame: { case: "standing", value: { position: 3n, p50Ms: 120_000n, p90Ms: 290_000n } } }];
  const chat = await visit.open("/chat?deployment=d1", "de", NARROW);
  await chat.getByTestId("chat-name").fill("Greta");
  await chat.getByTestId("chat-start").click();
  await chat.getByTestId("chat-position").getByText("Sie sind Nummer 3. Es dauert voraussichtlich 2–5 Minuten.").waitFor();
  routing.positions.publish({ frame: { case: "notice", value: { text: "Haben Sie Ihre Kundennummer zur Hand?", language: "de" } } });
  await chat.getByTestId("chat-queue-message").getByText("Kundennummer").waitFor();
  await look(chat, "chat-position-narrow");
  routing.positions.publish({ frame: { case: "standing", value: { position: 2n, unknown: WaitUnknown.NOBODY_SERVING } } });
  await chat.getByTestId("chat-position").getByText("Zurzeit ist niemand da").waitFor();
  await chat.getByTestId("language-switch").selectOption("en");
  await chat.getByTestId("chat-position").getByText("You are number 2. Nobody is there").waitFor();
  visit.world.join([...visit.world.rooms.values()][0] as Room);
  await chat.getByTestId("chat-position").waitFor({ state: "hidden" });
  await chat.getByTestId("chat-queue-message").waitFor({ state: "hidden" });
});

const figures = (waiting: bigint) => ({
  queueId: QUEUE,
  queueName: "Service",
  waiting,
  alerting: 1n,
  inHand: 4n,
  oldestWaitingSince: timestampFromMs(Date.now() - 65_000),
  agents: { idle: 2n, interacting: 3n, notResponding: 1n },
  window: { serviceLevel: 8_250, averageSpeedOfAnswerMs: 14_000n, handleTimeMs: 312_000n, abandoned: 2n },
});

test("the supervisor sees queues live, with what the figures count, and who waits", async () => {
  const { routing } = visit.world;
  const sales = { queueId: SALES, queueName: "Sales", agents: { offQueue: 2n }, window: {} };
  const all = { ...figures(1n), queueId: "", queueName: "" };
  routing.figures = { at: timestampFromMs(Date.now()), queues: [figures(1n), sales], organisation: all, complete: true };
  waitingRoom();
  const desk = await signedIn("de");
  await desk.getByTestId("nav-live").click();
  const row = desk.locator(`[data-testid="live-queue"][data-queue="${QUEUE}"]`);
  await row.getByTestId("live-service-level").getByText("83").waitFor();
  expect(await row.getByTestId("live-oldest").textContent()).toMatch(/^1:\d\d$/);
  await row.getByTestId("live-agents").getByText("3 im Gespräch").waitFor();
  await desk.getByTestId("live-definitions").locator("summary").click();
  await desk.getByText("Interaktionen in der Schlange.").waitFor();
  await look(desk, "desk-live");
  routing.live.publish({ frame: { case: "changes", value: { queues: [figures(7n)], complete: true } } });
  await row.getByTestId("live-waiting").getByText("7").waitFor();
  await row.getByTestId("live-choose").click();
  await desk.getByTestId("waiting-row").getByText("Grace").waitFor();
  expect(await desk.getByTestId("waiting-place").textContent()).toBe("1");
  await desk.getByTestId("waiting-explain").click();
  await desk.getByTestId("why-summary").waitFor();
  await visit.site.kill();
  await desk.getByTestId("live-reconnecting").waitFor();
  expect(await row.getByTestId("live-waiting").textContent()).toBe("7");
  await visit.site.start();
  await desk.getByTestId("live-reconnecting").waitFor({ state: "detached" });
  await desk.setViewportSize(NARROW);
  await look(desk, "desk-live-narrow");
});

test("without queues the live page says so", async () => {
  const desk = await signedIn();
  await desk.getByTestId("nav-live").click();
  await desk.getByTestId("live-none").waitFor();
});

test("why it waits, why this agent got it, and why another did not, in sentences and tables", async () => {
  const { routing } = visit.world;
  routing.explanation = {
    queueId: QUEUE,
    queueName: "Service",
    place: WaitingPlace.WAITING,
    summary: "It waits because all 2 agents who could take it have no room.",
    position: 3n,
    waitingInQueue: 5n,
    stageText: "all members",
    nextStageText: "ring 2",
    nextStageAt: timestampFromMs(Date.now() + 60_000),
    requiredSkills: [{ name: "Refunds" }],
    language: "de",
    members: 4,
    reasons: [
      { reason: "off_queue", count: 2, text: "2 are off queue" },
      { reason: "at_capacity", count: 2, text: "2 have no room" },
    ],
    nearest: [{ userId: "u2", name: "Bernd Muster", reason: { reason: "at_capacity", text: "3 of 3 chats" } }],
    nextChanges: [{ kind: "room", agents: 2, text: "One of 2 agents gets room." }],
  };
  waitingRoom();
  const desk = await signedIn();
  await desk.getByTestId("nav-conversations").click();
  await desk.getByTestId("supervisor-item").click();
  await desk.getByTestId("why-summary").getByText("have no room").waitFor();
  await desk.getByTestId("why-facts").getByText("3; 5 wait in Service").waitFor();
  await desk.locator('[data-testid="near-candidate"][data-reason="at_capacity"]').getByText("3 of 3 chats").waitFor();
  await desk.getByTestId("why-change").getByText("gets room").waitFor();
  await desk.getByTestId("explain-agent").selectOption({ label: "Anna Beispiel" });
  await desk.locator('[data-testid="agent-explanation"][data-verdict="excluded"]').getByText("cannot have it").waitFor();
  await desk.getByTestId("decision-summary").getByText("free the longest").waitFor();
  await look(desk, "desk-why");
  await desk.getByTestId("all-candidates").click();
  await desk.getByText("Carla Drei").waitFor();
  await desk.setViewportSize(NARROW);
  await look(desk, "desk-why-narrow");
});
