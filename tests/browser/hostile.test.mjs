// Names and attributes that somebody wrote to do harm, from the contact's form and an attribute through the service into a response:
// the desk and the customer's page show them as they were written, and nothing of them runs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { setAttribute, without } from "./calls.mjs";
import { Administrator, Agent, Customer, launch } from "./people.mjs";
import { root, start, until } from "./process.mjs";

const HOSTILE = JSON.parse(readFileSync(path.join(root, "tests/hostile.json"), "utf8")).values;
const TEXT = "Dear {{CUSTOMER_NAME}}, {{ORDER}} and {{HABIT}} are noted.";
const filledIn = (value) => `Dear ${value}, ${value} and ${value} are noted.`;

/** `guest_name` in StartConversationRequest. */
const GUEST_NAME = 5;

let onqueue, browser;

before(async () => {
  [onqueue, browser] = await Promise.all([start(), launch()]);
  await write();
});
after(async () => {
  await browser?.close();
  await onqueue?.stop();
});

/** A field of contacts, and a response that takes its customer's name, an attribute and that field. */
async function write() {
  const user = { organisation: onqueue.credentials.organisation, ...onqueue.user("Petra") };
  const petra = await Administrator.arrives(browser, onqueue, user);
  await petra.makes("contact-fields", "Habit", () => petra.at("field-key").fill("habit"));
  await petra.makes("libraries", "Hostile", () => petra.picks("field-divisionId", "Main"));
  await petra.makes("responses", "Noted", async () => {
    await petra.at("field-shortcut").fill("he");
    await petra.picks("field-libraryIds", "Hostile");
    await petra.page.keyboard.press("Escape");
    await petra.picks("field-variants-add", "English");
    await petra.at("field-variants-en").fill(TEXT);
    for (const name of ["ORDER", "HABIT"]) await petra.at(`declare-${name}`).click();
  });
  assert.deepEqual(petra.complaints, [], "no page complained");
  await petra.close();
}

