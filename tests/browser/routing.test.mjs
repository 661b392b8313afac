// What routing tells people: the customer's place in line, the supervisor's figures and explanations, the agent's wrap-up.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Administrator, Agent, Customer, launch } from "./people.mjs";
import { start, until } from "./process.mjs";

let onqueue, browser;

before(async () => {
  [onqueue, browser] = await Promise.all([start(), launch()]);
});
after(async () => {
  await browser?.close();
  await onqueue?.stop();
});

/** Who administers the demo, at one queue's page. */
async function atQueue(name) {
  const user = { organisation: onqueue.credentials.organisation, ...onqueue.user("Petra") };
  const petra = await Administrator.arrives(browser, onqueue, user);
  await petra.page.goto(`${new URL(petra.page.url()).origin}/desk#/administration/queues/${onqueue.credentials.queues[name]}`);
  await petra.at("resource-form").waitFor();
  return petra;
}

async function savesQueue(petra) {
  await petra.saves("resource-form");
  await petra.at("saved").getByText("Saved.").waitFor();
}

async function arrives(name, language = "en") {
  const customer = await Customer.arrive(browser, onqueue, language === "de" ? "de-DE" : "en-GB");
  await customer.start({ name, queue: onqueue.credentials.queues.Billing, language, first: "Hello?" });
  return customer;
}

const place = async (customer) => customer.at("chat-position").getAttribute("data-position");

test("two who wait read their places, the supervisor sees them live, and why they wait", { timeout: 120_000 }, async () => {
  const first = await arrives("Zoë First");
  const second = await arrives("Jürgen Second", "de");
  await until("the first place", async () => (await place(first)) === "1");
  await until("the second place", async () => (await place(second)) === "2");
  await second.sees("chat-position", "Sie sind Nummer 2.");
  await second.picture("chat-position");

  const sofia = await Agent.arrive(browser, onqueue, "Sofia");
  await sofia.at("nav-live").click();
  const row = sofia.page.locator(`[data-testid="live-queue"][data-queue="${onqueue.credentials.queues.Billing}"]`);
  await until("two to be seen waiting", async () => (await row.getByTestId("live-waiting").textContent())?.trim() === "2");
  await until("the oldest wait to tick", async () => /^\d+:\d\d$/.test((await row.getByTestId("live-oldest").textContent()) ?? ""));
  await sofia.at("live-definitions").locator("summary").click();
  await sofia.sees("live-definition", "Interactions in line.");
  await row.getByTestId("live-choose").click();
  await until("both in the list", async () => (await sofia.at("waiting-row").count()) === 2);
  assert.deepEqual(await sofia.at("waiting-place").allTextContents(), ["1", "2"]);
  await sofia.picture("live-queues");

  await sofia.at("waiting-explain").first().click();
  await until("a sentence", async () => (await sofia.at("why-summary").textContent())?.trim());
  await until("the reason that all are off queue", async () =>
    sofia.page.locator('[data-testid="why-waiting"] [data-reason="off_queue"]').first().isVisible(),
  );
  await sofia.picture("why-waiting");

  await first.at("chat-end").click();
  await first.at("chat-end-yes").click();
  await until("the next to move up", async () => (await place(second)) === "1", 20);
  await until("the figures to follow", async () => (await row.getByTestId("live-waiting").textContent())?.trim() === "1");
  await second.at("chat-end").click();
  await second.at("chat-end-yes").click();
  await second.at("chat-position").waitFor({ state: "hidden" });
  for (const person of [first, second, sofia]) {
    assert.deepEqual(person.complaints, [], "no page complained");
    await person.close();
  }
});

test("after-contact work runs, outlives a reload, asks for a code and ends", { timeout: 180_000 }, async () => {
  const petra = await atQueue("Billing");
  await petra.at("field-afterContact").selectOption({ label: "Mandatory, until done or the time is over" });
  await petra.at("after-contact-time").fill("120");
  await savesQueue(petra);
  await petra.makes("wrap-up-codes", "Refund promised", async () => {
    await petra.picks("field-queueIds", "Billing");
    await petra.page.keyboard.press("Escape");
  });

  const anna = await Agent.arrive(browser, onqueue, "Anna");
  await anna.goesOnQueue();
  const customer = await arrives("Ms Refund");
  const conversation = await anna.accepts();
  await customer.at("chat-position").waitFor({ state: "hidden" });
  await anna.ends();
  const card = anna.page.locator(`[data-testid="wrap-up"][data-conversation="${conversation}"]`);
  await card.getByTestId("wrap-up-clock").waitFor();
  await card.getByTestId("wrap-up-notes").fill("She gets it back.");
  await anna.page.reload();
  await card.getByText("Ms Refund").waitFor();
  assert.equal(await card.getByTestId("wrap-up-notes").inputValue(), "She gets it back.");
  await until("the code", async () => (await card.getByTestId("wrap-up-code").locator("option").count()) === 2);
  await card.getByTestId("wrap-up-done").click();
  await card.getByText("Please choose a wrap-up code.").waitFor();
  await card.getByTestId("wrap-up-code").selectOption({ label: "Refund promised" });
  await anna.picture("wrap-up");
  await card.getByTestId("wrap-up-done").click();
  await card.waitFor({ state: "detached" });
  await saysLater(anna);

  await whyAnna(conversation);
  for (const person of [petra, anna, customer]) {
    assert.deepEqual(person.complaints, [], "no page complained");
    await person.close();
  }
});

/** The next chat stays on the desk when it has ended: what was said of it is shown as saved until it is changed. */
async function saysLater(anna) {
  const customer = await arrives("Mr Question");
  await anna.accepts();
  await anna.ends();
  await anna.at("wrap-up-code").selectOption({ label: "Refund promised" });
  await anna.at("wrap-up-done").click();
  await anna.at("wrap-up-done").waitFor({ state: "detached" });
  await anna.at("optional-wrap-up").waitFor();
  await anna.sees("wrap-up-saved", "Saved.");
  assert.ok(await anna.at("wrap-up-save").isDisabled());
  await anna.at("wrap-up-notes").fill("Later than thought.");
  await anna.at("wrap-up-save").click();
  await anna.sees("wrap-up-saved", "Saved.");
  await customer.close();
}

/** The supervisor reads why the conversation went where it went. */
async function whyAnna(conversation) {
  const sofia = await Agent.arrive(browser, onqueue, "Sofia");
  await sofia.at("nav-conversations").click();
  await sofia.page.locator(`[data-testid="supervisor-item"][data-conversation="${conversation}"]`).click();
  const decision = sofia.page.locator('[data-testid="decision"][data-kind="offer"]').first();
  await until("the decision in a sentence", async () => (await decision.getByTestId("decision-summary").textContent())?.includes("Anna"));
  await decision.getByTestId("candidate").first().waitFor();
  await sofia.picture("why-this-agent");
  assert.deepEqual(sofia.complaints, [], "no page complained");
  await sofia.close();
}
