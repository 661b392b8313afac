// What stands around and beside a conversation, in a real browser: passing on, help, supervising, contacts, finding again.
import { timestampFromMs, timestampNow } from "@bufbuild/protobuf/wkt";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { AgentState } from "../../src/gen/onqueue/routing/v1/agent_pb";
import { ConversationState, SupervisionMode } from "../../src/gen/onqueue/session/v1/conversation_pb";
import { Visibility } from "../../src/gen/onqueue/session/v1/event_pb";
import { TranscriptAudience, TranscriptFormat } from "../../src/gen/onqueue/session/v1/transcript_pb";
import { NARROW, WIDE } from "./browser";
import { enter, look, pick, visits } from "./visit";
import { summary } from "./world/routes";
import { AGENT_USER, QUEUE, type Room } from "./world/world";

const visit = visits();

const signedIn = async (locale = "en", viewport = WIDE) => {
  const desk = await visit.open("/desk", locale, viewport);
  await enter(desk, "supervisor@example.org");
  return desk;
};

/** A chat that the agent has in hand and looks at. */
const inHand = async (desk: Page, name = "Grace"): Promise<Room> => {
  const room = connected(name);
  await desk.locator(`[data-testid="conversation-item"][data-conversation="${room.id}"]`).click();
  await desk.getByTestId("desk-input").waitFor();
  return room;
};

const connected = (name = "Grace"): Room => {
  const room = visit.world.open(`r-${name}`, name, "An order", "en", "hello");
  visit.world.join(room);
  return room;
};

/** Less than the page waits before it looks again by itself. */
const AT_ONCE = { timeout: 4_000 };

const waitForText = (page: Page, text: string) => page.getByText(text).first().waitFor();

test("an agent passes a chat on to a queue, staying with the customer, and keeps it after all", async () => {
  const { talk, admin } = visit.world;
  const desk = await signedIn();
  const room = await inHand(desk);
  await desk.getByTestId("transfer").press("Enter");
  expect(await desk.getByTestId("transfer-yes").isDisabled()).toBe(true);
  await pick(desk, "transfer-queue", "Service");
  await desk.getByTestId("transfer-attended").check();
  await desk.getByTestId("transfer-note").fill("Wants her money back.");
  await look(desk, "desk-transfer");
  await desk.getByTestId("transfer-yes").click();
  await desk.getByTestId("transfer-status").getByText("until somebody in Service accepts").waitFor();
  expect(talk.transfers).toMatchObject([
    { conversationId: room.id, queueId: admin.service, userId: "", attended: true, note: "Wants her money back.", keepAge: false },
  ]);
  await desk.getByTestId("desk-log").getByText("Note: Wants her money back.").waitFor();
  await desk.getByTestId("transfer-cancel").click();
  await desk.getByTestId("transfer-status").waitFor({ state: "detached" });
  expect(talk.cancelled).toBe(1);
});

test("an agent passes a chat on to an agent who is there", async () => {
  const { talk } = visit.world;
  talk.colleagues = [
    { userId: "u2", name: "Bernd Muster", state: AgentState.IDLE, maximumChats: 3 },
    { userId: "u3", name: "Carla Drei", state: AgentState.OFF_QUEUE },
  ];
  const desk = await signedIn("de", NARROW);
  const room = await inHand(desk);
  await desk.getByTestId("transfer").click();
  await desk.getByTestId("transfer-to-agent").check();
  await pick(desk, "transfer-agent", "Bernd", "Bernd Muster (0 von 3 Chats)");
  await look(desk, "desk-transfer-agent-narrow");
  await desk.getByTestId("transfer-yes").click();
  await desk.getByTestId("transfer-yes").waitFor({ state: "detached" });
  expect(talk.transfers).toMatchObject([{ conversationId: room.id, queueId: QUEUE, userId: "u2", attended: false }]);
});

