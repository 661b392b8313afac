// Starts the real binary on free ports of loopback and ends it by its process id.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const binary = process.env.ONQUEUE_BINARY ?? path.join(root, "target/debug/onqueue");

/** Waits until `condition` gives something true; fails after `seconds` with what it waited for. */
export async function until(what, condition, seconds = 15) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for: ${what}`);
    await wait(25);
  }
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** One onqueue process on one data folder, which outlives its kills. */
export class Onqueue {
  static async start() {
    const self = new Onqueue();
    self.folder = mkdtempSync(path.join(tmpdir(), "onqueue-browser-"));
    self.port = await freePort();
    self.healthPort = await freePort();
    await self.launch(["--demo", "--credentials", path.join(self.folder, "credentials.json")]);
    self.credentials = JSON.parse(readFileSync(path.join(self.folder, "credentials.json"), "utf8"));
    return self;
  }

  get address() {
    return `http://127.0.0.1:${this.port}`;
  }

  user(name) {
    const user = this.credentials.users.find((one) => one.name.startsWith(name));
    if (!user) throw new Error(`the demo has no user called ${name}`);
    return user;
  }

  async launch(more = []) {
    const places = ["--data", path.join(this.folder, "data"), "--listen", `127.0.0.1:${this.port}`];
    const health = ["--health-listen", `127.0.0.1:${this.healthPort}`];
    this.output = "";
    this.child = spawn(binary, ["serve", ...places, ...health, ...more], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on("data", (text) => (this.output = (this.output + text).slice(-20_000)));
    }
    await until("the process to serve", async () => {
      if (this.child.exitCode !== null) throw new Error(`onqueue ended:\n${this.output}`);
      const ready = await fetch(`http://127.0.0.1:${this.healthPort}/readyz`).then((answer) => answer.ok, () => false);
      const written = !more.includes("--credentials") || existsSync(path.join(this.folder, "credentials.json"));
      return ready && written;
    });
  }

  async end(signal) {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill(signal);
    await gone;
  }

  async stop() {
    await this.end("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
