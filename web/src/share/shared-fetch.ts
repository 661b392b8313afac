// A tab's side: fetches streams through the shared worker, and by itself where there is none.
import type { Opening, ToTab, ToWorker } from "./protocol";

/** Header of calls whose answer the tabs share: its key. It stays in the browser. */
export const SHARE = "onqueue-share";
/** Header beside it, if the stream begins with everything there is. */
export const WHOLE = "onqueue-share-whole";

/** The headers of a call whose answer is shared under this key. */
export function shared(key: string, whole: boolean): Record<string, string> {
  return whole ? { [SHARE]: key, [WHOLE]: "1" } : { [SHARE]: key };
}

/** How long the worker may take to say that it is there before the tab does without it. */
export const PATIENCE_MS = 3_000;

/** The trailers of an answer that ended well: `grpc-status: 0`. */
const CLEAN_END = new Uint8Array([0x80, 0, 0, 0, 15, ...new TextEncoder().encode("grpc-status:0\r\n")]);

/** The way to the worker. */
export interface Port {
  postMessage(message: ToWorker): void;
  onmessage: ((event: MessageEvent<ToTab>) => void) | null;
}

interface Answer {
  taken(): void;
  head(status: number, headers: [string, string][]): void;
  bytes(bytes: Uint8Array<ArrayBuffer>): void;
  end(round: number, cut: boolean): void;
  broken(): void;
}

/** The tab's end of the shared worker. */
export class Share {
  private ids = 0;
  private useless = false;
  private readonly answers = new Map<number, Answer>();
  private readonly recalls = new Map<number, (value: string | undefined) => void>();
  private readonly read = new Map<string, { after?: number; lostAt?: number }>();
  private readonly port: Port | undefined;
  private readonly plainFetch: typeof fetch;

  /** Over a port; without one everything is fetched by the tab itself. */
  constructor(port: Port | undefined, plainFetch: typeof fetch = (input, init) => fetch(input, init)) {
    this.port = port;
    this.plainFetch = plainFetch;
    if (port) port.onmessage = ({ data }) => this.hear(data);
  }

  /** The worker failed: from now on the tab does without it. */
  fail(): void {
    this.useless = true;
    this.returned();
    for (const tell of [...this.recalls.values()]) tell(undefined);
  }

  /** Lets go of every stream, because the page goes away. */
  leave(): void {
    for (const id of this.answers.keys()) this.port?.postMessage({ type: "close", id });
  }

  /** The page came back after it went away: what it let go of is to be asked for again. */
  returned(): void {
    for (const answer of [...this.answers.values()]) answer.broken();
  }

  /** Keeps a text for other tabs as long as any is open. */
  keep(key: string, value: string | undefined): void {
    this.port?.postMessage({ type: "keep", key, value });
  }

  /** What another tab keeps. */
  async recall(key: string): Promise<string | undefined> {
    const { port } = this;
    if (!port || this.useless) return undefined;
    const id = (this.ids += 1);
    const value = new Promise<string | undefined>((resolve) => {
      this.recalls.set(id, resolve);
      setTimeout(() => resolve(undefined), PATIENCE_MS);
    });
    port.postMessage({ type: "recall", id, key });
    return value.finally(() => this.recalls.delete(id));
  }

  /** `fetch` for transports. */
  readonly fetch: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    const key = headers.get(SHARE);
    const whole = headers.has(WHOLE);
    headers.delete(SHARE);
    headers.delete(WHOLE);
    const alone = () => this.plainFetch(input, { ...init, headers });
    const body = init?.body;
    if (key === null || !this.port || this.useless || !(body instanceof Uint8Array)) return alone();
    const { after, lostAt } = this.read.get(key) ?? {};
    const opening = { key, url: String(input), headers: [...headers], body: new Uint8Array(body), whole, after, lostAt };
    return (await this.open(this.port, opening, init?.signal ?? undefined)) ?? alone();
  };

  /** `undefined` if the worker does not answer at all. */
  private open(port: Port, opening: Opening, signal: AbortSignal | undefined): Promise<Response | undefined> {
    return new Promise((resolve, reject) => {
      const id = (this.ids += 1);
      const { answer, close } = this.answer(port, id, opening.key, resolve, reject);
      signal?.addEventListener("abort", () => {
        if (this.answers.has(id)) this.read.set(opening.key, { lostAt: Date.now() });
        close(new DOMException("the tab gave the stream up", "AbortError"));
      });
      this.answers.set(id, answer);
      port.postMessage({ type: "open", id, opening });
    });
  }

  private answer(
    port: Port,
    id: number,
    key: string,
    resolve: (response: Response | undefined) => void,
    reject: (reason: unknown) => void,
  ): { answer: Answer; close(reason: unknown): void } {
    let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
    const forget = () => {
      clearTimeout(patience);
      this.answers.delete(id);
    };
    const close = (reason: unknown) => {
      if (!this.answers.has(id)) return;
      forget();
      port.postMessage({ type: "close", id });
      stream?.error(reason);
      reject(reason);
    };
    const patience = setTimeout(() => {
      forget();
      port.postMessage({ type: "close", id });
      resolve(undefined);
    }, PATIENCE_MS);
    const answer: Answer = {
      taken: () => clearTimeout(patience),
      head: (status, headers) => {
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => void (stream = controller),
          cancel: () => close(undefined),
        });
        resolve(new Response(body, { status, headers }));
      },
      bytes: (bytes) => stream?.enqueue(bytes),
      end: (round, cut) => {
        this.read.set(key, { after: round });
        if (cut) stream?.enqueue(CLEAN_END);
        forget();
        port.postMessage({ type: "close", id });
        if (stream) stream.close();
        else resolve(new Response(CLEAN_END, { headers: { "content-type": "application/grpc-web+proto" } }));
      },
      broken: () => {
        this.read.delete(key);
        close(new TypeError("the stream broke off"));
      },
    };
    return { answer, close };
  }

  private hear(message: ToTab): void {
    if (message.type === "recalled") return this.recalls.get(message.id)?.(message.value);
    const answer = this.answers.get(message.id);
    switch (message.type) {
      case "taken":
        return answer?.taken();
      case "head":
        return answer?.head(message.status, message.headers);
      case "bytes":
        return answer?.bytes(message.bytes);
      case "end":
        return answer?.end(message.round, message.cut);
      case "broken":
        return answer?.broken();
    }
  }
}

/** Joins the worker that the tabs of this origin share, where the browser has such. */
export function joinShare(): Share {
  if (typeof SharedWorker === "undefined") return new Share(undefined);
  try {
    const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: "onqueue" });
    const share = new Share(worker.port);
    worker.onerror = () => share.fail();
    window.addEventListener("pagehide", () => share.leave());
    window.addEventListener("pageshow", ({ persisted }) => persisted && share.returned());
    return share;
  } catch {
    return new Share(undefined);
  }
}
