// Names, answers and texts that somebody wrote to do harm: they are shown as they were written, and nothing of them runs.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { create } from "@bufbuild/protobuf";
import { VariantSchema } from "../../src/gen/onqueue/content/v1/response_pb";
import { ScriptFieldType, ScriptStepKind } from "../../src/gen/onqueue/content/v1/script_run_pb";
import { enter, visits } from "./visit";
import { HOSTILE } from "./world/hostile";

const visit = visits();

/** That nothing ran, nothing was fetched from elsewhere and the page is where it was. */
async function expectUnharmed(page: Page): Promise<void> {
  expect(await page.evaluate(() => (window as { harmed?: number }).harmed)).toBeUndefined();
  expect(new URL(page.url()).origin).toBe(visit.site.origin);
  const made = await page.evaluate(() => document.querySelectorAll("script:not([src]), iframe, object, embed, base[href], [onerror], [onload], [onfocus]").length);
  expect(made).toBe(0);
}

/** What goes out to other places. */
function outgoing(page: Page): string[] {
  const asked: string[] = [];
  page.on("request", (request) => !request.url().startsWith(visit.site.origin) && asked.push(request.url()));
  page.on("dialog", (dialog) => {
    asked.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  return asked;
}

test("there are fifty of them, each different", () => {
  expect(HOSTILE.length).toBe(50);
  expect(new Set(HOSTILE).size).toBe(50);
});

test("as the customer's name, filled into a response, they come out at the desk and at the customer as they were written", async () => {
  const { world } = visit;
  const chat = await visit.open("/chat?deployment=d1");
  const elsewhere = outgoing(chat);
  await chat.getByTestId("chat-name").fill("Grace");
  await chat.getByTestId("chat-first").fill("hello");
  await chat.getByTestId("chat-start").click();
  await chat.getByTestId("chat-log").waitFor();
  const [room] = [...world.rooms.values()];
  if (!room) throw new Error("the chat has not begun");

  const page = await visit.open("/desk#/chats");
  elsewhere.push(...outgoing(page));
  await enter(page, "agent@example.org");
  await page.getByTestId("agent-state").waitFor();
  world.join(room);
  await page.getByTestId("conversation-item").click();
  const input = page.getByTestId("desk-input");
  await input.waitFor();
  const sent = (from: Page, id: string, whose: string) =>
    from.locator(`[data-testid="${id}"][data-from="${whose}"] .bubble`).evaluateAll((all) => all.map((one) => (one as HTMLElement).textContent ?? ""));
  for (const [index, name] of HOSTILE.entries()) {
    world.admin.customerName = name;
    await input.fill("/he");
    await expect.poll(() => page.getByTestId("found-response").count()).toBe(1);
    await input.press("Enter");
    await expect.poll(() => input.inputValue(), { message: name }).toBe(`Hello ${name}, how may I help?`);
    await input.press("Enter");
    await expect.poll(async () => (await sent(page, "desk-message", "me")).length).toBe(index + 1);
  }
  const expected = HOSTILE.map((name) => `Hello ${name}, how may I help?`);
  expect(await sent(page, "desk-message", "me")).toEqual(expected);
  await expect.poll(async () => (await sent(chat, "chat-message", "them")).length).toBe(50);
  expect(await sent(chat, "chat-message", "them")).toEqual(expected);
  await expectUnharmed(page);
  await expectUnharmed(chat);
  expect(elsewhere).toEqual([]);
}, 240_000);

test("in every part of a script's page, in answers and in the list of chats they come out as they were written", async () => {
  const { world } = visit;
  const [page, elsewhere] = await open();
  world.script.isNamed = true;
  world.script.pages = [
    {
      pageId: "p",
      title: HOSTILE[0] ?? "",
      missing: HOSTILE.slice(0, 3),
      items: [
        ...HOSTILE.map((value) => ({ item: { case: "paragraph" as const, value } })),
        ...HOSTILE.map((label, index) => ({
          item: { case: "field" as const, value: { fieldId: `f${index}`, type: ScriptFieldType.TEXT, label, hint: label, value: { value: { case: "text" as const, value: label } } } },
        })),
        {
          item: {
            case: "field" as const,
            value: { fieldId: "many", type: ScriptFieldType.MULTI_CHOICE, label: "Many", options: HOSTILE.map((label, index) => ({ optionId: `o${index}`, label })) },
          },
        },
      ],
      buttons: [...HOSTILE.slice(0, 20).map((label, index) => ({ buttonId: `b${index}`, label, kind: ScriptStepKind.STAY, available: true })), { buttonId: "end", label: "End", kind: ScriptStepKind.END, available: true }],
    },
  ];
  world.script.firstPage = "p";
  const room = world.open("r1", HOSTILE[3] ?? "", HOSTILE[4] ?? "", "en", "hello");
  world.join(room);
  await page.getByTestId("conversation-item").click();
  await page.getByTestId("script-title").waitFor();
  const form = page.getByTestId("script-page");
  const texts = (selector: string) => form.locator(selector).evaluateAll((all) => all.map((one) => one.textContent ?? ""));
  expect(await page.getByTestId("script-title").textContent()).toBe(HOSTILE[0]);
  expect((await texts("p.pre")).slice(0, 50)).toEqual(HOSTILE);
  const labels = await texts("label");
  for (const value of HOSTILE) expect(labels, value).toContain(value);
  // A text box of one line has no line breaks, and there are none in these.
  const values = await form.locator('input[type="text"], input:not([type])').evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value));
  expect(values).toEqual(HOSTILE);
  const buttons = await texts('[data-testid^="script-button-b"]');
  expect(buttons).toEqual(HOSTILE.slice(0, 20));

  for (const box of await form.locator('input[type="checkbox"]').all()) await box.check();
  await page.getByTestId("script-button-end").click();
  await page.getByTestId("script-ended").waitFor();
  await page.getByTestId("script-so-far").locator("summary").click();
  const answers = page.getByTestId("script-answer");
  await expect.poll(() => answers.count()).toBe(51);
  expect((await answers.locator("dd").allTextContents()).slice(0, 50)).toEqual(HOSTILE);
  expect((await answers.locator("dt").allTextContents()).slice(0, 50)).toEqual(HOSTILE);
  expect(await answers.last().locator("dd").textContent()).toBe(HOSTILE.join(", "));
  await expectUnharmed(page);
  expect(elsewhere).toEqual([]);
});

