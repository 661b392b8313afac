// Canned responses at the desk: written by who administers, found with two keystrokes and sent, never sent with holes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Administrator, Agent, Customer, launch } from "./people.mjs";
import { start, until } from "./process.mjs";

let onqueue, browser;

before(async () => {
  [onqueue, browser] = await Promise.all([start(), launch()]);
  await write();
});
after(async () => {
  await browser?.close();
  await onqueue?.stop();
});

/** Puts two responses into a library of Ben's division. */
async function write() {
  const user = { organisation: onqueue.credentials.organisation, ...onqueue.user("Petra") };
  const petra = await Administrator.arrives(browser, onqueue, user);
  await petra.makes("libraries", "First words", () => petra.picks("field-divisionId", "Main"));
  const response = (name, shortcut, text, more) =>
    petra.makes("responses", name, async () => {
      await petra.at("field-shortcut").fill(shortcut);
      await petra.picks("field-libraryIds", "First words");
      await petra.page.keyboard.press("Escape");
      await petra.picks("field-variants-add", "English");
      await petra.at("field-variants-en").fill(text);
      await more?.();
    });
  await response("Welcome", "welc", "Welcome {{CUSTOMER_NAME}}, I am {{AGENT_NAME}}.");
  await response("Account", "acct", "{{CUSTOMER_NAME}}, your account is {{ACCOUNT_NUMBER}}, due {{DUE_DATE}}.", async () => {
    await petra.at("declare-ACCOUNT_NUMBER").click();
    await petra.at("substitution-description").fill("What is on the card");
    await petra.at("declare-DUE_DATE").click();
  });
  assert.deepEqual(petra.complaints, [], "no page complained");
  await petra.close();
}

/** Ben in a chat with a new customer. */
async function inChat(name) {
  const ben = await Agent.arrive(browser, onqueue, "Ben");
  await ben.at("agent-state").waitFor();
  if ((await ben.at("agent-state").getAttribute("data-state")) === "off_queue") await ben.goesOnQueue();
  const customer = await Customer.arrive(browser, onqueue, "en-GB");
  await customer.start({ name, queue: onqueue.credentials.queues.Billing, language: "en", first: "Hello?" });
  await ben.accepts();
  await ben.sees("desk-message", "Hello?");
  return { ben, customer };
}

/** Types a slash and two letters, and waits until the response with this shortcut is the one that Enter takes. */
async function finds(agent, letters, shortcut) {
  const input = agent.at("desk-input");
  await input.press("/");
  for (const letter of letters) await input.press(letter);
  const chosen = agent.page.locator('[data-testid="finder"][data-state="found"] [data-testid="found-response"][aria-selected="true"]');
  await chosen.getByText(`/${shortcut}`, { exact: true }).waitFor();
}

/** What people wrote, in order. */
function written(person, id) {
  return person.page.locator(`[data-testid="${id}"]:not([data-from="system"]) .bubble`).allTextContents();
}

/** Both pages show exactly these messages. */
async function bothShow({ ben, customer }, expected) {
  for (const [person, id] of [[ben, "desk-message"], [customer, "chat-message"]]) {
    await until(`${expected.length} messages`, async () => (await written(person, id)).length >= expected.length);
    assert.deepEqual(await written(person, id), expected);
  }
}

/** Nobody's page complained; a refusal that a form answers is none. */
async function leave({ ben, customer }) {
  for (const person of [ben, customer]) {
    assert.deepEqual(person.complaints, [], "no page complained");
    await person.close();
  }
}

function input(agent) {
  return agent.at("desk-input").inputValue();
}

test("a response is found with two keystrokes, inserted and sent", { timeout: 120_000 }, async () => {
  const people = await inChat("Zoë <b>Groß</b>");
  const { ben } = people;
  const welcome = "Welcome Zoë <b>Groß</b>, I am Ben Carter.";
  await finds(ben, "we", "welc");
  await ben.picture("desk-finder");
  await ben.at("desk-input").press("Enter");
  await until("the text to be inserted", async () => (await input(ben)) === welcome);
  await bothShow(people, ["Hello?"]);

  await ben.at("desk-input").press("Enter");
  await bothShow(people, ["Hello?", welcome]);
  assert.equal(await input(ben), "");
  await leave(people);
});

test("missing variables are named and nothing is sent until all have a value", { timeout: 120_000 }, async () => {
  const people = await inChat("Yusuf");
  const { ben } = people;
  const form = ben.at("missing-values");
  await finds(ben, "ac", "acct");
  await ben.at("desk-input").press("Enter");
  for (const name of ["ACCOUNT_NUMBER", "DUE_DATE"]) await form.getByText(name, { exact: true }).first().waitFor();
  assert.equal(await form.getByRole("textbox").count(), 2, "what is known is not asked for");
  assert.ok(await ben.at("missing-insert").isDisabled(), "nothing to insert yet");
  await ben.at("missing-ACCOUNT_NUMBER").fill("4711");
  assert.ok(await ben.at("missing-insert").isDisabled(), "one is still missing");
  await ben.at("missing-DUE_DATE").press("Enter");
  await ben.picture("desk-missing-value");
  await ben.at("missing-cancel").click();
  await form.waitFor({ state: "detached" });
  assert.equal(await input(ben), "/ac", "the text is as it was");
  // What is said next comes right behind the first message: there is nothing between them.
  await ben.says("One moment.");
  await bothShow(people, ["Hello?", "One moment."]);

  await finds(ben, "ac", "acct");
  await ben.at("desk-input").press("Enter");
  await ben.at("missing-ACCOUNT_NUMBER").fill("4711");
  await ben.at("missing-DUE_DATE").fill("tomorrow");
  await ben.at("missing-insert").click();
  const text = "Yusuf, your account is 4711, due tomorrow.";
  await until("the text to be inserted", async () => (await input(ben)) === text);
  await bothShow(people, ["Hello?", "One moment."]);
  await ben.at("desk-input").press("Enter");
  await bothShow(people, ["Hello?", "One moment.", text]);
  await leave(people);
});
