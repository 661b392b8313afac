// kill -9 in the middle of a chat: both pages go on by themselves and nothing is lost or doubled.
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

test("both pages survive kill -9 of the process", { timeout: 120_000 }, async () => {
  const agent = await Agent.arrive(browser, onqueue, "Ben");
  await agent.goesOnQueue();
  const customer = await Customer.arrive(browser, onqueue, "en-GB");
  await customer.start({ name: "Zoë", queue: onqueue.credentials.queues.Billing, language: "en", first: "message 0" });
  await agent.accepts();
  for (let number = 1; number <= 5; number++) await customer.says(`message ${number}`);
  await agent.sees("desk-message", "message 5");

  await onqueue.end("SIGKILL");
  await customer.says("message 6");
  await agent.says("answer 1");
  await agent.picture("desk-while-down");
  await onqueue.launch();

  await agent.sees("desk-message", "message 6", 30);
  await customer.sees("chat-message", "answer 1", 30);
  await customer.page.reload();
  await customer.sees("chat-message", "answer 1", 30);
  await customer.says("message 7");
  await agent.sees("desk-message", "message 7", 30);
  await until("everything to be confirmed", async () => (await customer.confirmed()).length === 8);
  const numbers = (await customer.confirmed()).map((text) => Number(/message (\d+)/.exec(text)[1]));
  assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5, 6, 7], "each once and in order");
  await agent.picture("desk-after-restart");
});
