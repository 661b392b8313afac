// The first chat through the house, in real browsers against the real process.
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

const german = (name, first = "Guten Tag, ich habe eine Frage.") => ({
  name,
  queue: onqueue.credentials.queues.Billing,
  language: "de",
  first,
});

async function chat(name, first) {
  const customer = await Customer.arrive(browser, onqueue, "de-DE");
  await customer.start(german(name, first));
  return customer;
}

test("a chat goes to the agent with German who is idle longest, and both talk", { timeout: 120_000 }, async () => {
  const agents = await Promise.all(["Anna", "Ben", "David"].map((name) => Agent.arrive(browser, onqueue, name)));
  const [anna, ben, david] = agents;
  await Promise.all(agents.map((agent) => agent.goesOnQueue()));

  // Nobody has served anybody yet, so the first chat may go to either of the two with German …
  const warmUp = await chat("Erste Kundin");
  const first = await until("an agent to be alerted", async () => {
    for (const agent of [anna, david]) if ((await agent.offers()).length) return agent;
  });
  await first.accepts();
  await first.says("Gern geschehen, auf Wiederhören.");
  await warmUp.sees("chat-message", "Gern geschehen");
  await first.ends();
  await warmUp.at("chat-ended").waitFor();

  // … and the next one must go to the other, who has been idle longer.
  const longest = first === anna ? david : anna;
  const customer = await chat("Jürgen Groß", "Wo bleibt meine Rückerstattung?");
  const conversation = await longest.isAlerted();
  await longest.picture("desk-offer");
  for (const agent of [first, ben]) assert.deepEqual(await agent.offers(), [], `${agent.name} is not alerted`);
  assert.equal(await longest.accepts(), conversation);
  await longest.sees("desk-message", "Wo bleibt meine Rückerstattung?");

  await longest.at("desk-input").pressSequentially("Ich sehe nach", { delay: 20 });
  await until("the customer to see typing", async () => (await customer.at("chat-typing").textContent())?.trim());
  await longest.says("Ich sehe nach, einen Moment bitte 🙂");
  await customer.sees("chat-message", "Ich sehe nach, einen Moment bitte 🙂");
  await customer.at("chat-input").pressSequentially("Danke", { delay: 20 });
  await until("the agent to see typing", async () => (await longest.at("desk-typing").textContent())?.trim());
  await customer.says("Danke! <b>Kein HTML</b>");
  await longest.sees("desk-message", "<b>Kein HTML</b>");
  await Promise.all([longest.picture("desk-chat"), customer.picture("chat-connected")]);

  await customer.at("chat-end").click();
  await customer.page.getByTestId("chat-end-yes").click();
  await customer.at("chat-ended").waitFor();
  await customer.picture("chat-ended");

  const supervisor = await Agent.arrive(browser, onqueue, "Sofia");
  await supervisor.at("nav-conversations").click();
  await supervisor.page.locator(`[data-testid="supervisor-item"][data-conversation="${conversation}"]`).click();
  for (const text of ["Wo bleibt meine Rückerstattung?", "Ich sehe nach, einen Moment bitte 🙂", "<b>Kein HTML</b>"]) {
    await supervisor.sees("transcript-event", text);
  }
  await supervisor.at("decisions").waitFor();
  await supervisor.picture("supervisor-transcript");

  for (const person of [...agents, customer, warmUp, supervisor]) {
    assert.deepEqual(person.complaints, [], "no page complained");
    await person.close();
  }
});

test("a second chat reaches the same agent only below capacity", { timeout: 120_000 }, async () => {
  const anna = await Agent.arrive(browser, onqueue, "Anna", "de-DE");
  await anna.at("agent-state").waitFor();
  if ((await anna.at("agent-state").getAttribute("data-state")) === "off_queue") await anna.goesOnQueue();
  for (const name of ["Ben", "David"]) {
    const other = await Agent.arrive(browser, onqueue, name);
    await other.at("agent-state").waitFor();
    if ((await other.at("agent-state").getAttribute("data-state")) !== "off_queue") await other.at("queue-toggle").click();
    await other.state("off_queue");
    await other.close();
  }

  // Anna may have two chats at once.
  const customers = [await chat("Kunde A")];
  const one = await anna.accepts();
  customers.push(await chat("Kunde B"));
  const two = await anna.accepts();
  assert.notEqual(one, two);
  customers.push(await Customer.arrive(browser, onqueue, "de-DE", { width: 390, height: 844 }));
  await customers[2].start(german("Kunde C"));
  await customers[2].at("chat-status").waitFor();
  await customers[2].picture("chat-waiting-phone");
  assert.deepEqual(await anna.offers(), [], "at capacity nothing alerts");
  await anna.picture("desk-two-chats");

  await anna.opens(one);
  await anna.ends();
  const three = await anna.accepts();
  assert.ok(![one, two].includes(three), "the one that waited comes when a slot is free");
  await anna.says("Jetzt bin ich für Sie da.");
  await customers[2].sees("chat-message", "Jetzt bin ich für Sie da.");
  for (const person of [anna, ...customers]) await person.close();
});
