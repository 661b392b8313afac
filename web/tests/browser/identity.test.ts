// Who a customer is, as the web site around the chat signs it, in a real browser.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { visits } from "./visit";

const visit = visits();
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A page of another web site with the messenger in it. */
const shop = async (attributes: string, script = ""): Promise<Page> => {
  const tag = `<script src="${visit.site.origin}/messenger.js" data-deployment="d1" ${attributes} async></script>`;
  const body = `<!doctype html><html lang="en"><title>A shop</title><body><h1>Teapots</h1><script>${script}</script>${tag}</body></html>`;
  const serving = createServer((_, answer) => answer.setHeader("content-type", "text/html").end(body));
  await new Promise<void>((resolve) => serving.listen(0, "127.0.0.1", resolve));
  server = serving;
  const page = await visit.open("/chat");
  await page.goto(`http://127.0.0.1:${(serving.address() as AddressInfo).port}/`);
  await page.getByRole("button", { name: "Chat with us" }).click();
  return page;
};

const startIn = async (page: Page, name: string) => {
  const chat = page.frameLocator("iframe");
  await chat.getByTestId("chat-name").fill(name);
  await chat.getByTestId("chat-start").click();
  return chat;
};

test("the messenger asks the web site anew for each chat, and a site that fails keeps nobody from chatting", async () => {
  const { talk } = visit.world;
  const answers = "let n = 0; window.onqueueIdentity = async () => { n += 1; if (n === 2) throw new Error('down'); return 'signed ' + n; };";
  const page = await shop("", answers);
  const chat = await startIn(page, "Grace");
  await chat.getByTestId("chat-input").waitFor();
  expect(talk.assertions).toEqual(["signed 1"]);
  await chat.getByTestId("chat-end").click();
  await chat.getByTestId("chat-end-yes").click();
  await chat.getByTestId("chat-new").click();
  await startIn(page, "Grace");
  await chat.getByTestId("chat-input").waitFor();
  expect(talk.assertions).toEqual(["signed 1", ""]);
});

test("what a page says in its tag is passed on, and a refusal of it is a sentence", async () => {
  const { talk } = visit.world;
  const page = await shop('data-identity="forged"');
  const chat = await startIn(page, "Mallory");
  await chat.getByTestId("chat-problem").getByText("It could not be confirmed who you are.").waitFor();
  expect(talk.assertions).toEqual(["forged"]);
  expect(visit.world.rooms.size).toBe(0);
});

test("without anything signed a chat begins at once", async () => {
  const chat = await startIn(await shop(""), "Heidi");
  await chat.getByTestId("chat-input").waitFor({ timeout: 3_000 });
  expect(visit.world.talk.assertions).toEqual([""]);
});

test("a link to the page itself says who the customer is, in what no server gets, and also after a reload", async () => {
  const { talk } = visit.world;
  const page = await visit.open("/chat?deployment=d1#identity=signed.by.shop");
  await page.getByTestId("chat-name").waitFor();
  expect(await page.evaluate("location.href")).toBe(`${visit.site.origin}/chat?deployment=d1`);
  await page.reload();
  await page.getByTestId("chat-name").fill("Grace");
  await page.getByTestId("chat-start").click();
  await page.getByTestId("chat-input").waitFor();
  expect(talk.assertions).toEqual(["signed.by.shop"]);
});

test("a link that is refused says so, and keeps nobody from chatting without it", async () => {
  const { talk } = visit.world;
  const page = await visit.open("/chat?deployment=d1#identity=forged");
  await page.getByTestId("chat-name").fill("Mallory");
  await page.getByTestId("chat-start").click();
  await page.getByTestId("chat-problem").getByText("It could not be confirmed who you are.").waitFor();
  expect(visit.world.rooms.size).toBe(0);
  await page.getByTestId("chat-start").click();
  await page.getByTestId("chat-input").waitFor();
  expect(talk.assertions).toEqual(["forged", ""]);
});

test("another link in the same tab says nothing of the one before", async () => {
  const { talk } = visit.world;
  const page = await visit.open("/chat?deployment=d1#identity=signed.by.shop");
  await page.getByTestId("chat-name").waitFor();
  await page.goto(`${visit.site.origin}/chat?deployment=d2`);
  await page.getByTestId("chat-name").fill("Heidi");
  await page.getByTestId("chat-start").click();
  await page.getByTestId("chat-input").waitFor();
  expect(talk.assertions).toEqual([""]);
});
