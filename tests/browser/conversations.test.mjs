// Everything around and beside a chat, in real browsers against the real process: files, contact, help, supervising, passing on,
// finding again, keeping and forgetting.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Administrator, Agent, Customer, launch } from "./people.mjs";
import { start, until } from "./process.mjs";

const SECRET = "My number is 4711-kiwi.";

let onqueue, browser;

before(async () => {
  [onqueue, browser] = await Promise.all([start(), launch()]);
  await setUp();
});
after(async () => {
  await browser?.close();
  await onqueue?.stop();
});

/** Customers of Billing may send files and come back to whoever served them, and contacts have a tier. */
async function setUp() {
  const petra = await administrator();
  await petra.page.goto(`${new URL(petra.page.url()).origin}/desk#/administration/queues/${onqueue.credentials.queues.Billing}`);
  await petra.at("rules-attachments").press("Space");
  await petra.at("rules-retention").fill("365");
  await petra.at("field-lastAgent").selectOption({ label: "Tried first if a member" });
  await petra.saves("resource-form");
  await petra.at("saved").getByText("Saved.").waitFor();
  await petra.at("rules-retention").scrollIntoViewIfNeeded();
  await petra.picture("administration-rules");
  await petra.makes("contact-fields", "Tier", async () => {
    await petra.at("field-key").fill("tier");
    await petra.at("field-type").selectOption({ label: "One of several" });
    await petra.at("field-choices").fill("gold");
    await petra.page.keyboard.press("Enter");
  });
  await isContent(petra);
}

function administrator() {
  return Administrator.arrives(browser, onqueue, { organisation: onqueue.credentials.organisation, ...onqueue.user("Petra") });
}

async function isContent(...people) {
  for (const person of people) {
    assert.deepEqual(person.complaints, [], "no page complained");
    await person.close();
  }
}

async function chats(name, first, kind) {
  const customer = await Customer.arrive(browser, onqueue, "en-GB", { width: 390, height: 844 }, kind);
  await customer.start({ name, queue: onqueue.credentials.queues.Billing, language: "en", first });
  return customer;
}

test("from the first word to being forgotten", { timeout: 300_000 }, async () => {
  const ben = await Agent.arrive(browser, onqueue, "Ben");
  await ben.goesOnQueue();
  const customer = await chats("Grace", SECRET);
  const conversation = await ben.accepts();
  await ben.sees("desk-message", SECRET);

  await sendFiles(ben, customer);
  await knows(ben);
  const sofia = await Agent.arrive(browser, onqueue, "Sofia");
  await helps(ben, sofia, conversation);
  await supervises(ben, sofia, customer);
  await keepsIt(ben);
  const david = await passesOn(ben, conversation);
  await david.says("David here. Your refund is on its way.");
  await customer.sees("chat-message", "Your refund is on its way.");
  const words = await customer.page.locator("body").textContent();
  for (const hidden of ["discount", "Offer a tenth", "Ask for the receipt", "money back"]) {
    assert.ok(!words.includes(hidden), `the customer does not see “${hidden}”`);
  }
  await customer.picture("customer-with-file");
  await david.ends();
  await customer.at("chat-ended").waitFor();

  await david.at("queue-toggle").click();
  await david.state("off_queue");

  await finds(sofia, conversation);
  await isContent(ben, david, sofia, customer);
  await forgets(conversation);
});

/** Both send a file; what is none of those that the queue takes is refused. */
async function sendFiles(ben, customer) {
  await customer.attaches("receipt.txt", "Teapot, 12.50");
  await ben.at("file").getByText("receipt.txt").waitFor();
  const { name, text } = await ben.downloads(ben.at("file-download").first());
  assert.deepEqual([name, text], ["receipt.txt", "Teapot, 12.50"]);
  await until("the upload to be in the log alone", async () => (await customer.at("upload").count()) === 0);
  assert.equal(await customer.at("file").count(), 1, "once, though it is announced and answered");
  await customer.attaches("page.html", "<!doctype html><script>alert(1)</script>", "text/html");
  await customer.page.locator('[data-testid="upload"][data-state="refused"]').waitFor();
  await customer.picture("customer-file-refused");
  await customer.at("upload-discard").click();
  const refusal = customer.complaints.splice(0);
  assert.ok(refusal.length === 1 && refusal[0].includes("422"), `the browser says only that it was refused: ${refusal}`);
  await ben.attaches("terms.txt", "Refunds take a week.");
  await customer.at("file").getByText("terms.txt").waitFor();
  assert.equal((await customer.downloads(customer.at("file-download").last())).text, "Refunds take a week.");
}

