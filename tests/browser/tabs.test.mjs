// Many tabs of one origin at once, over plain HTTP/1.1, where a browser opens six connections to a host.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent, Customer, launch } from "./people.mjs";
import { start, until } from "./process.mjs";

let onqueue, browser;

before(async () => {
  [onqueue, browser] = await Promise.all([start(), launch()]);
});
after(async () => {
  await browser?.close();
  await onqueue?.stop();
});

/** Tabs beside a person's page, in the same browser context and on the same origin. */
async function tabsBeside(person, count) {
  const address = person.page.url();
  const others = Array.from({ length: count }, async () => {
    const page = await person.page.context().newPage();
    await page.goto(address);
    return new person.constructor(page, []);
  });
  return [person, ...(await Promise.all(others))];
}

test("eight tabs of the desk and four of the customer's page work at once", { timeout: 180_000 }, async () => {
  const desks = await tabsBeside(await signedIn("Ben"), 7);
  for (const desk of desks) await desk.at("agent-state").waitFor();
  await desks[3].at("queue-toggle").click();
  for (const desk of desks) await until("every tab to see it", async () => (await state(desk)) === "idle");

  const customer = await Customer.arrive(browser, onqueue, "en-GB");
  await customer.start({ name: "Zoë", queue: onqueue.credentials.queues.Billing, language: "en", first: "message 0" });
  const chats = await tabsBeside(customer, 3);
  for (const chat of chats) await chat.sees("chat-message", "message 0");

  for (const desk of desks) await until("every tab to be alerted", async () => (await desk.offers()).length === 1);
  const conversation = await accept(desks[6]);
  for (const desk of desks) await until("the alert to end everywhere", async () => (await desk.offers()).length === 0);
  for (const desk of desks) await desk.opens(conversation);

  for (const [number, chat] of chats.entries()) {
    await chat.says(`from tab ${number}`);
    for (const desk of desks) await desk.sees("desk-message", `from tab ${number}`);
  }
  for (const [number, desk] of desks.entries()) {
    await desk.says(`answer ${number}`);
    for (const chat of chats) await chat.sees("chat-message", `answer ${number}`);
  }
  for (const chat of chats) assert.equal((await chat.confirmed()).length, 5, "each message once in each tab");

  // Who closes a tab leaves the others theirs, the one that asked first included.
  await desks[0].page.close();
  await chats[0].page.close();
  await chats[1].says("still there");
  for (const desk of desks.slice(1)) await desk.sees("desk-message", "still there");
  await desks[1].says("so are we");
  for (const chat of chats.slice(1)) await chat.sees("chat-message", "so are we");
});

async function signedIn(name) {
  const agent = await Agent.arrive(browser, onqueue, name);
  await agent.at("agent-state").waitFor();
  return agent;
}

function state(desk) {
  return desk.at("agent-state").getAttribute("data-state");
}

async function accept(desk) {
  const [conversation] = await desk.offers();
  await desk.at("offer-accept").first().click();
  return conversation;
}
