// Administrators write, check, publish, import and choose scripts, in a real browser.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { NARROW, WIDE } from "./browser";
import { enter, look, pick, visits } from "./visit";

const visit = visits();

const DOCUMENT = {
  format: 1,
  name: { en: "Return of goods", de: "Rückgabe" },
  languages: ["en", "de"],
  default_language: "en",
  pages: [{ id: "welcome", start: true, title: { en: "Welcome", de: "Hallo" }, items: [], buttons: [] }],
};

async function open(path: string, locale = "en", viewport = WIDE): Promise<Page> {
  const page = await visit.open(`/desk#/administration/${path}`, locale, viewport);
  await enter(page);
  await page.getByTestId("page-title").waitFor();
  return page;
}

const file = (name: string, content: string) => ({ name, mimeType: "application/json", buffer: Buffer.from(content) });

const chooseFile = (page: Page, content: string) => page.locator('input[type="file"]').setInputFiles(file("script.json", content));

const problems = (page: Page) => page.getByTestId("script-problem");

test("a script is written, its problems are found with their places, and it is published, changed and taken up again", async () => {
  const { script, admin } = visit.world;
  const page = await open("scripts");
  await page.getByTestId("list-status").getByText("There is nothing yet.").waitFor();
  await page.getByTestId("create").click();
  await page.getByTestId("field-name").fill("Returns");
  await pick(page, "field-divisionId", "North");
  const source = page.getByTestId("field-document");
  await source.fill(`${JSON.stringify(DOCUMENT, null, 2).replace('"languages"', '"lanuages"')}\n`);
  const check = page.getByTestId("script-check");
  await check.getByText("1 problem:").waitFor();
  await problems(page).getByText("There is no such field.").waitFor();
  await problems(page).getByText("Line 7, column 3").waitFor();
  await look(page, "administration-script-problems");
  await page.getByTestId("script-problem-go").click();
  const caret = await source.evaluate((box) => (box as HTMLTextAreaElement).selectionStart);
  expect((await source.inputValue()).slice(caret)).toMatch(/^"lanuages"/);
  expect(await source.evaluate((box) => box === document.activeElement)).toBe(true);

  await source.fill(JSON.stringify(DOCUMENT));
  await check.getByText("There are no problems.").waitFor();
  await page.getByTestId("script-tidy").click();
  expect(await source.inputValue()).toBe(`${JSON.stringify(DOCUMENT, null, 2)}\n`);
  await page.getByTestId("save").click();
  await page.getByTestId("script-published").getByText("It was not published yet.").waitFor();
  await page.getByTestId("script-publish").click();
  await page.getByText("Publish “Returns” as version 1?").waitFor();
  await look(page, "administration-script-publish");
  await page.getByTestId("ask-yes").click();
  await page.getByTestId("script-published").getByText("Version 1 is in force since").waitFor();
  await page.getByTestId("script-ready").getByText("The saved draft is what was published last.").waitFor();
  expect(await page.getByTestId("script-publish").isDisabled()).toBe(true);

  const second = { ...DOCUMENT, name: { en: "Second", de: "Zweiter" } };
  await source.fill(JSON.stringify(second, null, 2));
  await page.getByTestId("save").click();
  await page.getByTestId("saved").getByText("Saved.").waitFor();
  await page.getByTestId("script-publish").click();
  await page.getByTestId("ask-yes").click();
  await expect.poll(() => page.getByTestId("script-version").count()).toBe(2);
  await look(page, "administration-script-versions");

  const first = page.locator('[data-testid="script-version"][data-version="1"]');
  await first.getByTestId("script-version-show").click();
  await expect.poll(() => page.getByTestId("script-version-document").inputValue()).toContain('"Return of goods"');
  await page.keyboard.press("Escape");
  const [download] = await Promise.all([page.waitForEvent("download"), first.getByTestId("script-version-download").click()]);
  expect(download.suggestedFilename()).toBe("script-1.json");
  expect(JSON.parse(readFileSync(await download.path(), "utf8"))).toEqual(DOCUMENT);
  await first.getByTestId("script-version-take-up").click();
  await page.getByTestId("ask-yes").click();
  await expect.poll(() => source.inputValue()).toContain('"Return of goods"');
  const [made] = [...script.scripts.items.values()];
  expect(JSON.parse(made?.document ?? "")).toEqual(DOCUMENT);
  expect(made?.divisionId).toBe(admin.north);
});

test("a draft with problems is saved but not published, in a narrow window and in German", async () => {
  const { script } = visit.world;
  const lost = { ...DOCUMENT, pages: [...DOCUMENT.pages, { id: "lost" }] };
  const id = script.scripts.put({ name: "Rückgabe", document: JSON.stringify(lost), draftDiffers: true });
  const page = await open(`scripts/${id}`, "de", NARROW);
  await page.getByTestId("script-ready").getByText("Der gespeicherte Entwurf hat 1 Problem").waitFor();
  expect(await page.getByTestId("script-publish").isDisabled()).toBe(true);
  await problems(page).getByText("Nichts führt zu dieser Seite.").waitFor();
  await problems(page).getByText("Seite lost").waitFor();
  await look(page, "administration-script-narrow");
});

