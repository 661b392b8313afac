// Scripts at the desk, in real browsers against the real process: begun when the agent accepts, gone through, carried on after a
// reload, written into the contact, and brought in from a file by who administers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Administrator, Agent, Customer, launch } from "./people.mjs";
import { root, start, until } from "./process.mjs";

let onqueue, browser;

before(async () => {
  [onqueue, browser] = await Promise.all([start(), launch()]);
});
after(async () => {
  await browser?.close();
  await onqueue?.stop();
});

async function chats(agent, queue, name, first) {
  const customer = await Customer.arrive(browser, onqueue, "en-GB");
  await customer.start({ name, queue: onqueue.credentials.queues[queue], language: "en", first });
  await agent.accepts();
  await agent.sees("desk-message", first);
  return customer;
}

async function onQueue(name) {
  const agent = await Agent.arrive(browser, onqueue, name);
  await agent.at("agent-state").waitFor();
  if ((await agent.at("agent-state").getAttribute("data-state")) === "off_queue") await agent.goesOnQueue();
  return agent;
}

const page = (agent, title) => agent.at("script-title").getByText(title, { exact: true }).waitFor();
const answers = (agent, field, text) => agent.at(`script-field-${field}`).fill(text);
const chooses = (agent, option) => agent.at(`script-option-${option}`).check();
const presses = (agent, button) => agent.at(`script-button-${button}`).click();

/** Nobody's page complained. */
async function leave(...people) {
  for (const person of people) {
    assert.deepEqual(person.complaints, [], "no page complained");
    await person.close();
  }
}

test("three pages from accepting to the end, over a reload, with a response on the way", { timeout: 180_000 }, async () => {
  const finn = await onQueue("Finn");
  const customer = await chats(finn, "Orders and delivery", "Grace", "I got the wrong teapot.");
  await page(finn, "Which order?");
  await finn.picture("desk-script");

  await presses(finn, "next");
  await finn.at("script-problems").getByText("2 answers are not right yet.").waitFor();
  await answers(finn, "order_number", "A-17 <b>");
  await answers(finn, "arrived", "2026-01-31");
  await chooses(finn, "wrong");
  await presses(finn, "next");
  await page(finn, "Money or another one?");

  await finn.at("script-response-text").waitFor();
  await finn.at("script-response-insert").click();
  await finn.at("missing-ORDER_NUMBER").fill("A-17");
  await finn.at("missing-insert").click();
  const input = finn.at("desk-input");
  await until("the response to be in the text box", async () => (await input.inputValue()).includes("A-17"));
  await input.press("Enter");
  await customer.sees("chat-message", "The return label for order A-17 is in your inbox.");

  await chooses(finn, "exchange");
  await finn.page.reload();
  await page(finn, "Money or another one?");
  await until("what was chosen to be there again", () => finn.at("script-option-exchange").isChecked());
  await presses(finn, "back");
  await page(finn, "Which order?");
  assert.equal(await finn.at("script-field-order_number").inputValue(), "A-17 <b>");
  await presses(finn, "next");
  await page(finn, "Money or another one?");
  await chooses(finn, "exchange");
  await presses(finn, "next");
  await page(finn, "Summary");
  await finn.at("script-page").getByText("Order A-17 <b>:").waitFor();
  await finn.picture("desk-script-summary");
  await answers(finn, "remarks", "Wants the blue one.");
  await presses(finn, "done");
  await finn.at("script-ended").waitFor();

  await finn.at("script-so-far").locator("summary").click();
  const said = await finn.at("script-answer").evaluateAll((all) => all.map(({ dataset, lastChild }) => [dataset.field, lastChild.textContent]));
  assert.deepEqual(said.at(0), ["order_number", "A-17 <b>"]);
  assert.deepEqual(said.slice(-2), [
    ["resolution", "Another one"],
    ["remarks", "Wants the blue one."],
  ]);
  assert.equal(new Set(said.map(([field]) => field)).size, said.length, "each answer once, although the agent went back");
  const by = await finn.at("script-step").first().textContent();
  assert.ok(by.includes("Finn O’Brien") && by.includes("version 1"), `who and by which version: ${by}`);
  await finn.picture("desk-script-ended");
  await finn.ends();
  await leave(finn, customer);
});

