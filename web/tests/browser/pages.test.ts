// Customer and agent in a real browser, against a stand-in for the services.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { AgentState } from "../../src/gen/onqueue/routing/v1/agent_pb";
import { accessibilityProblems, launch, NARROW, newPage, picture, scrollingSideways, WIDE } from "./browser";
import { Site } from "./world/site";
import { agentFrame } from "./world/agent-frame";
import { AGENT_PARTICIPANT, World, type Room } from "./world/world";

let browser: Browser;
let world: World;
let site: Site;
let problems: string[][];

beforeAll(async () => {
  browser = await launch();
});

afterAll(async () => {
  await browser.close();
});

beforeEach(async () => {
  world = new World();
  site = new Site(world);
  problems = [];
  await site.start();
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await site.kill();
  expect(problems.flat()).toEqual([]);
});

async function open(path: string, locale = "en", viewport = WIDE, origin = site.origin): Promise<Page> {
  const opened = await newPage(browser, locale, viewport);
  problems.push(opened.problems);
  await opened.page.goto(origin + path);
  return opened.page;
}

async function startChat(page: Page, name: string, first: string): Promise<Room> {
  await page.getByTestId("chat-name").fill(name);
  await page.getByTestId("chat-first").fill(first);
  await page.getByTestId("chat-start").click();
  await page.getByTestId("chat-input").waitFor();
  const room = [...world.rooms.values()].find(({ guestName }) => guestName === name);
  if (!room) throw new Error("no room");
  return room;
}

async function signIn(page: Page, email = "supervisor@example.org"): Promise<void> {
  await page.getByTestId("login-organisation").fill("demo");
  await page.getByTestId("login-email").fill(email);
  await page.getByTestId("login-password").fill("secret");
  await page.getByTestId("login-submit").click();
  await page.getByTestId("agent-state").waitFor();
}

/** Keeps a picture and checks what is shown for accessibility and width. */
async function look(page: Page, name: string): Promise<void> {
  await picture(page, name);
  expect(await accessibilityProblems(page), name).toEqual([]);
  expect(await scrollingSideways(page), name).toEqual([]);
}

const messages = (page: Page, testId: string, from: string) =>
  page.locator(`[data-testid="${testId}"][data-from="${from}"] .bubble`).allTextContents();

const waitForText = (page: Page, text: string) => page.getByText(text).first().waitFor();

