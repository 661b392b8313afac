// The script beside a chat, in a real browser.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { create } from "@bufbuild/protobuf";
import { ContactWriteState, RunAbsence, ScriptValueSchema } from "../../src/gen/onqueue/content/v1/script_run_pb";
import { NARROW, WIDE } from "./browser";
import { enter, look, visits } from "./visit";
import type { Room } from "./world/world";

const visit = visits();

async function talking(locale = "en", viewport = WIDE): Promise<{ page: Page; room: Room }> {
  visit.world.script.isNamed = true;
  const page = await visit.open("/desk#/chats", locale, viewport);
  await enter(page, "supervisor@example.org");
  await page.getByTestId("agent-state").waitFor();
  return { page, room: await another(page, "Grace") };
}

async function another(page: Page, name: string): Promise<Room> {
  const room = visit.world.open(`r-${name}`, name, "", "en", "hello");
  visit.world.join(room);
  await choose(page, room);
  return room;
}

async function choose(page: Page, room: Room): Promise<void> {
  await page.locator(`[data-testid="conversation-item"][data-conversation="${room.id}"]`).click();
  await page.getByTestId("desk-input").waitFor();
}

const title = (page: Page, text: string) => page.getByTestId("script-title").getByText(text, { exact: true }).waitFor();
const field = (page: Page, id: string) => page.getByTestId(`script-field-${id}`);
const press = (page: Page, id: string) => page.getByTestId(`script-button-${id}`).click();
const isFocused = (page: Page, testId: string) =>
  page.evaluate((id) => document.activeElement?.getAttribute("data-testid") === id, testId);

test("the script opens with the chat, is gone through by keyboard, and tells what was answered and written", async () => {
  const { world } = visit;
  world.talk.contact({ contactId: "c1", name: "Grace" });
  const { page, room } = await talking();
  await title(page, "Who is it?");
  expect(await isFocused(page, "desk-input"), "the text box keeps the focus").toBe(true);
  expect(await page.getByTestId("script-page").getByText("Be kind.").count()).toBe(1);
  expect(await page.getByTestId("script-button-back").isDisabled()).toBe(true);
  await look(page, "desk-script");

  await field(page, "order").focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("script-problems").getByText("2 answers are not right yet.").waitFor();
  expect(await field(page, "order").getAttribute("aria-invalid")).toBe("true");
  expect(await isFocused(page, "script-field-order")).toBe(true);
  await look(page, "desk-script-problems");
  expect(world.script.submitted).toEqual([]);

  await page.keyboard.type("A-17");
  await page.getByTestId("script-option-wrong").press("Space");
  await field(page, "order").press("Enter");
  await title(page, "What happened?");
  await expect.poll(() => isFocused(page, "script-title")).toBe(true);
  expect(world.script.submitted).toHaveLength(1);
  expect(await page.getByTestId("script-missing").textContent()).toContain("contact.name");
  await field(page, "bought").fill("2026-01-31");
  await field(page, "paid").fill("12,5");
  await page.getByTestId("script-option-scratch").check();
  await page.getByTestId("script-option-dent").check();
  await field(page, "notes").fill("<b>not bold</b>\nsecond line");
  await field(page, "consent").check();
  await look(page, "desk-script-fields");
  await press(page, "next");
  await title(page, "Well done");
  expect(await page.getByTestId("script-trail").getByRole("listitem").allTextContents()).toEqual(["Who is it?", "What happened?", "Well done"]);

  await page.getByTestId("script-so-far").locator("summary").click();
  const answers = page.getByTestId("script-answer");
  await expect.poll(() => answers.allTextContents()).toEqual([
    "Order numberA-17",
    "ReasonWrong",
    "Bought on2026-01-31",
    "Price12.5",
    "SeenScratch, Dent",
    "Notes<b>not bold</b>\nsecond line",
    "AgreesYes",
  ]);
  expect(await page.getByTestId("script-step").first().textContent()).toContain("Anna Beispiel, ");
  expect(await page.getByTestId("script-step").first().textContent()).toContain("version 3 of the script");
  expect(await page.getByTestId("script-write").getAttribute("data-state")).toBe("written");
  await look(page, "desk-script-so-far");

  world.routing.codes = [{ wrapUpCodeId: "w1", name: "Solved" }];
  await press(page, "end");
  await page.getByTestId("script-ended").waitFor();
  await expect.poll(() => isFocused(page, "script-ended")).toBe(true);
  await page.locator('[data-testid="script-notice"][data-key="script.codeSet"]').getByText("“Solved”").waitFor();
  await page.getByTestId("desk-end").click();
  await page.getByTestId("desk-end-yes").click();
  await expect.poll(() => page.getByTestId("wrap-up-code").inputValue()).toBe("w1");
  expect(world.script.runs.get(room.id)?.steps).toHaveLength(3);
});

