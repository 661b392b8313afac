// Finding canned responses while writing to a customer, in a real browser.
import { create } from "@bufbuild/protobuf";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { VariantSchema } from "../../src/gen/onqueue/content/v1/response_pb";
import { NARROW } from "./browser";
import { enter, look, visits } from "./visit";
import type { Room } from "./world/world";

const visit = visits();

async function talking(locale = "en", language = "en", viewport?: typeof NARROW): Promise<{ page: Page; room: Room }> {
  const page = await visit.open("/desk#/chats", locale, viewport);
  await enter(page, "agent@example.org");
  await page.getByTestId("agent-state").waitFor();
  const room = visit.world.open("r1", "Grace", "", language, "hello");
  visit.world.join(room);
  await page.getByTestId("conversation-item").click();
  await page.getByTestId("desk-input").waitFor();
  await page.getByTestId("desk-log").getByText("hello").waitFor();
  return { page, room };
}

const texts = (room: Room) => room.events.flatMap(({ body }) => (body.case === "message" ? [body.value.text] : []));

const input = (page: Page) => page.getByTestId("desk-input");

test("two keystrokes find a response, Enter takes it, Enter sends it, and its use is counted with the message", async () => {
  const { page, room } = await talking();
  await input(page).press("/");
  await expect.poll(() => page.getByTestId("found-response").count()).toBe(2);
  await input(page).press("h");
  await expect.poll(() => page.getByTestId("found-response").count()).toBe(1);
  await look(page, "desk-finder");
  expect(await input(page).getAttribute("aria-activedescendant")).toBe("found-response-0");
  await input(page).press("Enter");
  await expect.poll(() => input(page).inputValue()).toBe("Hello Grace, how may I help?");
  expect(await page.getByTestId("finder").count()).toBe(0);
  expect(texts(room)).toEqual(["hello"]);
  await input(page).press("Enter");
  await expect.poll(() => texts(room)).toEqual(["hello", "Hello Grace, how may I help?"]);
  await expect.poll(() => visit.world.admin.uses.length).toBe(1);
  const sent = room.events.findLast(({ body }) => body.case === "message")?.body;
  const clientMessageId = sent?.case === "message" ? sent.value.clientMessageId : "";
  expect(visit.world.admin.uses).toMatchObject([{ responseId: visit.world.admin.greeting, clientMessageId, conversationId: room.id }]);
});

test("a missing value is asked for by its description, and nothing is sent with holes", async () => {
  const { page, room } = await talking();
  await input(page).pressSequentially("Good news: /re");
  await expect.poll(() => page.getByTestId("found-response").count()).toBe(1);
  await expect.poll(() => page.getByTestId("found-filled").textContent()).toBe("Your refund of How much is paid back is on its way.");
  expect(await page.getByTestId("found-filled").locator("mark").allTextContents()).toEqual(["How much is paid back"]);
  await input(page).press("Tab");
  await page.getByLabel("How much is paid back").waitFor();
  expect(await page.getByTestId("missing-insert").isDisabled()).toBe(true);
  await look(page, "desk-finder-missing");
  await page.getByTestId("missing-AMOUNT").press("Enter");
  expect(texts(room)).toEqual(["hello"]);
  await page.keyboard.press("Escape");
  await page.getByTestId("missing-values").waitFor({ state: "detached" });
  expect(await input(page).inputValue()).toBe("Good news: /re");
  await input(page).press("Enter");
  await page.getByTestId("missing-AMOUNT").fill("€ 20 {{X}}");
  await page.getByTestId("missing-AMOUNT").press("Enter");
  await expect.poll(() => input(page).inputValue()).toBe("Good news: Your refund of € 20 {{X}} is on its way.");
  await expect.poll(() => input(page).evaluate((box) => box === document.activeElement)).toBe(true);
  await input(page).press("Enter");
  await expect.poll(() => texts(room).at(-1)).toBe("Good news: Your refund of € 20 {{X}} is on its way.");
});