/** The contact is made of what is known, changed, and a value of it is taken away again. */
async function knows(ben) {
  await ben.looksAt("contact");
  await ben.at("contact-new").click();
  await ben.at("contact").getByText("Grace").waitFor();
  await ben.at("contact-edit").click();
  await ben.at("contact-emails").fill("grace@example.org");
  await ben.at("contact-notes").fill("Prefers mornings.");
  await ben.at("contact-field-tier").selectOption("gold");
  await ben.at("contact-save").click();
  await ben.at("contact").getByText("gold").waitFor();
  await ben.picture("desk-with-contact");
  await ben.at("contact-edit").click();
  await ben.at("contact-field-tier").selectOption("");
  await ben.at("contact-save").click();
  await ben.at("contact").getByText("gold").waitFor({ state: "detached" });
  await ben.at("contact").getByText("grace@example.org").waitFor();
  await ben.at("contact-history").click();
  await until("both changes of the tier", async () => (await ben.page.locator('[data-field="fields.tier"]').count()) === 2);
  await ben.picture("desk-contact-history");
  await ben.page.keyboard.press("Escape");
}

/** The agent asks, the supervisor takes it, and both write beside the chat. */
async function helps(ben, sofia, conversation) {
  await ben.at("help").click();
  await ben.at("help-text").fill("She wants a discount of half.");
  await ben.at("help-yes").click();
  await sofia.at("nav-conversations").click();
  const request = sofia.page.locator(`[data-testid="request"][data-conversation="${conversation}"]`);
  await request.getByText("She wants a discount of half.").waitFor();
  await sofia.picture("supervisor-requests");
  await request.getByTestId("request-take").click();
  await sofia.page.locator('[data-testid="supervise"][data-part="help"]').waitFor();
  await sofia.at("side-input").fill("Offer a tenth.");
  await sofia.at("side-input").press("Enter");
  await ben.page.locator('[data-testid="beside-side"][data-unread="1"]').click();
  await ben.at("side-chat").getByText("Offer a tenth.").waitFor();
  await ben.picture("desk-side-chat");
  await sofia.at("help-close").click();
  await ben.at("help-status").waitFor({ state: "detached" });
}

/** From monitoring to having joined, and out again. */
async function supervises(ben, sofia, customer) {
  const part = (name) => sofia.page.locator(`[data-testid="supervise"][data-part="${name}"]`).waitFor();
  await part("none");
  await sofia.at("supervise-monitor").click();
  await part("monitor");
  await customer.says("Are you still there?");
  await sofia.sees("desk-message", "Are you still there?");
  await sofia.at("supervise-coach").click();
  await part("coach");
  await ben.at("supervised").getByText("Sofia Rossi").waitFor();
  await sofia.at("side-input").fill("Ask for the receipt.");
  await sofia.at("side-send").click();
  await ben.at("side-chat").getByText("Ask for the receipt.").waitFor();
  await sofia.picture("supervisor-coach");
  await sofia.at("supervise-barge").click();
  await part("barge");
  await customer.at("chat-log").getByText("Sofia Rossi has joined the chat.").waitFor();
  await sofia.says("Good day, this is Sofia.");
  await customer.sees("chat-message", "Good day, this is Sofia.");
  await customer.says("Nice to meet you.");
  await sofia.sees("desk-message", "Nice to meet you.");
  await sofia.picture("supervisor-joined");
  await sofia.at("leave").click();
  await part("none");
  await customer.at("chat-log").getByText("Sofia Rossi has left the chat.").waitFor();
}

/** Ben passes it on to a queue where nobody is, and keeps it after all. */
async function keepsIt(ben) {
  await ben.at("transfer").click();
  await ben.at("transfer-queue").fill("Technical");
  await ben.page.locator("[data-combobox-option]:visible").getByText("Technical support").click();
  await ben.at("transfer-attended").check();
  await ben.at("transfer-yes").click();
  await ben.at("transfer-status").getByText("Technical support").waitFor();
  await ben.at("transfer-cancel").click();
  await ben.at("transfer-status").waitFor({ state: "detached" });
}

/** Ben stays until David has accepted. */
async function passesOn(ben, conversation) {
  const david = await Agent.arrive(browser, onqueue, "David");
  await david.goesOnQueue();
  await ben.at("transfer").click();
  await ben.at("transfer-to-agent").check();
  await ben.at("transfer-agent").fill("David");
  await ben.page.locator("[data-combobox-option]:visible").getByText("David Krüger").click();
  await ben.at("transfer-attended").check();
  await ben.at("transfer-note").fill("Wants her money back.");
  await ben.picture("desk-transfer");
  await ben.at("transfer-yes").click();
  await ben.at("transfer-status").getByText("David Krüger").waitFor();
  assert.equal(await david.accepts(), conversation);
  await david.at("desk-log").getByText("Note: Wants her money back.").waitFor();
  await david.sees("desk-message", SECRET);
  await david.looksAt("contact");
  await david.at("contact").getByText("Prefers mornings.").waitFor();
  await until("Ben to be out of it", async () => (await ben.at("transfer-status").count()) === 0);
  await ben.at("desk-ended").waitFor();
  await david.picture("desk-after-transfer");
  return david;
}

