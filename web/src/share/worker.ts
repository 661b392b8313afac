// The worker that the tabs of one origin share: a browser opens six connections to a host, and each tab would hold one.
import { Hub } from "./hub";
import type { ToWorker } from "./protocol";

const hub = new Hub({
  fetch: ({ url, headers, body }, signal) =>
    fetch(url, { method: "POST", headers, body, signal, credentials: "same-origin", cache: "no-store" }),
  now: () => Date.now(),
});

(globalThis as unknown as SharedWorkerGlobalScope).onconnect = ({ ports }) => {
  for (const port of ports) {
    const tab = { say: (message: unknown) => port.postMessage(message) };
    port.onmessage = ({ data }: MessageEvent<ToWorker>) => hub.hear(tab, data);
  }
};

/** What TypeScript's library for pages leaves out. */
interface SharedWorkerGlobalScope {
  onconnect: (event: { ports: readonly MessagePort[] }) => void;
}
