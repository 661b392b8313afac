// A web site proves who is logged in there: its customers' chats find their contact by themselves.
import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { after, before, test } from "node:test";
import { Administrator, Agent, launch, Person } from "./people.mjs";
import { start } from "./process.mjs";
import { site } from "./site.mjs";

let onqueue, browser, shop;

before(async () => {
  [onqueue, browser, shop] = await Promise.all([start(), launch(), site({ language: "en" })]);
});
after(async () => {
  await browser?.close();
  await shop?.close();
  await onqueue?.stop();
});

/** What the web site's server signs of a customer. */
function assertion({ kid, privateKey }, claims) {
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const all = { aud: onqueue.credentials.deployment, iss: "shop", iat: now, exp: now + 300, ...claims };
  const signed = `${part({ alg: "EdDSA", typ: "JWT", kid })}.${part(all)}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString("base64url")}`;
}

/** The shop may show the chat, and gets a key. */
async function getsKey() {
  const petra = await Administrator.arrives(browser, onqueue, { organisation: onqueue.credentials.organisation, ...onqueue.user("Petra") });
  await petra.page.goto(`${new URL(petra.page.url()).origin}/desk#/administration/deployments/${onqueue.credentials.deployment}`);
  await petra.at("field-origins").fill(shop.address);
  await petra.page.keyboard.press("Enter");
  await petra.saves("resource-form");
  await petra.at("saved").getByText("Saved.").waitFor();
  await petra.at("identity-rotate").click();
  await petra.at("ask-yes").click();
  const [kid, privateKey] = [await petra.at("identity-kid").inputValue(), await petra.at("identity-private-key").inputValue()];
  await petra.picture("administration-identity-key");
  await petra.at("identity-close").click();
  await petra.page.locator(`[data-testid="identity-key"][data-kid="${kid}"]`).waitFor();
  const tag = await petra.at("snippet").inputValue();
  assert.deepEqual(petra.complaints, [], "no page complained");
  await petra.close();
  return { kid, privateKey, tag };
}

/** A visit to the shop that says this of who is logged in there. */
async function visits(tag, said) {
  shop.shows(`<script>window.onqueueIdentity = async () => ${JSON.stringify(said)};</script>${tag}`);
  const customer = await Person.open(browser, shop.address, "en-GB");
  await customer.page.getByRole("button", { name: "Chat with us" }).click();
  const chat = customer.page.frameLocator("iframe");
  await chat.getByTestId("chat-name").fill("Somebody");
  await chat.getByTestId("chat-queue").selectOption(onqueue.credentials.queues.Billing);
  await chat.getByTestId("chat-language").selectOption("en");
  await chat.getByTestId("chat-start").click();
  return { customer, chat };
}

test("who is logged in at the web site is known at the desk, and nobody by a forged word", { timeout: 180_000 }, async () => {
  const key = await getsKey();
  const ben = await Agent.arrive(browser, onqueue, "Ben");
  await ben.goesOnQueue();
  const ann = { sub: "4711", name: "Ann Lee", email: "ann@example.com", email_verified: true };

  const first = await visits(key.tag, assertion(key, ann));
  await ben.accepts();
  await ben.looksAt("contact");
  await ben.at("contact").getByText("Ann Lee").waitFor();
  await ben.at("contact").getByText("ann@example.com").waitFor();
  await ben.at("contact").getByText("shop: 4711").waitFor();
  await ben.ends();
  await first.customer.close();

  const second = await visits(key.tag, assertion(key, ann));
  await ben.accepts();
  await ben.looksAt("contact");
  await ben.at("earlier").first().waitFor();
  await ben.picture("desk-known-customer");
  await second.customer.close();

  const forged = await visits(key.tag, `${assertion(key, ann).slice(0, -8)}AAAAAAAA`);
  await forged.chat.getByTestId("chat-problem").getByText("It could not be confirmed who you are.").waitFor();
  await forged.customer.picture("messenger-forged");
  await forged.customer.close();
  assert.deepEqual(ben.complaints, [], "no page complained");
});
