import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isPage, textsOf } from "../../scripts/texts.mjs";

const PLANTED: Record<string, string> = {
  "between tags": "export const X = () => <b>Hello there</b>;",
  "beside a value": "export const X = ({ n }: { n: number }) => <b>{n} chats</b>;",
  "in a placeholder": 'export const X = () => <input placeholder="Your name" />;',
  "in aria-label": 'export const X = () => <b aria-label={"Close it"} />;',
  "in a title, one of two": 'export const X = ({ on }: { on: boolean }) => <b title={on ? "Switch off" : ""} />;',
  "in a template": "export const X = ({ n }: { n: number }) => <b>{`${n} open chats`}</b>;",
  "in a property that becomes a label": 'export const x = [{ value: "1", label: "First one" }];',
  "behind a fallback": 'export const X = ({ name }: { name: string }) => <b>{name || "Nobody"}</b>;',
  "put into the page by hand": 'export const x = (node: HTMLElement) => { node.textContent = "Not sent"; };',
  "in a dialog of the browser": 'export const x = () => { alert("Really leave?"); };',
};

const ALLOWED: Record<string, string> = {
  "keys of catalogues": 'export const X = ({ t }: { t(key: string): string }) => <b title={t("close.it")}>{t("close")}</b>;',
  "names for the machine": 'export const X = () => <b className="wide open" data-testid="some-thing" role="status" />;',
  "signs": "export const X = () => <b aria-hidden>×</b>;",
  "keys in tables of columns": 'export const x = [{ title: "section.users" }];',
};

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "texts-"));
  const all = [...Object.values(PLANTED), ...Object.values(ALLOWED)];
  all.forEach((source, index) => writeFileSync(join(folder, `sample${index}.tsx`), source));
  const options = { compilerOptions: { jsx: "preserve", noEmit: true }, include: ["*.tsx"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
});

afterAll(() => rmSync(folder, { recursive: true }));

test("every planted text is found, and nothing that is none", () => {
  const { files, found } = textsOf(pathToFileURL(join(folder, "tsconfig.json")), (name: string) => name.includes("/sample"));
  expect(files).toBe(Object.keys(PLANTED).length + Object.keys(ALLOWED).length);
  const hits = found.map((line: string) => Number(/sample(\d+)\.tsx/.exec(line)?.[1]));
  expect(hits).toEqual(Object.keys(PLANTED).map((_, index) => index));
}, 30_000);

test("no text for people outside the catalogues", () => {
  const { files, found } = textsOf(new URL("../../tsconfig.json", import.meta.url), isPage);
  expect(files).toBeGreaterThan(100);
  expect(found).toEqual([]);
}, 30_000);
