// Fails when the customer's page and the messenger around it load more script than they may.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET = 60 * 1024;
const dist = new URL("../dist/", import.meta.url);
const loaded = new Set();

function load(file) {
  if (loaded.has(file)) return;
  loaded.add(file);
  const text = readFileSync(new URL(`assets/${file}`, dist), "utf8");
  for (const [, worker] of text.matchAll(/["'`](?:\/assets\/|\.\/)?(worker-[\w-]+\.js)["'`]/g)) load(worker);
  for (const [, imported] of text.matchAll(/(?:from|import)\s*\(?["'`]\.\/([\w.-]+\.js)["'`]/g)) load(imported);
}

const page = readFileSync(new URL("chat.html", dist), "utf8");
for (const [, file] of page.matchAll(/(?:src|href)="\/assets\/([\w.-]+\.js)"/g)) load(file);
if (loaded.size === 0) throw new Error("chat.html loads no script");

const size = (file) => [file, gzipSync(readFileSync(new URL(file, dist))).length];
const sizes = [...[...loaded].map((file) => `assets/${file}`), "messenger.js"].map(size);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
console.log(`script of /chat in a web site: ${(total / 1024).toFixed(1)} KiB gzip of ${BUDGET / 1024}`, Object.fromEntries(sizes));
if (total > BUDGET) process.exit(1);