test("what is typed survives a change of chat and a reload, and the run goes on where it was", async () => {
  const { page, room } = await talking("de");
  await title(page, "Who is it?");
  await field(page, "order").fill("B-2");
  await page.getByTestId("script-option-broken").check();
  const other = await another(page, "Ada");
  await title(page, "Who is it?");
  expect(await field(page, "order").inputValue()).toBe("");
  await field(page, "order").fill("other");
  await choose(page, room);
  await expect.poll(() => field(page, "order").inputValue()).toBe("B-2");
  expect(await page.getByTestId("script-option-broken").isChecked()).toBe(true);
  await page.reload();
  await expect.poll(() => field(page, "order").inputValue()).toBe("B-2");
  await press(page, "next");
  await title(page, "What happened?");
  await page.reload();
  await title(page, "What happened?");
  await press(page, "back");
  await title(page, "Who is it?");
  expect(await field(page, "order").inputValue()).toBe("B-2");
  await press(page, "next");
  await title(page, "What happened?");
  await field(page, "notes").fill("not submitted yet");
  await press(page, "back");
  await title(page, "Who is it?");
  await press(page, "next");
  await title(page, "What happened?");
  expect(await field(page, "notes").inputValue()).toBe("not submitted yet");
  await choose(page, other);
  await expect.poll(() => field(page, "order").inputValue()).toBe("other");
});

test("whoever is overtaken by another window sees where the script stands, and no error", async () => {
  const { world } = visit;
  const { page, room } = await talking();
  await title(page, "Who is it?");
  await field(page, "order").fill("A-17");
  await page.getByTestId("script-option-wrong").check();
  const run = world.script.runs.get(room.id);
  if (!run) throw new Error("the run has not begun");
  world.script.press({ requestId: "x", runId: run.runId, step: 0n, pageId: "welcome", buttonId: "next", answers: {} }, "Bernd Muster");
  await press(page, "next");
  await title(page, "What happened?");
  await page.getByTestId("script-overtaken").waitFor();
  expect(await page.getByTestId("script-fault").count()).toBe(0);
  expect(world.script.runs.get(room.id)?.steps.map(({ userName }) => userName)).toEqual(["Bernd Muster"]);
  await look(page, "desk-script-overtaken");

  const now = world.script.runs.get(room.id);
  world.script.press({ requestId: "y", runId: run.runId, step: now?.step ?? 0n, pageId: "details", buttonId: "back", answers: {} }, "Bernd Muster");
  await title(page, "Who is it?");
  await page.getByTestId("script-overtaken").waitFor();
});

test("a step whose answer is lost is sent again as the same, and its actions are carried out once it is stored", async () => {
  const { world } = visit;
  const { page, room } = await talking();
  await title(page, "Who is it?");
  world.script.losesAnswer = true;
  await press(page, "over");
  await page.getByTestId("script-fault").waitFor();
  expect(await page.getByTestId("transfer-yes").count()).toBe(0);
  await press(page, "over");
  await page.getByTestId("transfer-yes").waitFor();
  expect(world.script.submitted.map(({ requestId }) => requestId)).toHaveLength(2);
  expect(new Set(world.script.submitted.map(({ requestId }) => requestId)).size).toBe(1);
  expect(world.script.runs.get(room.id)?.steps).toHaveLength(1);
  expect(await page.getByTestId("transfer-queue").inputValue()).toBe("Service");
  await look(page, "desk-script-transfer");
  await page.getByTestId("transfer-yes").click();
  await page.getByTestId("transfer-yes").waitFor({ state: "detached" });
  expect(world.talk.transfers).toMatchObject([{ conversationId: room.id, queueId: world.admin.service }]);
});

test("a button asks for a supervisor with the script's words; what was typed stays", async () => {
  const { world } = visit;
  const { page, room } = await talking();
  await title(page, "Who is it?");
  await field(page, "order").fill("A-1");
  await press(page, "help");
  await expect.poll(() => page.getByTestId("help-text").inputValue()).toBe("A difficult return");
  await page.getByTestId("help-yes").click();
  await page.getByTestId("help-status").waitFor();
  expect([...world.talk.assistance.values()]).toMatchObject([{ conversationId: room.id, text: "A difficult return" }]);
  expect(await field(page, "order").inputValue()).toBe("A-1");
  await press(page, "help");
  await page.locator('[data-testid="script-notice"][data-key="script.helpOpen"]').waitFor();
});