test("as a response's own texts they come out of search and insertion as they were written", async () => {
  const { world } = visit;
  const { responses, library } = world.admin;
  // What stands in double braces would be a place to fill, in a response's own text.
  const plain = HOSTILE.filter((text) => !/\{\{\w+\}\}/.test(text));
  const [page, elsewhere] = await open();
  const room = world.open("r1", "Grace", "", "en", "hello");
  world.join(room);
  await page.getByTestId("conversation-item").click();
  const input = page.getByTestId("desk-input");
  await input.waitFor();
  responses.items.clear();
  for (const [index, text] of plain.entries()) {
    responses.items.clear();
    responses.put({ name: text, shortcut: `h${index}`, libraryIds: [library], variants: [create(VariantSchema, { language: "en", text })] });
    await input.fill(`/h${index}`);
    const found = page.getByTestId("found-response");
    await expect.poll(() => found.allTextContents(), { message: text }).toEqual([expect.stringContaining(text)]);
    await input.press("Enter");
    await expect.poll(() => input.inputValue(), { message: text }).toBe(text);
  }
  await expectUnharmed(page);
  expect(elsewhere).toEqual([]);
});

async function open(): Promise<[Page, string[]]> {
  const page = await visit.open("/desk#/chats");
  const elsewhere = outgoing(page);
  await enter(page, "supervisor@example.org");
  await page.getByTestId("agent-state").waitFor();
  return [page, elsewhere];
}