test("an agent asks for help, a supervisor sees it at once and takes it, and both write unseen by the customer", async () => {
  const { talk } = visit.world;
  const chat = await visit.open("/chat?deployment=d1");
  await chat.getByTestId("chat-name").fill("Grace");
  await chat.getByTestId("chat-start").click();
  await chat.getByTestId("chat-input").waitFor();
  const desk = await signedIn();
  const room = [...visit.world.rooms.values()][0] as Room;
  visit.world.join(room);
  await desk.getByTestId("conversation-item").click();
  await desk.getByTestId("help").click();
  await desk.getByTestId("help-text").fill("She wants a discount of half.");
  await desk.getByTestId("help-yes").click();
  await desk.getByTestId("help-status").getByText("She wants a discount of half.").waitFor();
  await desk.getByTestId("nav-requests").getByText("1").waitFor();
  expect(await desk.getByTestId("help").count()).toBe(0);
  await expect.poll(() => desk.title()).toContain("(1)");
  const other = { text: "Give her a tenth.", userId: "u9", name: "Sven Leiter" };
  visit.world.append(room, "", { case: "sideMessage", value: other }, Visibility.AGENTS);
  await desk.locator('[data-testid="beside-side"][data-unread="1"]').click();
  await desk.getByTestId("side-chat").getByText("Give her a tenth.").waitFor();
  await expect.poll(() => desk.getByTestId("beside-side").getAttribute("data-unread")).toBe("0");
  await look(desk, "desk-help");

  await desk.getByTestId("nav-conversations").click();
  const request = desk.getByTestId("request");
  await request.getByText("waiting for 1:").waitFor();
  await look(desk, "desk-requests");
  await request.getByTestId("request-take").press("Enter");
  await desk.locator('[data-testid="supervise"][data-part="help"]').waitFor();
  await expect.poll(() => desk.getByTestId("request").count()).toBe(0);
  expect(talk.assistance.size).toBe(0);
  await desk.getByTestId("side-input").fill("I am with you.");
  await desk.getByTestId("side-input").press("Enter");
  await desk.locator('[data-testid="side-message"][data-from="me"]').getByText("I am with you.").waitFor();
  await look(desk, "desk-helping");
  await desk.getByTestId("help-close").click();
  await desk.getByTestId("help-status").waitFor({ state: "detached" });
  expect(await chat.locator("body").textContent()).not.toMatch(/discount|tenth|with you\./);
});

test("a supervisor monitors, coaches, joins and leaves", async () => {
  const desk = await signedIn();
  const room = connected();
  await desk.getByTestId("nav-conversations").click();
  await desk.getByTestId("supervisor-item").click();
  await desk.getByTestId("supervise-monitor").click();
  await desk.locator('[data-testid="supervise"][data-part="monitor"]').waitFor(AT_ONCE);
  await desk.getByTestId("desk-log").getByText("hello").waitFor();
  expect(await desk.getByTestId("side-input").count()).toBe(0);
  visit.world.say(room, room.guestId, "g1", "are you there?");
  await desk.getByTestId("desk-log").getByText("are you there?").waitFor();
  await desk.getByTestId("supervise-coach").click();
  await desk.locator('[data-testid="supervise"][data-part="coach"]').waitFor(AT_ONCE);
  await desk.getByTestId("side-input").fill("Ask for the number.");
  await desk.getByTestId("side-send").click();
  await desk.getByTestId("side-chat").getByText("You (coaching)").waitFor();
  await look(desk, "desk-coach");
  await desk.setViewportSize(NARROW);
  await look(desk, "desk-coach-narrow");
  await desk.setViewportSize(WIDE);
  await desk.getByTestId("supervise-barge").click();
  await desk.locator('[data-testid="supervise"][data-part="barge"]').waitFor(AT_ONCE);
  await desk.getByTestId("desk-input").fill("Good day, I have joined.");
  await desk.getByTestId("desk-input").press("Enter");
  await desk.locator('[data-testid="desk-message"][data-from="me"]').getByText("Good day, I have joined.").waitFor();
  await desk.reload();
  await desk.locator('[data-testid="supervise"][data-part="barge"]').waitFor();
  await desk.getByTestId("leave").click();
  await desk.locator('[data-testid="supervise"][data-part="none"]').waitFor(AT_ONCE);
  await desk.getByTestId("transcript").waitFor();
});

test("a supervisor takes over, if on queue", async () => {
  const desk = await signedIn();
  const room = visit.world.open("r", "Grace", "An order", "en", "hello");
  room.state = ConversationState.CONNECTED;
  await desk.getByTestId("nav-conversations").click();
  await desk.getByTestId("supervisor-item").click();
  await desk.getByTestId("takeover").click();
  await look(desk, "desk-takeover");
  await desk.getByTestId("takeover-yes").click();
  await desk.locator('[data-testid="supervise-fault"][data-reason="AGENT_NOT_ON_QUEUE"]').waitFor();
  visit.world.setState(AgentState.IDLE);
  await desk.getByTestId("takeover-yes").click();
  await desk.getByTestId("desk-input").waitFor();
  await desk.getByTestId("desk-log").getByText("hello").waitFor();
});