test("an offered response is shown as it would be sent, goes into the text box, and its use is counted", async () => {
  const { world } = visit;
  const { page, room } = await talking();
  await field(page, "order").fill("A-1");
  await page.getByTestId("script-option-wrong").check();
  await press(page, "next");
  await title(page, "What happened?");
  await expect.poll(() => page.getByTestId("script-response-text").textContent()).toBe("Hello Grace, how may I help?");
  await page.getByTestId("desk-input").fill("Well,");
  await page.getByTestId("script-response-insert").click();
  await expect.poll(() => page.getByTestId("desk-input").inputValue()).toBe("Well, Hello Grace, how may I help?");
  await expect.poll(() => isFocused(page, "desk-input")).toBe(true);
  await page.keyboard.press("Enter");
  await expect.poll(() => world.admin.uses.length).toBe(1);
  expect(world.admin.uses[0]?.responseId).toBe(world.admin.greeting);
  expect(room.events.some(({ body }) => body.case === "message" && body.value.text === "Well, Hello Grace, how may I help?")).toBe(true);
});

test("the service's refusals stand at their questions, in German", async () => {
  const { world } = visit;
  const { page } = await talking("de");
  await field(page, "order").fill("A-1");
  await page.getByTestId("script-option-wrong").check();
  world.script.refuses = { order: "NO_EMAIL", reason: "NOT_AN_OPTION" };
  await press(page, "next");
  await page.getByText("Das ist keine E-Mail-Adresse.").waitFor();
  await page.getByText("Diese Antwort wird nicht angenommen. Bitte prüfen.").waitFor();
  world.script.refuses = {};
  await field(page, "order").fill("A-2");
  expect(await page.getByText("Das ist keine E-Mail-Adresse.").count()).toBe(0);
  await press(page, "next");
  await title(page, "What happened?");
});

test.each([
  [ContactWriteState.NO_CONTACT, "", "no_contact", "written once it is known who it is", ""],
  [ContactWriteState.PENDING, "", "pending", "is being written", ""],
  [ContactWriteState.REFUSED, "PERMISSION_MISSING", "refused", "not taken", "You are not allowed to do this"],
  [ContactWriteState.REFUSED, "NOT_FOUND", "refused", "not taken", "Contacts have no field called “order”. Please tell"],
])("what goes into the contact is told: %s %s", async (state, reason, shown, text, why) => {
  const { world } = visit;
  world.script.writes = { state, reason };
  const { page } = await talking();
  await field(page, "order").fill("A-1");
  await page.getByTestId("script-option-wrong").check();
  await press(page, "next");
  await title(page, "What happened?");
  const write = page.getByTestId("script-unwritten").locator(`[data-testid="script-write"][data-state="${shown}"]`);
  await write.getByText(text).waitFor();
  expect(await write.textContent()).toContain(why);
  await look(page, `desk-script-unwritten-${reason || shown}`);
  await page.getByTestId("script-so-far").locator("summary").click();
  await page.getByTestId("script-so-far").locator(`[data-testid="script-write"][data-state="${shown}"]`).getByText(text).waitFor();
});

test("who only looks on reads the script and presses nothing", async () => {
  const { world } = visit;
  const { page, room } = await talking();
  await title(page, "Who is it?");
  world.script.readsOnly = true;
  await page.reload();
  await choose(page, room);
  await title(page, "Who is it?");
  expect(await field(page, "order").isDisabled()).toBe(true);
  await expect.poll(() => page.getByTestId("script-button-next").count()).toBe(0);
  expect(await page.getByTestId("script-give-up").count()).toBe(0);
});

test("a supervisor reads what was answered, in a conversation that is over too", async () => {
  const { page, room } = await talking();
  await field(page, "order").fill("A-17");
  await page.getByTestId("script-option-wrong").check();
  await press(page, "next");
  await title(page, "What happened?");
  await page.getByTestId("nav-conversations").click();
  await page.locator(`[data-testid="supervisor-item"][data-conversation="${room.id}"]`).click();
  await page.getByTestId("pane-script").click();
  await page.locator('[data-testid="script-run"][data-state="open"]').waitFor();
  await expect.poll(() => page.getByTestId("script-answer").allTextContents()).toEqual(["Order numberA-17", "ReasonWrong"]);
  await look(page, "supervisor-script");
  const [run] = [...visit.world.script.runs.values()];
  if (!run) throw new Error("nothing has begun");
  const bought = create(ScriptValueSchema, { value: { case: "text", value: "2026-01-31" } });
  const asked = { requestId: "of-another", runId: run.runId, step: run.step, pageId: "details", buttonId: "next", answers: { bought } };
  visit.world.script.press(asked);
  await expect.poll(() => page.getByTestId("script-answer").count(), { message: "it is read again by itself" }).toBe(3);
  await page.keyboard.press("Escape");
  const other = visit.world.open("r-none", "Ada", "", "en", "hello");
  visit.world.join(other);
  await page.getByTestId("supervisor-refresh").click();
  await page.locator(`[data-testid="supervisor-item"][data-conversation="${other.id}"]`).click();
  await page.getByTestId("pane-script").click();
  await page.getByTestId("script-runs-none").waitFor();
});

