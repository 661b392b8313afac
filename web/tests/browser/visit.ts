// What every test in a browser begins and ends with.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { accessibilityProblems, launch, newPage, picture, scrollingSideways, WIDE } from "./browser";
import { Site } from "./world/site";
import { World } from "./world/world";

/** A stand-in and a browser, new for each test. */
export interface Visit {
  world: World;
  site: Site;
  open(path: string, locale?: string, viewport?: typeof WIDE): Promise<Page>;
}

/** Sets up each test of a file. */
export function visits(): Visit {
  let browser: Browser;
  let problems: string[][] = [];
  const visit = {} as Visit;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    visit.world = new World();
    visit.site = new Site(visit.world);
    problems = [];
    await visit.site.start();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await visit.site.kill();
    expect(problems.flat()).toEqual([]);
  });
  visit.open = async (path, locale = "en", viewport = WIDE) => {
    const opened = await newPage(browser, locale, viewport);
    problems.push(opened.problems);
    await opened.page.goto(visit.site.origin + path);
    return opened.page;
  };
  return visit;
}

/** Signs in as the administrator or somebody else. */
export async function enter(page: Page, email = "admin@example.org"): Promise<void> {
  await page.getByTestId("login-organisation").fill("demo");
  await page.getByTestId("login-email").fill(email);
  await page.getByTestId("login-password").fill("secret");
  await page.getByTestId("login-submit").click();
  await page.getByTestId("user-name").waitFor();
}

/** Keeps a picture and checks what is shown for accessibility and width. */
export async function look(page: Page, name: string): Promise<void> {
  await picture(page, name);
  expect(await accessibilityProblems(page), name).toEqual([]);
  expect(await scrollingSideways(page), name).toEqual([]);
}

/** Chooses an option of a searched list by what is typed. */
export async function pick(page: Page, testId: string, typed: string, option = typed): Promise<void> {
  await page.getByTestId(testId).last().fill(typed);
  await page.locator("[data-combobox-option]:visible").getByText(option, { exact: true }).click();
}