test("a chat from the form to the transcript", async () => {
  const desk = await open("/desk", "de");
  await desk.getByTestId("login-product").getByText("Onqueue").waitFor();
  await look(desk, "desk-login");
  await signIn(desk);
  await desk.getByTestId("queue-toggle").click();
  await desk.locator('[data-testid="agent-state"][data-state="idle"]').waitFor();

  const chat = await open("/chat?deployment=d1", "de", NARROW);
  await chat.getByTestId("chat-form").waitFor();
  await look(chat, "chat-form-narrow");
  const room = await startChat(chat, "Greta Gast", "Guten Tag, siehe https://example.org/a. Danke!");
  expect(room.topic).toBe("Hilfe zur Bestellung");
  expect(room.language).toBe("de");
  await waitForText(chat, "Sie sind in der Warteschlange „Hilfe zur Bestellung“.");
  await look(chat, "chat-waiting-narrow");

  await desk.getByTestId("offer").waitFor();
  await desk.locator('[data-testid="agent-state"][data-state="interacting"]').getByText("Chat angeboten").waitFor();
  await waitForText(desk, "Beantworten Sie links das Angebot.");
  const keys = desk.getByTestId("offer").locator("kbd").first();
  expect(await keys.evaluate((key) => key.getBoundingClientRect().height)).toBeLessThan(26);
  await look(desk, "desk-offer");
  await expect.poll(() => desk.title()).toContain("(1)");
  await desk.keyboard.press("Alt+KeyA");
  await desk.getByTestId("desk-log").waitFor();
  await waitForText(chat, "Sie sprechen mit Anna Beispiel.");
  await expect.poll(() => desk.getByTestId("offer").count()).toBe(0);

  await desk.getByTestId("desk-input").fill("Guten Tag, wie kann ich helfen?");
  await chat.getByTestId("chat-typing").getByText("Anna Beispiel schreibt").waitFor();
  await desk.getByTestId("desk-input").press("Enter");
  await waitForText(chat, "wie kann ich helfen?");
  await chat.getByTestId("chat-input").fill("Meine Bestellung");
  await desk.getByTestId("desk-typing").getByText("Greta Gast schreibt").waitFor();
  await chat.getByTestId("chat-input").press("Enter");
  await desk.getByTestId("desk-log").getByText("Meine Bestellung").waitFor();
  await desk.getByTestId("desk-typing").waitFor({ state: "hidden" });
  await look(chat, "chat-connected-narrow");
  await look(desk, "desk-connected");
  const link = chat.locator(".bubble a").first();
  expect(await link.getAttribute("href")).toBe("https://example.org/a");
  expect(await link.getAttribute("rel")).toBe("noopener noreferrer");

  await desk.getByTestId("desk-end").click();
  await desk.getByTestId("desk-end-yes").click();
  await chat.getByTestId("chat-ended").waitFor();
  await desk.getByTestId("desk-ended").waitFor();
  await look(chat, "chat-ended-narrow");
  const [download] = await Promise.all([chat.waitForEvent("download"), chat.getByTestId("chat-download").click()]);
  expect(download.suggestedFilename()).toMatch(/^chat-.*\.txt$/);
  await desk.getByTestId("desk-close").click();
  await expect.poll(() => desk.getByTestId("conversation-item").count()).toBe(0);

  await desk.getByTestId("nav-conversations").click();
  await desk.getByTestId("supervisor-item").first().click();
  await desk.getByTestId("decisions").getByText("am längsten frei (7 Tage oder mehr)", { exact: false }).waitFor();
  await expect.poll(() => desk.getByTestId("transcript-event").count()).toBe(room.events.length);
  const time = desk.getByTestId("supervisor-time").first();
  expect(await time.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)).toBe(true);
  await look(desk, "desk-supervisor");
  await desk.getByTestId("supervisor-filter").selectOption({ label: "Beendet" });
  await desk.reload();
  await desk.getByTestId("transcript-event").first().waitFor();
  expect(await desk.getByTestId("supervisor-filter").locator("option:checked").textContent()).toBe("Beendet");
  await desk.setViewportSize(NARROW);
  await look(desk, "desk-supervisor-narrow");
  await desk.getByTestId("logout").click();
  await desk.getByTestId("login-submit").waitFor();
  await expect.poll(() => world.revoked.length).toBe(1);
  expect(world.agent.state).toBe(AgentState.OFF_QUEUE);
});

test("a reload goes on with the same chat", async () => {
  const chat = await open("/chat?deployment=d1");
  const room = await startChat(chat, "Grace", "hello");
  await chat.getByTestId("chat-input").fill("not sent yet");
  await chat.reload();
  await waitForText(chat, "hello");
  expect(await chat.getByTestId("chat-input").inputValue()).toBe("not sent yet");
  await chat.getByTestId("chat-input").fill("x".repeat(4_001));
  expect(await chat.getByTestId("chat-send").isDisabled()).toBe(true);
  await chat.getByTestId("chat-input").fill("");
  world.join(room);
  await waitForText(chat, "You are talking to Anna Beispiel.");
  expect(world.rooms.size).toBe(1);
  await expect.poll(() => messages(chat, "chat-message", "me")).toEqual(["hello"]);
});