/** What of a page goes to other places, and what asks whoever looks at it. */
function escapes({ page }) {
  const all = [];
  const own = new URL(page.url()).origin;
  page.on("request", (request) => new URL(request.url()).origin !== own && all.push(request.url()));
  page.on("dialog", (dialog) => {
    all.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("popup", (popup) => all.push(`popup ${popup.url()}`));
  return all;
}

/** Nothing ran in the page, and it has no element that was written by anybody but us. */
async function isUnharmed({ page }) {
  assert.equal(await page.evaluate(() => window.harmed), undefined, "nothing ran");
  const foreign = "script:not([src]), iframe, object, embed, base, math, video, details[ontoggle], form[action], a[href^='javascript:'], a[href^='data:']";
  const made = await page.evaluate((selector) => {
    const handlers = [...document.querySelectorAll("*")].filter((one) => [...one.attributes].some(({ name }) => name.startsWith("on")));
    return [...document.querySelectorAll(selector), ...handlers].map((one) => one.outerHTML);
  }, foreign);
  assert.deepEqual(made, [], "no element was made");
  const inside = await page.evaluate(() => [...document.querySelectorAll(".bubble *")].map((one) => one.tagName));
  assert.deepEqual(inside.filter((tag) => tag !== "A"), [], "messages are text and links");
}

/** A customer whose page does not ask for a name, so that what the contact is called is what they are called. */
async function nameless() {
  const customer = await Customer.arrive(browser, onqueue, "en-GB");
  await customer.page.route("**/onqueue.session.v1.ConversationService/StartConversation", (route) =>
    route.continue({ postData: without(GUEST_NAME, route.request().postDataBuffer()) }),
  );
  await customer.start({ name: "Somebody", queue: onqueue.credentials.queues.Billing, language: "en", first: "Hello?" });
  return customer;
}

/** Writes the value into the contact with its form. Answers the header with which the agent's page may do so. */
async function isKnownAs(agent, value) {
  await agent.at("contact-edit").click();
  await agent.at("contact-name").fill(value);
  await agent.at("contact-field-habit").fill(value);
  const [request] = await Promise.all([agent.page.waitForRequest(/ContactService\/UpdateContact$/), agent.at("contact-save").click()]);
  await agent.at("contact-form").waitFor({ state: "detached" });
  const card = agent.at("contact");
  const habit = card.locator("dt", { hasText: /^Habit$/ }).locator("xpath=following-sibling::dd");
  const shown = async () => [await card.locator("h3").first().textContent(), (await habit.allTextContents())[0]];
  await until(`the contact to be called ${value}`, async () => (await shown()).every((one) => one === value));
  return request.headers().authorization;
}

/** Inserts the response with the keyboard; it stands in the text box and is not sent. */
async function inserts(agent, value) {
  const input = agent.at("desk-input");
  await input.fill("/he");
  const found = agent.page.locator('[data-testid="finder"][data-state="found"] [data-testid="found-response"][aria-selected="true"]');
  const preview = found.locator('[data-testid="found-filled"][data-filled="true"]');
  await until(`${value} to be shown beforehand`, async () => (await preview.allTextContents())[0] === filledIn(value));
  assert.equal(await preview.locator("mark").count(), 0, "nothing is marked as missing");
  await input.press("Enter");
  await until(`${value} to be filled in`, async () => (await input.inputValue()) === filledIn(value));
  assert.equal(await agent.at("finder").count(), 0, "what was filled in is not looked for");
}

function bubbles(person, id, from) {
  return person.page.locator(`[data-testid="${id}"][data-from="${from}"] .bubble`).allTextContents();
}

async function shows(person, id, from, expected) {
  await until(`${expected.length} messages`, async () => (await bubbles(person, id, from)).length >= expected.length, 30);
  assert.deepEqual(await bubbles(person, id, from), expected);
}

test("fifty hostile names and attributes come out of the service as they were written, at the desk and at the customer", { timeout: 300_000 }, async () => {
  assert.equal(new Set(HOSTILE).size, 50);
  const ben = await Agent.arrive(browser, onqueue, "Ben");
  await ben.goesOnQueue();
  const customer = await nameless();
  const escaped = [escapes(ben), escapes(customer)];
  const conversation = await ben.accepts();
  await ben.looksAt("contact");
  await ben.at("contact-new").click();
  await ben.at("contact").waitFor();
  for (const [index, value] of HOSTILE.entries()) {
    const authorization = await isKnownAs(ben, value);
    await setAttribute({ address: onqueue.address, authorization, conversation, name: "order", value });
    await inserts(ben, value);
    assert.equal((await bubbles(ben, "desk-message", "me")).length, index, "nothing is sent by being filled in");
    await ben.at("desk-input").press("Enter");
    await until(`message ${index + 1}`, async () => (await bubbles(ben, "desk-message", "me")).length === index + 1);
    await isUnharmed(ben);
  }
  const expected = HOSTILE.map(filledIn);
  await shows(ben, "desk-message", "me", expected);
  await shows(customer, "chat-message", "them", expected);
  for (const person of [ben, customer]) await isUnharmed(person);
  await ben.picture("desk-hostile");
  await customer.picture("chat-hostile");

  // And once more from what is stored.
  await Promise.all([ben.page.reload(), customer.page.reload()]);
  await shows(customer, "chat-message", "them", expected);
  await shows(ben, "desk-message", "me", expected);
  await ben.at("contact-history").click();
  const changes = ben.page.locator('[data-testid="contact-change"][data-field="name"]');
  await until("the history", async () => (await changes.count()) > 0);
  for (const person of [ben, customer]) {
    await isUnharmed(person);
    assert.deepEqual(person.complaints, [], "no page complained");
    await person.close();
  }
  assert.deepEqual(escaped, [[], []], "nothing went anywhere else");
});
