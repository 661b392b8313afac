// From an empty database by the pages alone: whoever administers sets everything up, and a customer chats on another web site.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Administrator, Agent, launch, Person } from "./people.mjs";
import { startEmpty, until } from "./process.mjs";
import { site } from "./site.mjs";

const ORGANISATION = "acme";
const ADMIN = { name: "Petra", email: "petra@acme.example", password: "a long first phrase" };
const STAFF = [
  { name: "Änne Groß", email: "aenne@acme.example", password: "a long second phrase" },
  { name: "Ben Young", email: "ben@acme.example", password: "a long third phrase" },
  { name: "Zoë Vidal", email: "zoe@acme.example", password: "a long fourth phrase" },
];

let onqueue, browser;

before(async () => {
  [onqueue, browser] = await Promise.all([startEmpty({ slug: ORGANISATION, ...ADMIN }), launch()]);
});
after(async () => {
  await browser?.close();
  await onqueue?.stop();
});

test("an organisation is set up by the pages, and a chat comes from another web site", { timeout: 240_000 }, async () => {
  const petra = await Administrator.arrives(browser, onqueue, { organisation: ORGANISATION, ...ADMIN });
  await petra.makes("divisions", "Garden");
  await petra.makes("skills", "Lawns");
  await petra.makes("roles", "Gardener", async () => {
    const needed = ["routing:agent:onqueue", "routing:queue:join", "routing:queue:search", "routing:queue:view"];
    needed.push("conversation:webchat:accept", "conversation:communication:disconnect");
    for (const permission of needed) await petra.page.locator(`input[data-permission="${permission}"]`).check();
  });
  for (const user of STAFF) await hires(petra, user);
  const queue = await petra.makes("queues", "Gardens", () => petra.picks("field-divisionId", "Garden"));
  for (const { name } of STAFF.slice(0, 2)) await petra.picks("members-find", name);
  await petra.page.keyboard.press("Escape");
  await petra.at("members-add").click();
  await until("two members", async () => (await petra.at("member").count()) === 2);
  const [first, second] = STAFF.map(({ name }) => name);
  await until("their names", async () => {
    const shown = await petra.at("member").allTextContents();
    return [first, second].every((name) => shown.some((text) => text.includes(name)));
  });
  await petra.picture("administration-queue");

  const shop = await site({ language: "en" });
  const stranger = await site({ language: "en" });
  try {
    const deployment = await deploys(petra, shop.address);
    const script = await petra.at("snippet").inputValue();
    assert.ok(script.includes(deployment) && script.includes("/messenger.js"), script);
    shop.shows(script);
    stranger.shows(script);
    await talksOn(shop, queue);
    await isRefusedOn(stranger);
  } finally {
    await Promise.all([shop.close(), stranger.close()]);
  }
  assert.deepEqual(petra.complaints, [], "no page complained");
});

async function hires(petra, { name, email, password }) {
  await petra.makes("users", name, async () => {
    await petra.at("field-email").fill(email);
    await petra.picks("field-divisionId", "Garden");
    await petra.at("field-password").fill(password);
  });
  await petra.changes("grants", async () => {
    await petra.at("part-grants").getByTestId("grant-add").click();
    await petra.picks("grant-role", "Gardener");
    await petra.picks("grant-division", "Garden");
  });
  await petra.changes("skills", async () => {
    await petra.at("part-skills").getByTestId("skill-add").click();
    await petra.picks("skill-name", "Lawns");
    await petra.at("part-skills").getByTestId("language-add").click();
    await petra.picks("language-name", "English");
  });
}

async function deploys(petra, origin) {
  return petra.makes("deployments", "Garden shop", async () => {
    await petra.picks("field-divisionId", "Garden");
    await petra.at("field-origins").fill(origin);
    await petra.page.keyboard.press("Enter");
    await petra.at("queue-add").click();
    await petra.picks("queue-choice", "Gardens");
    await petra.at("queue-label-en").fill("Gardens and lawns");
    await petra.picks("queue-languages", "English");
    await petra.page.keyboard.press("Escape");
    await petra.picks("queue-skills", "Lawns");
    await petra.page.keyboard.press("Escape");
    await petra.picks("field-greetings-add", "English");
    await petra.at("field-greetings-en").fill("Welcome to the garden shop");
  });
}

/** A customer chats with one of the two members through the messenger on that site. */
async function talksOn(shop, queue) {
  const agents = [];
  for (const user of STAFF.slice(0, 2)) {
    const agent = await Agent.arrives(browser, onqueue, { organisation: ORGANISATION, ...user });
    for (const box of await agent.page.locator('[data-testid="queue-membership"][data-joined="false"]').all()) await box.click();
    await agent.goesOnQueue();
    agents.push(agent);
  }
  const customer = await Person.open(browser, shop.address, "en-GB");
  await customer.page.getByRole("button", { name: "Chat with us" }).click();
  const chat = customer.page.frameLocator("iframe");
  await chat.getByText("Welcome to the garden shop").waitFor();
  await chat.getByTestId("chat-name").fill("Grace");
  await chat.getByTestId("chat-queue").selectOption(queue);
  await chat.getByTestId("chat-language").selectOption("en");
  await chat.getByTestId("chat-first").fill("My lawn is blue.");
  await chat.getByTestId("chat-start").click();
  const alerted = await until("one of the two to be alerted", async () => {
    for (const agent of agents) if ((await agent.offers()).length > 0) return agent;
  });
  await alerted.accepts();
  await alerted.sees("desk-message", "My lawn is blue.");
  await alerted.says("Blue is a good colour.");
  await chat.getByText("Blue is a good colour.").waitFor();
  await customer.picture("messenger-open");

  // What comes while the panel is closed is counted on its button; a reload goes on with the chat.
  await customer.page.getByRole("button", { name: "Close the chat" }).click();
  await alerted.says("Anything else?");
  await customer.page.getByRole("button", { name: "Chat with us, 1 new message" }).click();
  await chat.getByText("Anything else?").waitFor();
  await customer.page.reload();
  await customer.page.getByRole("button", { name: "Chat with us" }).click();
  await chat.getByText("Anything else?").waitFor();
}

/** On a site that the deployment does not name the browser shows nothing of the chat. */
async function isRefusedOn(stranger) {
  const customer = await Person.open(browser, stranger.address, "en-GB");
  await customer.page.getByRole("button", { name: "Chat with us" }).click();
  await until("the browser to refuse the frame", async () => customer.complaints.some((line) => line.includes("frame-ancestors")));
  await customer.page.getByText("The chat cannot be shown on this web site.").waitFor({ timeout: 30_000 });
  assert.equal(await customer.page.locator("iframe").count(), 0);
}