test("what is written without a server arrives once and in order, on both sides", async () => {
  const chat = await open("/chat?deployment=d1");
  const desk = await open("/desk");
  await signIn(desk);
  const room = await startChat(chat, "Grace", "");
  world.join(room);
  await desk.getByTestId("conversation-item").click();
  await waitForText(chat, "You are talking to");
  await site.kill();
  for (const text of ["one", "two", "three"]) {
    await chat.getByTestId("chat-input").fill(text);
    await chat.getByTestId("chat-send").click();
    await desk.getByTestId("desk-input").fill(`re ${text}`);
    await desk.getByTestId("desk-send").click();
  }
  await chat.locator('[data-testid="chat-message"][data-state="sending"]').nth(2).waitFor();
  await desk.locator('[data-testid="connection"][data-state="reconnecting"]').waitFor();
  await look(chat, "chat-offline");
  await look(desk, "desk-offline");
  await chat.goto("about:blank");
  await site.start();
  await chat.goto(`${site.origin}/chat?deployment=d1`);
  const texts = () => room.events.flatMap(({ body }) => (body.case === "message" ? [body.value.text] : []));
  // A call that was under way when the server went may take its whole deadline before it is repeated.
  await expect.poll(() => texts().length, { timeout: 40_000 }).toBe(6);
  expect(texts().filter((text) => !text.startsWith("re"))).toEqual(["one", "two", "three"]);
  expect(texts().filter((text) => text.startsWith("re"))).toEqual(["re one", "re two", "re three"]);
  await expect.poll(() => messages(chat, "chat-message", "me")).toEqual(["one", "two", "three"]);
  await expect.poll(() => messages(desk, "desk-message", "me")).toEqual(["re one", "re two", "re three"]);
  await expect.poll(() => messages(desk, "desk-message", "them")).toEqual(["one", "two", "three"]);
  await desk.locator('[data-testid="connection"][data-state="online"]').waitFor();
});

test("refusals are sentences", async () => {
  const missing = await open("/chat");
  await waitForText(missing, "lacks the deployment");
  const unknown = await open("/chat?deployment=unknown");
  await waitForText(unknown, "This chat is not available.");
  expect(await unknown.getByTestId("chat-try-again").count()).toBe(0);
  world.queueFull = true;
  const full = await open("/chat?deployment=d1");
  await full.getByTestId("chat-name").fill("Grace");
  await full.getByTestId("chat-start").click();
  await waitForText(full, "Every place in this queue is taken");
  await look(full, "chat-refused");
  await full.getByTestId("language-switch").selectOption("de");
  await waitForText(full, "Chat beginnen");
  expect(await full.getByTestId("chat-name").inputValue()).toBe("Grace");
  world.queueFull = false;
  await full.getByTestId("chat-start").click();
  await full.getByTestId("chat-input").waitFor();
  const desk = await open("/desk");
  await desk.getByTestId("login-organisation").fill("demo");
  await desk.getByTestId("login-email").fill("x@example.org");
  await desk.getByTestId("login-password").fill("wrong");
  await desk.getByTestId("login-submit").click();
  await desk.getByTestId("login-error").getByText("do not match").waitFor();
});

test("both pages work without encryption, where browsers offer less", async () => {
  const chat = await open("/chat?deployment=d1", "en", NARROW, site.plainOrigin);
  expect(await chat.evaluate(() => isSecureContext)).toBe(false);
  const desk = await open("/desk", "en", WIDE, site.plainOrigin);
  await signIn(desk);
  const room = await startChat(chat, "Grace", "");
  world.join(room);
  await chat.getByTestId("chat-input").fill("hello");
  await chat.getByTestId("chat-input").press("Enter");
  await desk.getByTestId("conversation-item").click();
  await desk.getByTestId("desk-input").fill("good day");
  await desk.getByTestId("desk-input").press("Enter");
  await expect.poll(() => messages(desk, "desk-message", "them")).toEqual(["hello"]);
  await expect.poll(() => messages(chat, "chat-message", "them")).toEqual(["good day"]);
});

