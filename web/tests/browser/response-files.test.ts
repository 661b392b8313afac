// Responses brought in and out as files, in a real browser.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { NARROW } from "./browser";
import { enter, look, pick, visits } from "./visit";

const visit = visits();

async function list(locale = "en", viewport?: typeof NARROW): Promise<Page> {
  const page = await visit.open("/desk#/administration/responses", locale, viewport);
  await enter(page);
  await page.getByTestId("list-row").first().waitFor();
  return page;
}

const give = (page: Page, text: string) =>
  page.locator('input[type="file"]').setInputFiles({ name: "responses.csv", mimeType: "text/csv", buffer: Buffer.from(text) });

const table = (rows: string[]) => `name,shortcut,text:en\n${rows.join("\n")}\n`;

test("a table with wrong rows is refused with all of them; put right, it is in", async () => {
  const { responses } = visit.world.admin;
  const page = await list();
  const before = responses.items.size;
  await page.getByTestId("responses-import").click();
  await page.getByTestId("import-yes").click();
  await expect.poll(() => page.getByTestId("responses-import-form").getByText("Please choose something.").count()).toBe(2);
  const rows = Array.from({ length: 2_000 }, (_, index) => `Response ${index},r${index},A text that is long enough to need more parts than one ${index}`);
  const broken = rows.map((row, index) => ([7, 1_200, 1_999].includes(index) ? row.replace(/^[^,]+/, "") : row));
  await give(page, table(broken));
  await pick(page, "import-library", "General");
  await page.getByTestId("import-yes").click();
  await page.getByTestId("import-refused").getByText("3 things are wrong. Nothing was imported.").waitFor();
  const places = await page.getByTestId("import-problem").evaluateAll((all) => all.map((one) => [one.dataset["line"], one.dataset["column"]]));
  expect(places).toEqual([["9", "name"], ["1202", "name"], ["2001", "name"]]);
  await page.getByTestId("import-problem").first().getByText("Between 1 and 100 characters, without control characters.").waitFor();
  await look(page, "administration-import-refused");
  expect(responses.items.size).toBe(before);

  await give(page, table(rows));
  expect(await page.getByTestId("import-refused").count()).toBe(0);
  await page.getByTestId("import-yes").click();
  await page.getByTestId("import-done").getByText("2,000 new").waitFor();
  expect(responses.items.size).toBe(before + 2_000);
  await look(page, "administration-import-done");
  await page.getByTestId("import-close").click();
  await page.getByTestId("list-search").fill("Response 1999");
  await expect.poll(() => page.getByTestId("list-row").count()).toBe(1);
});

test("what is wrong is said in the language of the page", async () => {
  const page = await list("de");
  await page.getByTestId("responses-import").click();
  await give(page, table([",x,Hallo"]));
  await pick(page, "import-library", "General");
  await page.getByTestId("import-yes").click();
  const problem = page.locator('[data-testid="import-problem"][data-mistake="name"]');
  await problem.getByText("1 bis 100 Zeichen, ohne Steuerzeichen.").waitFor();
  expect(await problem.locator("[lang]").count()).toBe(0);
  await look(page, "administration-import-refused-german");
});

test("a library is kept as a file", async () => {
  const page = await list("de", NARROW);
  await page.getByTestId("responses-export").click();
  await pick(page, "export-library", "General");
  await look(page, "administration-export-narrow");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("export-responses-yes").click()]);
  expect(download.suggestedFilename()).toBe("general.csv");
  expect(readFileSync(await download.path(), "utf8").split("\n").slice(0, 2)).toEqual([
    "name,shortcut,text:en",
    "Greeting,hello,Hello {{CUSTOMER_NAME}}, how may I help?",
  ]);
});

test("what nobody ever sent is found", async () => {
  const { responses, library } = visit.world.admin;
  responses.put({ name: "Dusty", shortcut: "dust", libraryIds: [library], variants: [{ language: "en", text: "Never." }] });
  const page = await list();
  await expect.poll(() => page.getByTestId("list-row").count()).toBe(3);
  await page.getByTestId("filter-state").selectOption({ label: "never sent" });
  await expect.poll(() => page.getByTestId("list-row").count()).toBe(1);
  await page.getByTestId("list-row").getByText("Dusty").waitFor();
  await look(page, "administration-never-sent");
  await page.reload();
  await expect.poll(() => page.getByTestId("list-row").count()).toBe(1);
});
