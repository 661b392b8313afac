// Serves the built pages and the stand-in's rpcs from one origin, as the gateway does.
import { Code, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { refusal } from "./refusal";
import { routes } from "./routes";
import type { World } from "./world";

const DIST = process.env["ONQUEUE_WEB_DIST"] ?? fileURLToPath(new URL("../../../dist", import.meta.url));
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
/** A host without encryption; the browser is told where it is. */
export const PLAIN_HOST = "onqueue.test";
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:";

/** A site that can be cut off and brought back at the same address. */
export class Site {
  private server: Server | undefined;
  private port = 0;
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The same site by a name that browsers do not take for this machine, as an address in an office network. */
  get plainOrigin(): string {
    return `http://${PLAIN_HOST}:${this.port}`;
  }

  async start(): Promise<void> {
    const server = createServer(connectNodeAdapter({ routes: routes(this.world), fallback: serving(this.world), interceptors: [contentGate(this.world)] }));
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Ends every connection at once, as a killed process does. */
  async kill(): Promise<void> {
    const { server } = this;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }
}

/** What the gateway answers while it reaches no content service. */
function contentGate(world: World): Interceptor {
  return (next) => (request) => {
    if (world.contentAway && request.service.typeName.startsWith("onqueue.content.")) throw refusal(Code.Unavailable, "UNAVAILABLE");
    return next(request);
  };
}

type Fallback = NonNullable<Parameters<typeof connectNodeAdapter>[0]["fallback"]>;

function serving(world: World): Fallback {
  return (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const [, attachmentId] = pathname.match(/^\/attachments\/(.+)$/) ?? [];
    if (attachmentId) serveBytes(world, attachmentId, request, response);
    else serveFile(request, response);
  };
}

/** The bytes of attachments, as the gateway takes and gives them. */
function serveBytes(world: World, attachmentId: string, ...[request, response]: Parameters<Fallback>): void {
  if (request.method === "GET") {
    response.writeHead(200, { "content-type": "text/plain", "content-disposition": "attachment" });
    response.end(world.talk.bytes.get(attachmentId) ?? "");
    return;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const fate = world.talk.arrived(world, attachmentId, Buffer.concat(chunks));
    const told = typeof fate === "string" ? { state: fate } : { state: "refused", ...fate };
    response.writeHead({ clean: 201, quarantined: 202, refused: 422 }[told.state] ?? 500, { "content-type": "application/json" });
    response.end(JSON.stringify({ attachment_id: attachmentId, ...told }));
  });
}

function serveFile(...[request, response]: Parameters<Fallback>): void {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const name = pathname === "/chat" || pathname === "/desk" ? `${pathname}.html` : pathname;
  const file = join(DIST, name);
  if (!file.startsWith(DIST) || !existsSync(file)) {
    response.writeHead(404);
    response.end();
    return;
  }
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-security-policy": POLICY,
  });
  response.end(readFileSync(file));
}