test("a refused message is shown as not sent and can be sent again", async () => {
  world.refusedText = "no";
  const chat = await open("/chat?deployment=d1");
  const room = await startChat(chat, "Grace", "");
  await chat.getByTestId("chat-input").fill("no");
  await chat.getByTestId("chat-input").press("Enter");
  await chat.locator('[data-testid="chat-message"][data-state="failed"]').waitFor();
  await waitForText(chat, "The message is too long");
  world.refusedText = "";
  await chat.getByTestId("chat-retry").click();
  await expect.poll(() => room.events.some(({ body }) => body.case === "message" && body.value.text === "no")).toBe(true);
  await chat.locator('[data-testid="chat-message"][data-state="failed"]').waitFor({ state: "detached" });
});

test("markup in names and messages stays text", async () => {
  const attack = '<img src=x onerror="document.title=1"><script>alert(1)</script>';
  const chat = await open("/chat?deployment=d1");
  const desk = await open("/desk");
  await signIn(desk);
  const room = await startChat(chat, attack, `${attack} javascript:alert(1)`);
  world.join(room);
  world.say(room, AGENT_PARTICIPANT, "m1", attack);
  await desk.getByTestId("conversation-item").click();
  await expect.poll(() => messages(chat, "chat-message", "them")).toEqual([attack]);
  await expect.poll(() => messages(desk, "desk-message", "them")).toEqual([`${attack} javascript:alert(1)`]);
  for (const page of [chat, desk]) await expect.poll(() => page.locator("img, main a").count()).toBe(0);
});

test("the customer is warned of inactivity and may end", async () => {
  const chat = await open("/chat?deployment=d1");
  const room = await startChat(chat, "Grace", "");
  world.join(room);
  world.append(room, "", { case: "inactivityWarned", value: { endsAt: timestampFromMs(Date.now() + 60_000) } });
  await chat.getByTestId("chat-warning").getByText("unless somebody writes").waitFor();
  await look(chat, "chat-warning");
  await chat.emulateMedia({ colorScheme: "dark" });
  await look(chat, "chat-warning-dark");
  world.say(room, AGENT_PARTICIPANT, "m1", "still there?");
  await chat.getByTestId("chat-warning").waitFor({ state: "hidden" });
  await chat.getByTestId("chat-end").click();
  await chat.getByTestId("chat-end-yes").click();
  await chat.locator('[data-testid="chat-ended"][data-reason="guest"]').waitFor();
  await chat.getByTestId("chat-new").click();
  await chat.getByTestId("chat-form").waitFor();
});

test("the desk shows state, memberships, unread messages and answers heartbeats", async () => {
  const desk = await open("/desk", "en", NARROW);
  await signIn(desk, "agent@example.org");
  await expect.poll(() => desk.getByTestId("nav-conversations").count()).toBe(0);
  await look(desk, "desk-narrow");
  await desk.locator('[data-testid="queue-membership"][data-joined="false"]').click();
  await expect.poll(() => world.agent.queues.every(({ joined }) => joined)).toBe(true);
  world.setState(AgentState.NOT_RESPONDING);
  await desk.locator('[data-testid="agent-state"][data-state="not_responding"]').waitFor();
  await desk.getByTestId("queue-toggle").click();
  await desk.locator('[data-testid="agent-state"][data-state="idle"]').waitFor();
  world.desk.publish(agentFrame({ case: "heartbeat", value: {} }));
  await expect.poll(() => world.heartbeats).toBe(1);
  const room = world.open("r1", `Grace ${"Long".repeat(20)}`, "Help with an order that is two weeks late", "en", "hello");
  await desk.getByTestId("offer-decline").waitFor();
  await look(desk, "desk-offer-narrow");
  await desk.getByTestId("offer-decline").click();
  await desk.getByTestId("offer").waitFor({ state: "detached" });
  world.join(room);
  await desk.getByTestId("unread").getByText("1").waitFor();
  await look(desk, "desk-unread-narrow");
  await desk.getByTestId("conversation-item").click();
  await desk.getByTestId("desk-input").waitFor();
  await look(desk, "desk-chat-narrow");
  await desk.reload();
  await desk.getByTestId("desk-input").waitFor();
  world.open("r2", "Second", "", "en", "");
  await desk.getByTestId("offer-decline").first().waitFor();
  await look(desk, "desk-chat-offer-narrow");
  await desk.getByTestId("offer-decline").click();
  await desk.getByTestId("offer").waitFor({ state: "detached" });
  await look(desk, "desk-chat-declined-narrow");
  world.setState(AgentState.NOT_RESPONDING);
  await desk.getByTestId("not-responding").waitFor();
  await look(desk, "desk-chat-not-responding-narrow");
  await desk.getByTestId("back-on-queue").click();
  await desk.getByTestId("not-responding").waitFor({ state: "detached" });
  await desk.getByTestId("logout").click();
  await look(desk, "desk-logout-narrow");
  await desk.getByTestId("logout-no").click();
  await desk.getByTestId("desk-end").click();
  await look(desk, "desk-end-narrow");
  await desk.getByTestId("desk-end-yes").click();
  await desk.getByTestId("desk-ended").waitFor();
  await look(desk, "desk-chat-ended-narrow");
  await desk.getByTestId("back").click();
  await expect.poll(() => desk.getByTestId("unread").count()).toBe(0);
});