test("arrows choose, Escape leaves, and a slash in a word finds nothing", async () => {
  const { page, room } = await talking("de", "de");
  await input(page).press("/");
  await expect.poll(() => page.getByTestId("found-response").count()).toBe(2);
  await input(page).press("ArrowDown");
  expect(await input(page).getAttribute("aria-activedescendant")).toBe("found-response-1");
  await input(page).press("ArrowDown");
  expect(await input(page).getAttribute("aria-activedescendant")).toBe("found-response-0");
  await input(page).press("Enter");
  await expect.poll(() => input(page).inputValue()).toBe("Guten Tag Grace, wie kann ich helfen?");
  await input(page).fill("");
  await input(page).pressSequentially("/xyz");
  await page.getByTestId("finder-status").getByText("0 Textbausteine gefunden").waitFor();
  await input(page).press("Enter");
  expect(texts(room)).toEqual(["hello"]);
  await input(page).press("Escape");
  await page.getByTestId("finder").waitFor({ state: "detached" });
  await input(page).press("Enter");
  await expect.poll(() => texts(room)).toEqual(["hello", "/xyz"]);
  await input(page).pressSequentially("und/oder");
  expect(await page.getByTestId("finder").count()).toBe(0);
});

test("a response in another language than the conversation says so, and only such a one", async () => {
  visit.world.admin.responses.put({
    name: "Höflich",
    shortcut: "hold",
    libraryIds: [visit.world.admin.library],
    variants: [create(VariantSchema, { language: "de", text: "Einen Augenblick, bitte." })],
  });
  const { page } = await talking();
  await input(page).pressSequentially("/h");
  await expect.poll(() => page.getByTestId("found-response").count()).toBe(2);
  const strange = page.getByTestId("found-response").filter({ hasText: "Höflich" });
  await strange.getByTestId("found-language").getByText("German").waitFor();
  expect(await page.getByTestId("found-language").count()).toBe(1);
  await look(page, "desk-finder-language");
});

test("the finder fits a narrow window", async () => {
  const { page } = await talking("de", "de", NARROW);
  await input(page).press("/");
  await expect.poll(() => page.getByTestId("found-response").count()).toBe(2);
  await look(page, "desk-finder-narrow");
  await page.getByTestId("found-response").first().click();
  await expect.poll(() => input(page).inputValue()).toBe("Guten Tag Grace, wie kann ich helfen?");
});

/** Moves the focus on until it is where it should be. */
async function tabTo(page: Page, testId: string): Promise<void> {
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate(() => document.activeElement?.getAttribute("data-testid"))) === testId) return;
  }
  throw new Error(`${testId} is not reached by Tab`);
}

test("the agent's journey by keyboard alone", async () => {
  const page = await visit.open("/desk");
  await page.getByTestId("login-organisation").waitFor();
  for (const [field, value] of [["login-organisation", "demo"], ["login-email", "agent@example.org"], ["login-password", "secret"]] as const) {
    await tabTo(page, field);
    await page.keyboard.type(value);
  }
  await page.keyboard.press("Enter");
  await page.getByTestId("queue-toggle").waitFor();
  await tabTo(page, "queue-toggle");
  await page.keyboard.press("Enter");
  await page.locator('[data-testid="agent-state"][data-state="idle"]').waitFor();
  const room = visit.world.open("r1", "Grace", "", "en", "hello");
  await page.getByTestId("offer").waitFor();
  await page.keyboard.press("Alt+KeyA");
  await page.getByTestId("desk-input").waitFor();
  await expect.poll(() => input(page).evaluate((box) => box === document.activeElement)).toBe(true);
  await page.keyboard.type("/re");
  await expect.poll(() => page.getByTestId("found-response").count()).toBe(1);
  await page.keyboard.press("Enter");
  await page.getByTestId("missing-AMOUNT").waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("data-testid"))).toBe("missing-AMOUNT");
  await page.keyboard.type("€ 20");
  await page.keyboard.press("Enter");
  await expect.poll(() => input(page).inputValue()).toBe("Your refund of € 20 is on its way.");
  await page.keyboard.press("Enter");
  await expect.poll(() => texts(room).at(-1)).toBe("Your refund of € 20 is on its way.");
  for (let step = 0; step < 20; step += 1) {
    await page.keyboard.press("Shift+Tab");
    if ((await page.evaluate(() => document.activeElement?.getAttribute("data-testid"))) === "desk-end") break;
  }
  await page.keyboard.press("Enter");
  await page.getByTestId("desk-end-yes").waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("data-testid"))).toBe("desk-end-yes");
  await page.keyboard.press("Enter");
  await page.getByTestId("desk-ended").waitFor();
  await tabTo(page, "desk-close");
  await page.keyboard.press("Enter");
  await expect.poll(() => page.getByTestId("conversation-item").count()).toBe(0);
});