test("who is no agent reads that they cannot take over, and why", async () => {
  visit.world.isAgent = false;
  const desk = await signedIn();
  const room = visit.world.open("r", "Grace", "An order", "en", "hello");
  room.state = ConversationState.CONNECTED;
  await desk.getByTestId("nav-conversations").click();
  await desk.getByTestId("supervisor-item").click();
  await desk.getByTestId("takeover-no-agent").getByText("makes you a member").waitFor();
  expect(await desk.getByTestId("takeover").isDisabled()).toBe(true);
  expect(await desk.getByTestId("supervise-monitor").isEnabled()).toBe(true);
  await look(desk, "desk-takeover-no-agent");
});

test("the agent sees who supervises, and that the customer is away", async () => {
  const desk = await signedIn("de");
  const room = await inHand(desk);
  const since = timestampFromMs(Date.now() - 125_000);
  visit.world.tellAgents(room, { case: "guestPresence", value: { awaySince: since } });
  await desk.getByTestId("guest-away").getByText("Kunde seit 2:").waitFor();
  await desk.getByTestId("conversation-mood").getByText("Kunde seit 2:").waitFor();
  const supervisors = [{ userId: "u9", name: "Sven Leiter", mode: SupervisionMode.COACH }];
  visit.world.tellAgents(room, { case: "supervision", value: { supervisors } });
  await desk.getByTestId("supervised").getByText("Begleitet von Sven Leiter").waitFor();
  await look(desk, "desk-away");
  visit.world.tellAgents(room, { case: "guestPresence", value: {} });
  await desk.getByTestId("guest-away").waitFor({ state: "detached" });
});

test("the contact beside the chat: suggested, confirmed, changed, merged and separated, with history and earlier conversations", async () => {
  const { talk } = visit.world;
  talk.contact({ contactId: "k1", name: "Grace Hopper", emails: ["grace@example.org"], notes: "Prefers mornings." });
  talk.contact({ contactId: "k2", name: "Grace H.", phones: ["+49 30 1234567"] });
  talk.suggested = ["k1"];
  const earlier = visit.world.open("r-before", "Grace", "An earlier order", "en", "good day");
  earlier.contactId = "k1";
  const desk = await signedIn();
  const room = await inHand(desk);
  await desk.getByTestId("contact-suggestion").getByText("grace@example.org").waitFor();
  await look(desk, "desk-contact-suggested");
  await desk.getByTestId("contact-confirm").press("Enter");
  await desk.locator('[data-testid="contact"][data-contact="k1"]').waitFor();
  expect(room.contactId).toBe("k1");
  await desk.getByTestId("contact").getByText("Prefers mornings.").waitFor();
  await look(desk, "desk-contact");

  await desk.getByTestId("contact-edit").click();
  await desk.getByTestId("contact-emails").fill("grace@example.org\ng.hopper@example.org");
  await desk.getByTestId("contact-field-tier").selectOption("gold");
  await look(desk, "desk-contact-form");
  const known = talk.contacts.get("k1");
  if (known) talk.contacts.set("k1", { ...known, etag: "7", language: "de" });
  await desk.getByTestId("contact-save").click();
  await desk.locator('[data-testid="contact-fault"][data-reason="ETAG_MISMATCH"]').waitFor();
  await desk.getByTestId("contact").getByText("German").waitFor();
  await desk.getByTestId("contact-save").click();
  await desk.getByTestId("contact").getByText("g.hopper@example.org").waitFor();
  await desk.getByTestId("contact").getByText("gold").waitFor();
  expect(talk.contacts.get("k1")).toMatchObject({ language: "de", emails: ["grace@example.org", "g.hopper@example.org"] });

  await desk.getByTestId("contact-history").click();
  await desk.locator('[data-testid="contact-change"][data-field="fields.tier"]').getByText("Tier").waitFor();
  await look(desk, "desk-contact-history");
  await desk.keyboard.press("Escape");

  await desk.getByTestId("contact-merge").click();
  await desk.getByTestId("merge-find").fill("grace");
  await desk.locator('[data-testid="merge-found"][data-contact="k2"]').getByTestId("merge-yes").click();
  await expect.poll(() => talk.contacts.get("k1")?.aliasIds).toEqual(["k2"]);
  await desk.getByTestId("contact-merge").click();
  await desk.getByTestId("separate").click();
  await expect.poll(() => talk.contacts.get("k1")?.aliasIds).toEqual([]);

  await desk.locator(`[data-testid="earlier"][data-conversation="${earlier.id}"]`).click();
  await desk.getByTestId("transcript").getByText("good day").waitFor();
});

test("the contact of a conversation that is no longer open to the agent is not a fault, and nothing is offered", async () => {
  const desk = await signedIn();
  const room = await inHand(desk);
  await desk.getByTestId("contact-new").waitFor();
  visit.world.rooms.delete(room.id);
  await desk.getByTestId("contact-not-open").waitFor();
  expect(await desk.getByTestId("contact-new").count()).toBe(0);
  expect(await desk.getByTestId("fault").count()).toBe(0);
  await look(desk, "desk-contact-not-open");
});

