// The content service cannot be reached: chats go on, the desk says what is missing, and it recovers by itself.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { enter, look, visits } from "./visit";
import type { Room } from "./world/world";

const visit = visits();

async function talking(): Promise<{ page: Page; room: Room }> {
  const page = await visit.open("/desk#/chats", "de");
  await enter(page, "agent@example.org");
  await page.getByTestId("agent-state").waitFor();
  const room = visit.world.open("r1", "Grace", "", "de", "hello");
  visit.world.join(room);
  await page.getByTestId("conversation-item").click();
  await page.getByTestId("desk-log").getByText("hello").waitFor();
  return { page, room };
}

const said = ({ events }: Room) => events.flatMap(({ body }) => (body.case === "message" ? [body.value.text] : []));

test("a bar says what is missing, chats go on, and it goes away by itself", async () => {
  const { world } = visit;
  const { page, room } = await talking();
  const input = page.getByTestId("desk-input");
  expect(await page.getByTestId("content-away").count()).toBe(0);
  world.contentAway = true;
  await input.pressSequentially("/he");
  const bar = page.getByTestId("content-away");
  await bar.getByText("Textbausteine und Gesprächsleitfäden sind gerade nicht erreichbar").waitFor();
  await look(page, "desk-content-away");

  await input.fill("Guten Tag!");
  await input.press("Enter");
  await expect.poll(() => said(room)).toEqual(["hello", "Guten Tag!"]);
  world.say(room, room.guestId, "m1", "Wo ist mein Paket?");
  await page.getByTestId("desk-log").getByText("Wo ist mein Paket?").waitFor();
  expect(await bar.count()).toBe(1);

  world.contentAway = false;
  await bar.waitFor({ state: "detached" });
  await input.press("/");
  await input.press("h");
  await page.getByTestId("found-response").first().waitFor();
  await page.getByTestId("found-uses").getByText("12-mal gesendet").waitFor();
});

test("the use of a response that was sent meanwhile is counted afterwards", async () => {
  const { world } = visit;
  const { page, room } = await talking();
  const input = page.getByTestId("desk-input");
  await input.pressSequentially("/he");
  await page.getByTestId("found-response").first().waitFor();
  await input.press("Enter");
  await expect.poll(() => input.inputValue()).toBe("Guten Tag Grace, wie kann ich helfen?");
  world.contentAway = true;
  await input.press("Enter");
  await expect.poll(() => said(room).length).toBe(2);
  await page.getByTestId("content-away").waitFor();
  expect(world.admin.uses).toEqual([]);
  world.contentAway = false;
  await expect.poll(() => world.admin.uses.length).toBe(1);
  await page.getByTestId("content-away").waitFor({ state: "detached" });
});
