// What is kept for how long, in a real browser: the queues' retention, and conversations that have to be kept.
import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ConversationState } from "../../src/gen/onqueue/session/v1/conversation_pb";
import { LegalHoldSchema } from "../../src/gen/onqueue/session/v1/transcript_pb";
import { NARROW, WIDE } from "./browser";
import { enter, look, visits } from "./visit";
import { refusal } from "./world/refusal";
import { AGENT_USER, QUEUE, type Room } from "./world/world";

const visit = visits();

const DAY_MS = 24 * 3_600_000;

const keeping = async (user = "supervisor@example.org", locale = "en", viewport = WIDE) => {
  const page = await visit.open("/desk#/administration/retention", locale, viewport);
  await enter(page, user);
  await page.getByTestId("part-retention").waitFor();
  return page;
};

const over = (name: string): Room => {
  const room = visit.world.open(`request of ${name}`, name, "An order", "en", "hello");
  room.state = ConversationState.ENDED;
  room.endedAt = timestampNow();
  return room;
};

const hold = ({ id }: Room, reason: string): void => {
  const value = { conversationId: id, reason, at: timestampNow(), userId: AGENT_USER };
  visit.world.talk.holds.set(id, create(LegalHoldSchema, value));
};

test("without rules and holds it is said that everything is kept and nothing has to be", async () => {
  const page = await keeping();
  await page.getByTestId("retention-none").getByText("Every queue keeps its transcripts for ever.").waitFor();
  await page.getByTestId("holds-none").getByText("Nothing has to be kept.").waitFor();
  await look(page, "admin-retention-empty");
});

test.each([
  ["en", WIDE, ["30 days", "1,000 or more", "nothing yet"]],
  ["de", NARROW, ["30 Tage", "1.000 oder mehr", "noch nichts"]],
] as const)("how far retention has come is told for each queue, %s", async (locale, viewport, texts) => {
  visit.world.talk.retention = [
    { queueId: "q2", queueName: "Service", days: 30, due: 1_000 },
    { queueId: "q1", queueName: "Orders", days: 1, erased: 1_234n, lastErasedAt: timestampNow(), due: 0 },
  ];
  const page = await keeping("supervisor@example.org", locale, viewport);
  const rows = page.getByTestId("retention-queue");
  await rows.first().waitFor();
  expect(await rows.evaluateAll((all) => all.map((row) => row.getAttribute("data-queue")))).toEqual(["q1", "q2"]);
  for (const text of texts) await page.locator('[data-queue="q2"]').getByText(text, { exact: true }).waitFor();
  const limit = new Intl.DateTimeFormat(locale === "en" ? "en-GB" : "de-DE", { day: "numeric" }).format(Date.now() - 30 * DAY_MS);
  expect(await page.locator('[data-queue="q2"]').textContent()).toContain(limit);
  await look(page, `admin-retention-${locale}`);
});

test("a conversation has to be kept from its number on, for a reason, until that is ended", async () => {
  const { talk } = visit.world;
  const room = over("Grace");
  const page = await keeping();
  await page.getByTestId("hold-begin").click();
  await page.getByTestId("hold-begin-yes").click();
  await page.getByText("This must not be empty.").first().waitFor();
  await page.getByTestId("hold-number").fill("no such number");
  await page.getByTestId("hold-why").fill("Case 12/26");
  await page.getByTestId("hold-begin-yes").click();
  await page.locator('[data-testid="hold-begin-fault"][data-reason="CONVERSATION_NOT_FOUND"]').waitFor();
  await look(page, "admin-hold-fault");
  expect(talk.holds.size).toBe(0);
  await page.getByTestId("hold-number").fill(` ${room.id} `);
  await page.getByTestId("hold-begin-yes").click();
  const row = page.locator(`[data-testid="hold-row"][data-conversation="${room.id}"]`);
  await row.getByText("Case 12/26").waitFor();
  await row.getByText("Grace · Service").waitFor();
  expect(talk.holds.get(room.id)?.reason).toBe("Case 12/26");
  await look(page, "admin-holds");
  await row.getByTestId("hold-read").click();
  await page.getByTestId("transcript").getByText("hello").waitFor();
  await page.keyboard.press("Escape");
  await row.getByTestId("hold-end").click();
  await page.getByTestId("ask-yes").click();
  await page.getByTestId("holds-none").waitFor();
  expect(talk.holds.size).toBe(0);
});

test("many holds come page by page, and one whose conversation may not be seen has its number", async () => {
  const rooms = Array.from({ length: 25 }, (_, at) => over(`Guest ${at}`));
  for (const room of rooms) hold(room, "");
  visit.world.rooms.delete(rooms[0]?.id ?? "");
  const page = await keeping();
  const rows = page.getByTestId("hold-row");
  await rows.nth(19).waitFor();
  expect(await rows.count()).toBe(20);
  await rows.first().getByText(rooms[0]?.id ?? "").waitFor();
  await rows.first().getByText("Nobody said why.").waitFor();
  await page.getByTestId("holds-more").click();
  await rows.nth(24).waitFor();
  expect(await page.getByTestId("holds-more").count()).toBe(0);
});

test("what cannot be read is said, and asked for again", async () => {
  const { talk } = visit.world;
  talk.retentionFault = refusal(Code.PermissionDenied, "PERMISSION_MISSING");
  const page = await keeping();
  await page.getByTestId("retention-fault").waitFor();
  expect(await page.getByTestId("retention-none").count()).toBe(0);
  talk.retentionFault = undefined;
  await page.getByTestId("retention-retry").click();
  await page.getByTestId("retention-none").waitFor();
});

test("who reads a conversation that is over is told when it is erased", async () => {
  over("Grace");
  visit.world.talk.retention = [{ queueId: QUEUE, queueName: "Service", days: 30 }];
  const desk = await visit.open("/desk");
  await enter(desk, "auditor@example.org");
  await desk.getByTestId("nav-conversations").click();
  await desk.getByTestId("supervisor-item").click();
  await desk.getByTestId("kept-until").getByText("unless it has to be kept").waitFor();
  expect(await desk.getByTestId("nav-administration").count()).toBe(0);
  await look(desk, "desk-kept-until");
});

test("a queue without retention says nothing of an end", async () => {
  over("Grace");
  visit.world.talk.retention = [{ queueId: "another", queueName: "Sales", days: 30 }];
  const desk = await visit.open("/desk");
  await enter(desk, "auditor@example.org");
  await desk.getByTestId("nav-conversations").click();
  await desk.getByTestId("supervisor-item").click();
  await desk.getByTestId("verify").waitFor();
  await desk.getByTestId("transcript").waitFor();
  expect(await desk.getByTestId("kept-until").count()).toBe(0);
});