test("transcripts are found by words and more, page after page, with the words marked, and lead to the place", async () => {
  const { talk, admin } = visit.world;
  const room = connected();
  visit.world.say(room, room.guestId, "g1", "Where is my 💶 refund?");
  const event = room.events.findLast(({ body }) => body.case === "message");
  const hit = { eventId: event?.eventId ?? "", sequence: 5n, at: timestampNow(), excerpt: "Where is my 💶 refund?", marks: [{ start: 14, length: 6 }] };
  talk.found = [
    { transcripts: [] },
    { transcripts: [{ conversation: summary(room), hits: [hit] }] },
    { transcripts: [{ conversation: { ...summary(room), conversationId: "other", guestName: "Heidi" }, hits: [] }] },
  ];
  talk.contact({ contactId: "k1", name: "Grace Hopper" });
  const desk = await signedIn();
  await desk.getByTestId("nav-search").click();
  await desk.getByTestId("search-text").fill('"');
  await desk.getByTestId("search-text").press("Enter");
  await waitForText(desk, "There is no word in it to look for.");
  expect(talk.searches.filter(({ text }) => text !== "")).toEqual([]);
  await desk.getByTestId("search-text").fill("refund");
  expect(await desk.getByText("There is no word in it to look for.").count()).toBe(0);
  await pick(desk, "search-contact", "Grace", "Grace Hopper");
  await pick(desk, "search-queue", "Service");
  await pick(desk, "search-agent", "Anna", "Anna Beispiel");
  await desk.getByTestId("search-from").fill("2026-11-01");
  await desk.getByTestId("search-to").fill("2026-11-30");
  await desk.getByTestId("search-text").press("Enter");
  await desk.getByTestId("hit").locator("mark").getByText("refund", { exact: true }).waitFor();
  const asked = talk.searches.at(-1);
  expect(asked).toMatchObject({ text: "refund", contactId: "k1", queueId: admin.service, userId: AGENT_USER });
  const days = (Number(asked?.createdBefore?.seconds) - Number(asked?.createdFrom?.seconds)) / 86_400;
  expect(days).toBe(30);
  await desk.getByTestId("search-status").getByText("1 conversation, and more").waitFor();
  await look(desk, "desk-search");
  await desk.getByTestId("search-more").click();
  await desk.getByTestId("search-status").getByText("2 conversations").waitFor();
  await desk.getByTestId("hit").press("Enter");
  await desk.locator(".transcript-line.wanted").getByText("refund").waitFor();
  await desk.setViewportSize(NARROW);
  await look(desk, "desk-search-narrow");
  await desk.getByTestId("back").click();
  talk.found = [];
  await desk.getByTestId("search-clear").click();
  await waitForText(desk, "Nothing was found.");
});

test("a transcript is downloaded as asked, and what was said is removed for good", async () => {
  const { talk } = visit.world;
  const room = connected();
  const secret = visit.world.say(room, room.guestId, "g1", "my number is 4711");
  const desk = await signedIn("de");
  await desk.getByTestId("nav-conversations").click();
  await desk.getByTestId("supervisor-item").click();
  await desk.getByTestId("export").click();
  await desk.getByTestId("export-format").selectOption({ label: "Daten (JSON)" });
  await desk.getByTestId("export-guest").check();
  await look(desk, "desk-export");
  const [file] = await Promise.all([desk.waitForEvent("download"), desk.getByTestId("export-yes").click()]);
  expect(file.suggestedFilename()).toBe("transcript.txt");
  expect(readFileSync(await file.path(), "utf8")).toBe("first, second");
  expect(talk.exports).toEqual([{ format: TranscriptFormat.JSON, audience: TranscriptAudience.GUEST, language: "de" }]);

  const line = desk.locator('[data-testid="transcript-event"]').filter({ hasText: "4711" });
  await line.getByTestId("redact").click();
  await desk.getByTestId("redact-reason").fill("held");
  await desk.getByTestId("redact-yes").click();
  await desk.locator('[data-testid="redact-fault"][data-reason="LEGAL_HOLD"]').waitFor();
  await desk.getByTestId("redact-reason").fill("a password");
  await look(desk, "desk-redact");
  await desk.getByTestId("redact-yes").click();
  await desk.locator('[data-testid="transcript-event"][data-kind="erased"]').getByText("(entfernt)").waitFor();
  expect(talk.redactions).toEqual([{ eventId: secret.eventId, reason: "a password" }]);
  expect(await desk.getByTestId("transcript").textContent()).not.toContain("4711");
});