test("a file is checked before it is imported; one that cannot be read is named with its place, and nothing is made", async () => {
  const { script } = visit.world;
  const page = await open("scripts");
  await page.getByTestId("script-import").click();
  await page.getByTestId("script-import-yes").click();
  await expect.poll(() => page.getByTestId("script-import-form").getByText("Please choose something.").count()).toBe(2);
  await chooseFile(page, JSON.stringify({ ...DOCUMENT, colour: "red" }, null, 2));
  await problems(page).getByText("There is no such field.").waitFor();
  await problems(page).getByText('There is no field "colour".').waitFor();
  await pick(page, "script-import-division", "South");
  await look(page, "administration-script-import");
  await page.getByTestId("script-import-yes").click();
  await page.getByTestId("script-import-fault").waitFor();
  expect(await page.getByTestId("script-import-fault").getAttribute("data-reason")).toBe("SCRIPT_INVALID");
  expect([script.imports.length, script.scripts.items.size]).toEqual([0, 0]);

  await chooseFile(page, "no json at all");
  await problems(page).getByText("The text is no JSON.").waitFor();
  await chooseFile(page, JSON.stringify(DOCUMENT, null, 2));
  await page.getByTestId("script-import-check").getByText("There are no problems.").waitFor();
  await page.getByTestId("script-import-yes").click();
  await page.getByTestId("page-title").getByText("Return of goods").waitFor();
  expect(script.imports).toMatchObject([{ divisionId: visit.world.admin.south, name: "" }]);
  await page.getByTestId("back-to-list").click();
  await page.getByTestId("list-search").fill("Ret");
  await expect.poll(() => page.getByTestId("list-row").count()).toBe(1);
  await page.getByTestId("list-search").fill("other");
  await page.getByTestId("list-status").getByText("Nothing fits.").waitFor();
});

test("what a script names and there is not is told with its place, and hinders nothing", async () => {
  const { script } = visit.world;
  const leads = (queue: string) => {
    const done = { id: "done", actions: [{ type: "transfer", queue }] };
    return JSON.stringify({ ...DOCUMENT, pages: [{ ...DOCUMENT.pages[0], buttons: [done] }] });
  };
  const page = await open("scripts", "de");
  await page.getByTestId("script-import").click();
  await chooseFile(page, leads("Service"));
  await page.getByTestId("script-import-check").getByText("Es gibt keine Probleme.").waitFor();
  expect(await page.getByTestId("script-missing-names").count()).toBe(0);
  await chooseFile(page, leads("Elsewhere"));
  const missing = page.getByTestId("script-missing-name");
  await missing.getByText("Es gibt keine Warteschlange „Elsewhere“").waitFor();
  await missing.getByText("Seite welcome").waitFor();
  await look(page, "administration-script-missing");
  await pick(page, "script-import-division", "South");
  await page.getByTestId("script-import-yes").click();
  await page.getByTestId("page-title").getByText("Return of goods").waitFor();
  await page.getByTestId("part-publish").getByText("Es gibt keine Warteschlange „Elsewhere“").waitFor();
  expect(script.imports).toHaveLength(1);
});

test("what somebody else saved meanwhile is not overwritten", async () => {
  const { script } = visit.world;
  const id = script.scripts.put({ name: "Returns", document: JSON.stringify(DOCUMENT), divisionId: visit.world.admin.north });
  const page = await open(`scripts/${id}`);
  await page.getByTestId("field-document").waitFor();
  script.scripts.change(id, { document: JSON.stringify({ ...DOCUMENT, name: { en: "Theirs", de: "Deren" } }) });
  await page.getByTestId("field-document").fill(JSON.stringify({ ...DOCUMENT, name: { en: "Mine", de: "Meiner" } }));
  await page.getByTestId("save").click();
  await page.getByTestId("conflict").waitFor();
  await page.getByTestId("conflict-theirs").click();
  await expect.poll(() => page.getByTestId("field-document").inputValue()).toContain("Theirs");
});

test("a queue names its script and its libraries, and the script says by which queues it is named", async () => {
  const { script, admin } = visit.world;
  const id = script.scripts.put({ name: "Returns", document: JSON.stringify(DOCUMENT), divisionId: admin.north, publishedVersion: 1 });
  const page = await open(`scripts/${id}`);
  await page.getByTestId("used-by-none").waitFor();
  await page.goto(`${visit.site.origin}/desk#/administration/queues/${admin.service}`);
  await pick(page, "rules-script", "Returns");
  await page.getByTestId("rules-libraries").selectOption({ label: "of chosen libraries" });
  await page.getByTestId("save").click();
  await page.getByTestId("rules-error").getByText("please choose at least one library").waitFor();
  await pick(page, "rules-library-ids", "General");
  await page.keyboard.press("Escape");
  await page.getByTestId("rules-script").scrollIntoViewIfNeeded();
  await look(page, "administration-queue-script");
  await page.getByTestId("save").click();
  await page.getByTestId("saved").getByText("Saved.").waitFor();
  expect(admin.queues.get(admin.service).conversationRules).toMatchObject({ scriptId: id, libraryUse: 1, libraryIds: [admin.library] });
  await page.goto(`${visit.site.origin}/desk#/administration/scripts/${id}`);
  await page.getByTestId("used-by").getByText("Service").waitFor();
  await page.reload();
  await page.getByTestId("used-by").getByText("Service").click();
  await expect.poll(() => page.getByTestId("rules-script").inputValue()).toBe("Returns");
  expect(await page.getByTestId("rules-script-standing").count()).toBe(0);

  script.scripts.items.delete(id);
  await page.reload();
  const standing = page.getByTestId("rules-script-standing");
  await standing.getByText("This script does not exist any more").waitFor();
  await standing.scrollIntoViewIfNeeded();
  await look(page, "administration-queue-script-gone");
  script.scripts.put({ name: "Complaints", document: JSON.stringify(DOCUMENT), divisionId: admin.north });
  await page.reload();
  await pick(page, "rules-script", "Complaints");
  await standing.getByText("This script was not published yet.").waitFor();
});
