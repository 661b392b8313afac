// Starts the real binary on free ports of loopback and ends it by its process id: one process with everything, or, with
// ONQUEUE_TEST_CLUSTER=distributed, an installation of separate ones.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const binary = process.env.ONQUEUE_BINARY ?? path.join(root, "target/debug/onqueue");
const isDistributed = process.env.ONQUEUE_TEST_CLUSTER === "distributed";

/** What a journey runs against. */
export function start() {
  return isDistributed ? Installation.start() : Onqueue.start();
}

/** One process without the demo: only the organisation is there, and who administers it. */
export function startEmpty(organisation) {
  return Onqueue.startEmpty(organisation);
}

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

/** Below the ports that the system takes for outgoing connections, so that none of these comes in between. */
async function freePort() {
  for (;;) {
    const port = 10_240 + Math.floor(Math.random() * 22_000);
    const server = net.createServer();
    const isFree = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Somewhere with the demo in it. */
class Place {
  user(name) {
    const user = this.credentials.users.find((one) => one.name.startsWith(name));
    if (!user) throw new Error(`the demo has no user called ${name}`);
    return user;
  }
}

/** Separate processes on PostgreSQL and NATS, two of each that matters. */
class Installation extends Place {
  static async start() {
    const self = new Installation();
    self.child = spawn(path.join(path.dirname(binary), "installation"), { stdio: ["pipe", "pipe", "pipe"] });
    self.errors = "";
    self.child.once("error", (error) => (self.errors += String(error)));
    self.child.stderr.on("data", (text) => (self.errors = (self.errors + text).slice(-20_000)));
    self.lines = readline.createInterface({ input: self.child.stdout })[Symbol.asyncIterator]();
    self.credentials = JSON.parse(await self.line());
    return self;
  }

  async line() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`the installation ended:\n${this.errors}`);
    return value;
  }

  async tell(command) {
    this.child.stdin.write(`${command}\n`);
    await this.line();
  }

  /** Pages use both gateways in turn. */
  get address() {
    const { addresses } = this.credentials;
    this.asked = ((this.asked ?? -1) + 1) % addresses.length;
    return addresses[this.asked];
  }

  launch() {
    return this.tell("launch");
  }

  end() {
    return this.tell("kill all");
  }

  async stop() {
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.stdin.end();
    await gone;
  }
}

/** One onqueue process on one data folder, which outlives its kills. */
class Onqueue extends Place {
  static async start() {
    const self = new Onqueue();
    self.folder = mkdtempSync(path.join(tmpdir(), "onqueue-browser-"));
    self.port = await freePort();
    self.healthPort = await freePort();
    await self.launch(["--demo", "--credentials", path.join(self.folder, "credentials.json")]);
    self.credentials = JSON.parse(readFileSync(path.join(self.folder, "credentials.json"), "utf8"));
    return self;
  }

  static async startEmpty({ slug, name, email, password }) {
    const self = new Onqueue();
    self.folder = mkdtempSync(path.join(tmpdir(), "onqueue-browser-"));
    self.port = await freePort();
    self.healthPort = await freePort();
    const made = ["--organisation", slug, "--name", slug, "--email", email, "--administrator", name];
    const places = ["--data", path.join(self.folder, "data")];
    const env = { ...process.env, ONQUEUE_ADMIN_PASSWORD: password };
    await self.launch();
    execFileSync(binary, ["admin", "create", ...made, ...places], { env, stdio: "pipe" });
    return self;
  }

  get address() {
    return `http://127.0.0.1:${this.port}`;
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