test("what is answered goes into the contact as soon as there is one, and its history says by which script", { timeout: 180_000 }, async () => {
  const ben = await onQueue("Ben");
  const customer = await chats(ben, "Billing", "Ada", "May I have an invoice?");
  await page(ben, "Welcome");
  await chooses(ben, "new");
  await presses(ben, "next");
  await page(ben, "Who are they?");
  await answers(ben, "name", "Ada Lovelace");
  await answers(ben, "email", "ada@example.org");
  await presses(ben, "next");
  await page(ben, "Thank them");
  await ben.at("script-so-far").locator("summary").click();
  const write = (field) => ben.page.locator(`[data-testid="script-write"][data-field="${field}"]`);
  const state = async (field) => (await write(field).count()) > 0 && write(field).first().getAttribute("data-state");
  await until("the name to wait for a contact", async () => (await state("name")) === "no_contact");
  await ben.picture("desk-script-no-contact");

  await ben.at("beside-contact").click();
  await ben.at("contact-new").click();
  await ben.at("contact").waitFor();
  await ben.at("beside-script").click();
  await ben.at("script-so-far").locator("summary").click();
  for (const field of ["name", "email"]) await until(`${field} to be written`, async () => (await state(field)) === "written", 30);
  await ben.at("beside-contact").click();
  await ben.at("contact").getByText("Ada Lovelace").waitFor();
  await ben.at("contact").getByText("ada@example.org").waitFor();
  await ben.at("contact-history").click();
  await ben.page.locator('[data-testid="contact-change"][data-field="name"]').getByText("you, by the script “Identify the customer”, version 1").waitFor();
  await ben.picture("desk-script-history");
  await ben.page.keyboard.press("Escape");
  await ben.ends();
  await leave(ben, customer);
});

test("a file with a field that there is not is refused with its place; put right, published and chosen, it leads the next chat", { timeout: 180_000 }, async () => {
  const user = { organisation: onqueue.credentials.organisation, ...onqueue.user("Petra") };
  const petra = await Administrator.arrives(browser, onqueue, user);
  const source = readFileSync(path.join(root, "docs/examples/scripts/identify-the-customer.json"), "utf8");
  await petra.page.goto(new URL("/desk#/administration/scripts", petra.page.url()).href);
  await petra.at("script-import").click();
  const gives = (text) =>
    petra.page.locator('input[type="file"]').setInputFiles({ name: "script.json", mimeType: "application/json", buffer: Buffer.from(text) });
  await gives(source.replace('"default_language"', '"colour": "red",\n  "default_language"'));
  const problem = petra.page.locator('[data-testid="script-problem"][data-code="FIELD_UNKNOWN"]');
  await problem.getByText("colour").first().waitFor();
  const line = source.slice(0, source.indexOf('"default_language"')).split("\n").length;
  assert.equal(await problem.getAttribute("data-line"), String(line));
  await petra.picks("script-import-division", "Main");
  await petra.at("script-import-name").fill("Brought in");
  await petra.picture("administration-script-import");
  await petra.at("script-import-yes").click();
  await petra.at("script-import-fault").waitFor();
  await gives(source);
  await petra.at("script-import-check").getByText("There are no problems.").waitFor();
  const elsewhere = source.replace('"default_language"', '"contact_fields": { "shoe_size": "text" },\n  "default_language"');
  assert.notEqual(elsewhere, source);
  await gives(elsewhere);
  await petra.at("script-missing-name").getByText("Contacts have no field with the key “shoe_size”.").waitFor();
  await gives(source);
  await petra.at("script-missing-name").getByText("shoe_size").waitFor({ state: "detached" });
  await petra.at("script-import-yes").click();
  await petra.at("page-title").getByText("Brought in").waitFor();
  await petra.at("script-publish").click();
  await petra.at("ask-yes").click();
  await petra.at("script-published").getByText("Version 1 is in force since").waitFor();
  await petra.picture("administration-script");

  await petra.page.goto(new URL(`/desk#/administration/queues/${onqueue.credentials.queues["Technical support"]}`, petra.page.url()).href);
  await petra.picks("rules-script", "Brought in");
  await petra.saves("resource-form");
  await petra.at("saved").getByText("Saved.").waitFor();

  const ben = await onQueue("Ben");
  const customer = await chats(ben, "Technical support", "Alan", "It does not switch on.");
  await page(ben, "Welcome");
  await ben.at("script-panel").getByText("Brought in").waitFor();
  await ben.ends();
  await leave(petra, ben, customer);
});
