// Customers, agents and supervisors, each in a browser context of their own.
import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";
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

  async picture(name) {
    mkdirSync(artefacts, { recursive: true });
    await this.page.screenshot({ path: path.join(artefacts, `${name}.png`) });
  }

  close() {
    return this.page.context().close();
  }
}

export class Customer extends Person {
  static arrive(browser, onqueue, language, size) {
    const address = `${onqueue.address}/chat?deployment=${onqueue.credentials.deployment}`;
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

export class Agent extends Person {
  static arrive(browser, onqueue, name, language = "en-GB") {
    const { organisation } = onqueue.credentials;
    return this.arrives(browser, onqueue, { organisation, ...onqueue.user(name) }, language);
  }

  /** Somebody who need not be of the demo. */
  static async arrives(browser, onqueue, user, language = "en-GB") {
    const agent = await this.open(browser, `${onqueue.address}/desk`, language);
    await agent.at("login-organisation").fill(user.organisation);
    await agent.at("login-email").fill(user.email);
    await agent.at("login-password").fill(user.password);
    await agent.at("login-submit").click();
    agent.name = user.name;
    return agent;
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

  async says(text) {
    await this.at("desk-input").fill(text);
    await this.at("desk-send").click();
  }

  async ends() {
    await this.at("desk-end").click();
    await this.page.getByTestId("desk-end-yes").click();
  }
}