/** What was said is found by its words, leads to its place, and is a file. */
async function finds(sofia, conversation) {
  await sofia.at("nav-search").click();
  await sofia.at("search-text").fill("kiwi");
  const found = sofia.page.locator(`[data-testid="found-transcript"][data-conversation="${conversation}"]`);
  await until("it to be found", async () => {
    await sofia.at("search-go").click();
    return found.getByTestId("hit").first().isVisible();
  });
  await found.locator("mark").getByText("kiwi").waitFor();
  await sofia.picture("search");
  await found.getByTestId("hit").first().click();
  await sofia.page.locator(".transcript-line.wanted").getByText(SECRET).waitFor();
  await sofia.at("verify").click();
  await sofia.page.locator('[data-testid="verdict"][data-verdict="intact"]').waitFor();
  await sofia.picture("search-verified");
  await sofia.page.keyboard.press("Escape");
  await sofia.at("export").click();
  const { name, text } = await sofia.downloads(sofia.at("export-yes"));
  assert.match(name, /\.txt$/);
  for (const said of [SECRET, "Offer a tenth.", "Your refund is on its way."]) assert.ok(text.includes(said), said);
  await sofia.at("export").click();
  await sofia.at("export-guest").check();
  const theirs = (await sofia.downloads(sofia.at("export-yes"))).text;
  assert.ok(theirs.includes(SECRET) && !theirs.includes("tenth"), "the customer's file has what the customer saw");
}

/** While it has to be kept nothing is erased; afterwards nothing of the customer is left, and the log still verifies. */
async function forgets(conversation) {
  const petra = await administrator();
  await petra.at("nav-conversations").click();
  await petra.page.locator(`[data-testid="supervisor-item"][data-conversation="${conversation}"]`).click();
  const held = (is) => petra.page.locator(`[data-testid="hold"][data-held="${is}"]`).waitFor({ state: "attached" });
  await held(false);
  await petra.at("hold-change").click();
  await petra.at("hold-reason").fill("Case 12");
  await petra.at("hold-yes").click();
  await held(true);
  await petra.at("pane-contact").click();
  await petra.at("contact-erase").click();
  await petra.at("erase-sure").check();
  await petra.at("erase-yes").click();
  await petra.page.locator('[data-testid="erase-fault"][data-reason="LEGAL_HOLD"]').waitFor();
  await petra.at("erase-no").click();
  await petra.page.keyboard.press("Escape");
  await petra.at("hold-change").click();
  await petra.at("hold-yes").click();
  await held(false);
  await petra.at("pane-contact").click();
  await petra.at("contact-erase").click();
  await petra.at("erase-sure").check();
  await petra.at("erase-yes").click();
  // Where services do not own their tables, the database cleans itself when it likes.
  const isOne = onqueue.credentials.addresses === undefined;
  await petra.page.locator(`[data-testid="receipt"]${isOne ? '[data-purged="true"]' : ""}`).waitFor();
  await petra.picture("erased");
  await petra.page.keyboard.press("Escape");
  await petra.at("transcript-refresh").click();
  await until("what was said to be gone", async () => !(await petra.at("transcript").textContent())?.includes("kiwi"));
  await petra.at("verify").click();
  await petra.page.locator('[data-testid="verdict"][data-verdict="intact"]').waitFor();
  await petra.at("removal").first().waitFor();
  await petra.picture("erased-transcript");
  await petra.close();
}

test("a messaging conversation rests and goes on with whoever had it last", { timeout: 120_000 }, async () => {
  const ben = await Agent.arrive(browser, onqueue, "Ben");
  await ben.at("agent-state").waitFor();
  if ((await ben.at("agent-state").getAttribute("data-state")) === "off_queue") await ben.goesOnQueue();
  const customer = await chats("Heidi", "Where is my parcel?", "messaging");
  const conversation = await ben.accepts();
  await ben.says("On its way.");
  await customer.sees("chat-message", "On its way.");
  await ben.ends();
  await customer.page.locator('[data-testid="chat-status"][data-state="resting"]').waitFor();
  await customer.picture("customer-resting");
  await customer.says("It has not come.");
  assert.equal(await ben.accepts(), conversation);
  await ben.sees("desk-message", "It has not come.");
  await ben.sees("desk-message", "Where is my parcel?");
  await isContent(ben, customer);
});
