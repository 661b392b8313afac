// Tabs that were duplicated hold copies of one session's tokens. A renewal token works once, so they share it.

/** The tabs that hold the same session. */
export interface Tabs<T> {
  /** Tells the other tabs. */
  publish(value: T): void;
  /** Runs work in one tab at a time, where the browser can. */
  exclusively<R>(work: () => Promise<R>): Promise<R>;
  close(): void;
}

/** Joins the tabs that share `name`; `receive` gets what others publish. */
export function joinTabs<T>(name: string, receive: (value: T) => void): Tabs<T> {
  const channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel(name);
  if (channel) channel.onmessage = (message: MessageEvent<T>) => receive(message.data);
  return {
    publish: (value) => channel?.postMessage(value),
    exclusively: (work) => lock(name, work),
    close: () => channel?.close(),
  };
}

async function lock<R>(name: string, work: () => Promise<R>): Promise<R> {
  // Only secure contexts have locks.
  if (typeof navigator === "undefined" || !navigator.locks) return work();
  return (await navigator.locks.request(name, work)) as R;
}
