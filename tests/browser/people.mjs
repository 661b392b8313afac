// Customers, agents and supervisors, each in a browser context of their own.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { root, until } from "./process.mjs";

const require = createRequire(path.join(root, "web/package.json"));
const { chromium } = require("playwright-core");
const artefacts = path.join(root, "artefacts/screenshots");

export function launch() {
  const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...flags, ...quiet] });
}

/** A page with short names for what its test ids say. */
export class Person {
  constructor(page, complaints) {
    this.page = page;
    this.complaints = complaints;
  }

  static async open(browser, address, language, size = { width: 1280, height: 800 }) {
    const context = await browser.newContext({ locale: language, viewport: size });
    const page = await context.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
    await page.goto(address);
    return new this(page, complaints);
  }

  at(id) {
    return this.page.getByTestId(id);
  }

  async sees(id, text, seconds = 15) {
    const found = async () => (await this.at(id).allTextContents()).some((one) => one.includes(text));
    await until(`${id} with “${text}”`, found, seconds);
  }

  /** Attaches a file; `content` is text. */
  async attaches(name, content, mimeType = "text/plain") {
    await this.at("attach-input").setInputFiles({ name, mimeType, buffer: Buffer.from(content) });
  }

  /** What comes when something that leads to a file is clicked, as text. */
  async downloads(locator) {
    const [file] = await Promise.all([this.page.waitForEvent("download"), locator.click()]);
    return { name: file.suggestedFilename(), text: readFileSync(await file.path(), "utf8") };
  }

  async picture(name) {
    mkdirSync(artefacts, { recursive: true });
    await this.page.screenshot({ path: path.join(artefacts, `${name}.png`) });
  }

  close() {
    return this.page.context().close();
  }
}

export class Customer extends Person {
  static arrive(browser, onqueue, language, size, kind = "chat") {
    const address = `${onqueue.address}/chat?deployment=${onqueue.credentials.deployment}&kind=${kind}`;
    return this.open(browser, address, language, size);
  }

  async start({ name, queue, language, first }) {
    await this.at("chat-form").waitFor();
    await this.at("chat-name").fill(name);
    await this.at("chat-queue").selectOption(queue);
    await this.at("chat-language").selectOption(language);
    await this.at("chat-first").fill(first);
    await this.at("chat-start").click();
    await this.at("chat-log").waitFor();
  }

  async says(text) {
    await this.at("chat-input").fill(text);
    await this.at("chat-send").click();
  }

  /** My own messages that are confirmed, in order. */
  confirmed() {
    return this.page.locator('[data-testid="chat-message"][data-from="me"][data-state="sent"]').allTextContents();
  }
}

/** A new page of the desk at which that user has signed in. */
async function signedIn(kind, browser, onqueue, user, language) {
  const self = await kind.open(browser, `${onqueue.address}/desk`, language);
  await self.at("login-organisation").fill(user.organisation);
  await self.at("login-email").fill(user.email);
  await self.at("login-password").fill(user.password);
  await self.at("login-submit").click();
  self.name = user.name;
  return self;
}

export class Agent extends Person {
  static arrive(browser, onqueue, name, language = "en-GB") {
    const { organisation } = onqueue.credentials;
    return this.arrives(browser, onqueue, { organisation, ...onqueue.user(name) }, language);
  }

  /** Somebody who need not be of the demo. */
  static arrives(browser, onqueue, user, language = "en-GB") {
    return signedIn(this, browser, onqueue, user, language);
  }

  async state(expected) {
    await until(`${this.name} ${expected}`, async () => (await this.at("agent-state").getAttribute("data-state")) === expected);
  }

  async goesOnQueue() {
    await this.at("queue-toggle").click();
    await this.state("idle");
  }

  async offers() {
    return this.at("offer").evaluateAll((all) => all.map((one) => one.dataset.conversation));
  }

  async isAlerted() {
    const [conversation] = await until(`${this.name} to be alerted`, async () => {
      const offers = await this.offers();
      return offers.length > 0 && offers;
    });
    return conversation;
  }

  async accepts() {
    const conversation = await this.isAlerted();
    await this.at("offer-accept").first().click();
    await this.opens(conversation);
    return conversation;
  }

  async opens(conversation) {
    const item = this.page.locator(`[data-testid="conversation-item"][data-conversation="${conversation}"]`);
    await item.click();
    await this.at("desk-input").waitFor();
  }

  /** Has this beside a chat whose script has begun: that opens by itself first. */
  async looksAt(what) {
    await this.at("script-panel").waitFor();
    await this.at(`beside-${what}`).click();
  }

  async says(text) {
    await this.at("desk-input").fill(text);
    await this.at("desk-send").click();
  }

  async ends() {
    await this.at("desk-end").click();
    await this.page.getByTestId("desk-end-yes").click();
  }
}

/** Whoever administers, at the desk. */
export class Administrator extends Person {
  static async arrives(browser, onqueue, user) {
    const self = await signedIn(this, browser, onqueue, user, "en-GB");
    await self.at("nav-administration").click();
    await self.at("page-title").waitFor();
    return self;
  }

  /** Makes an object; `fill` fills in the form. Answers its id. */
  async makes(section, name, fill) {
    await this.page.goto(`${new URL(this.page.url()).origin}/desk#/administration/${section}/new`);
    await this.at("field-name").fill(name);
    await fill?.();
    await this.saves("resource-form");
    await this.at("delete").waitFor();
    return this.page.url().split("/").at(-1).split("?")[0];
  }

  async saves(form) {
    await this.at(form).getByTestId("save").click();
  }

  async picks(id, text) {
    await this.at(id).last().fill(text);
    await this.page.locator("[data-combobox-option]:visible").getByText(text, { exact: true }).first().click();
  }

  /** Fills in a part that is saved by itself. */
  async changes(name, fill) {
    await fill();
    const part = this.at(`part-${name}`);
    await part.getByTestId("save").click();
    await part.getByText("Saved.").waitFor();
  }
}
