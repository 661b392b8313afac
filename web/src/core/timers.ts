// The clock and timers that the logic runs on, so that tests move them.

/** Time as the logic sees it. */
export interface Timers {
  now(): number;
  random(): number;
  /** Runs `task` once after `ms`; the answer cancels it. */
  after(ms: number, task: () => void): () => void;
}

/** The browser's clock. */
export const browserTimers: Timers = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, task) => {
    const id = setTimeout(task, ms);
    return () => clearTimeout(id);
  },
};

/** Waits for `ms`, or less when the signal fires. */
export function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = timers.after(ms, done);
    signal.addEventListener("abort", done);
  });
}