test("signing out asks while a chat is open, and takes the agent off the queue", async () => {
  const desk = await open("/desk");
  await signIn(desk);
  await desk.getByTestId("queue-toggle").click();
  await desk.locator('[data-testid="agent-state"][data-state="idle"]').waitFor();
  world.open("r1", "Grace", "", "en", "hello");
  await desk.getByTestId("offer").waitFor();
  await desk.getByTestId("logout").click();
  await desk.getByTestId("logout-no").click();
  await desk.getByTestId("offer-accept").click();
  await desk.getByTestId("desk-input").waitFor();
  await desk.getByTestId("logout").click();
  await desk.getByTestId("logout-yes").click();
  await desk.getByTestId("login-submit").waitFor();
  expect(world.agent.state).toBe(AgentState.OFF_QUEUE);
  await expect.poll(() => world.revoked.length).toBe(1);
});

test("signing out does not wait for a server that is away", async () => {
  const desk = await open("/desk");
  await signIn(desk);
  await desk.getByTestId("queue-toggle").click();
  await desk.locator('[data-testid="agent-state"][data-state="idle"]').waitFor();
  await site.kill();
  await desk.getByTestId("logout").click();
  await desk.getByTestId("login-submit").waitFor({ timeout: 4_000 });
});

test("the customer reads that somebody else is looked for, and a lost connection leaves the title whole", async () => {
  const chat = await open("/chat?deployment=d1", "de", NARROW);
  const room = await startChat(chat, "Greta", "");
  world.requeue(room);
  const notices = () => messages(chat, "chat-message", "system");
  await expect.poll(notices).toEqual([
    "Sie sind in der Warteschlange „Hilfe zur Bestellung“.",
    "Wir suchen jemand anderen für Sie.",
  ]);
  await site.kill();
  await chat.locator('[data-testid="connection"][data-state="reconnecting"]').waitFor();
  const lines = await chat.locator("h1").evaluate((title) => title.getClientRects().length * title.clientHeight);
  expect(lines).toBeLessThan(40);
  await look(chat, "chat-reconnecting-narrow");
});

test("the supervisor's page follows by itself what others do", async () => {
  const desk = await open("/desk");
  // It looks every ten seconds.
  desk.setDefaultTimeout(30_000);
  await signIn(desk);
  await desk.getByTestId("nav-conversations").click();
  await waitForText(desk, "No conversations.");
  const room = world.open("r1", "Grace", "", "en", "hello");
  await desk.getByTestId("supervisor-item").click();
  await desk.getByTestId("transcript-event").nth(2).waitFor();
  world.say(room, room.guestId, "m2", "anybody?");
  await desk.getByTestId("transcript").getByText("anybody?").waitFor();
});