test.each([
  ["en", RunAbsence.SCRIPT_GONE, "The script of this queue does not exist any more."],
  ["de", RunAbsence.SCRIPT_UNPUBLISHED, "Der Leitfaden dieser Warteschlange ist noch nicht veröffentlicht."],
] as const)("an agent is told that there is no script although the queue names one: %s", async (locale, absence, text) => {
  const { world } = visit;
  world.script.absence = absence;
  const page = await visit.open("/desk#/chats", locale, WIDE);
  await enter(page, "supervisor@example.org");
  await page.getByTestId("agent-state").waitFor();
  const room = await another(page, "Grace");
  await page.locator(`[data-testid="script-absence"][data-absence="${RunAbsence[absence]}"]`).getByText(text).waitFor();
  await look(page, `desk-script-absent-${locale}`);
  expect(await page.getByTestId("beside-script").count()).toBe(0);
  world.script.isNamed = true;
  await page.reload();
  await choose(page, room);
  await page.getByTestId("beside-script").waitFor();
  expect(await page.getByTestId("script-absence").count()).toBe(0);
});

test("the script is in the desk's language, also when that is switched, and keeps what is typed", async () => {
  const { world } = visit;
  const { page } = await talking("de");
  await title(page, "Who is it?");
  expect(new Set(world.script.languages)).toEqual(new Set(["de"]));
  await field(page, "order").fill("A-1");
  await page.getByTestId("language-switch").selectOption("en");
  await expect.poll(() => world.script.languages.at(-1)).toBe("en");
  expect(await field(page, "order").inputValue()).toBe("A-1");
  await page.getByTestId("script-option-wrong").check();
  await press(page, "next");
  await title(page, "What happened?");
  expect(world.script.submitted.map(({ language }) => language)).toEqual(["en"]);
});

test("a script is given up after a question", async () => {
  const { page } = await talking();
  await title(page, "Who is it?");
  await page.getByTestId("script-give-up").click();
  await page.getByTestId("script-give-up-no").click();
  await title(page, "Who is it?");
  await page.getByTestId("script-give-up").click();
  await look(page, "desk-script-give-up");
  await page.getByTestId("script-give-up-yes").click();
  await page.getByTestId("script-ended").getByText("given up").waitFor();
});

test("without a script there is no button for it, and beside is what was there before", async () => {
  visit.world.script.isNamed = false;
  const page = await visit.open("/desk#/chats");
  await enter(page, "supervisor@example.org");
  await page.getByTestId("agent-state").waitFor();
  await another(page, "Grace");
  await page.getByTestId("contact-panel").waitFor();
  expect(await page.getByTestId("beside-script").count()).toBe(0);
});

test("while scripts cannot be reached the last page stays, what is typed is kept, and the next press is taken", async () => {
  const { world } = visit;
  const { page } = await talking();
  await title(page, "Who is it?");
  world.contentAway = true;
  await field(page, "order").fill("A-1");
  await page.getByTestId("script-option-wrong").check();
  await page.getByTestId("content-away").waitFor();
  await press(page, "next");
  await page.getByTestId("script-fault").waitFor();
  expect(await field(page, "order").inputValue()).toBe("A-1");
  await look(page, "desk-script-away");
  world.contentAway = false;
  await page.getByTestId("content-away").waitFor({ state: "detached" });
  await press(page, "next");
  await title(page, "What happened?");
});

test("a script that begins while content is away opens once it is back", async () => {
  visit.world.contentAway = true;
  const { page } = await talking();
  await page.getByTestId("content-away").waitFor();
  expect(await page.getByTestId("script-panel").count()).toBe(0);
  visit.world.contentAway = false;
  await title(page, "Who is it?");
});

test("in a narrow window the script waits behind its button, and an inserted response leads to the text box", async () => {
  const { page } = await talking("de", NARROW);
  await page.getByTestId("beside-script").waitFor();
  expect(await page.getByTestId("script-panel").count()).toBe(0);
  await page.getByTestId("beside-script").click();
  await title(page, "Who is it?");
  await look(page, "desk-script-narrow");
  await field(page, "order").fill("A-1");
  await page.getByTestId("script-option-wrong").check();
  await press(page, "next");
  await title(page, "What happened?");
  await page.getByTestId("script-response-insert").click();
  await expect.poll(() => page.getByTestId("desk-input").inputValue()).toBe("Hello Grace, how may I help?");
  await page.getByTestId("desk-input").waitFor({ state: "visible" });
});
