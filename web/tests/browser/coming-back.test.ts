// The customer closes the browser and comes back, in a real browser: only what it stores for longer than a tab is left.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { EndReason } from "../../src/gen/onqueue/session/v1/event_pb";
import { visits } from "./visit";
import type { Room } from "./world/world";

const visit = visits();

const started = async (path: string): Promise<{ chat: Page; room: Room }> => {
  const chat = await visit.open(path);
  await chat.getByTestId("chat-name").fill("Grace");
  await chat.getByTestId("chat-start").click();
  await chat.getByTestId("chat-input").waitFor();
  return { chat, room: [...visit.world.rooms.values()][0] as Room };
};

/** The page in a browser that was closed meanwhile. */
const comeBack = async (chat: Page, path: string): Promise<Page> => {
  const storageState = await chat.context().storageState();
  const browser = chat.context().browser();
  await chat.context().close();
  const context = await browser?.newContext({ storageState, locale: "en" });
  if (!context) throw new Error("no browser");
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(visit.site.origin + path);
  return page;
};

const standing = (chat: Page, state: string) => chat.locator(`[data-testid="chat-status"][data-state="${state}"]`).waitFor();

test("a customer comes back to a conversation that rests, goes on with it, and can have it forgotten", async () => {
  const path = "/chat?deployment=d1&kind=messaging";
  const { chat, room } = await started(path);
  visit.world.join(room);
  await chat.getByText("You are talking to").waitFor();
  visit.world.end(room, EndReason.RESTED);
  await standing(chat, "resting");
  const later = await comeBack(chat, path);
  await standing(later, "resting");
  await later.getByTestId("chat-input").fill("One more thing");
  await later.getByTestId("chat-input").press("Enter");
  await standing(later, "pending");
  visit.world.join(room);
  await standing(later, "connected");
  expect(visit.world.rooms.size).toBe(1);
  expect(later.url()).toBe(visit.site.origin + path);
  visit.world.end(room, EndReason.RESTED);
  await later.getByTestId("chat-new").click();
  await later.getByTestId("chat-start").waitFor();
  const last = await comeBack(later, path);
  await last.getByTestId("chat-start").waitFor();
});

test("a customer comes back to a chat that is open; its end, once seen, stays in the tab alone", async () => {
  const path = "/chat?deployment=d1";
  const { chat, room } = await started(path);
  visit.world.join(room);
  const later = await comeBack(chat, path);
  await standing(later, "connected");
  const other = await comeBack(later, `${path}&kind=messaging`);
  await other.getByTestId("chat-start").waitFor();
  await other.goto(visit.site.origin + path);
  await standing(other, "connected");
  visit.world.end(room, EndReason.AGENT_ENDED);
  await standing(other, "ended");
  await other.reload();
  await standing(other, "ended");
  const last = await comeBack(other, path);
  await last.getByTestId("chat-start").waitFor();
});

test("a chat that the service knows no longer is forgotten", async () => {
  const path = "/chat?deployment=d1";
  const { chat } = await started(path);
  visit.world.rooms.clear();
  const later = await comeBack(chat, path);
  await later.getByText("Your earlier chat can no longer be continued.").waitFor();
  expect(await later.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain("renewal");
});
