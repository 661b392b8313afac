// Time that tests move.
import type { Timers } from "../../src/core/timers";

interface Due {
  at: number;
  task: () => void;
}

/** Timers that run when `advance` says so. */
export class ManualTimers implements Timers {
  private time = 1_000_000;
  private due: Due[] = [];
  randomValue = 0.5;

  now(): number {
    return this.time;
  }

  random(): number {
    return this.randomValue;
  }

  after(ms: number, task: () => void): () => void {
    const entry = { at: this.time + ms, task };
    this.due.push(entry);
    return () => {
      this.due = this.due.filter((other) => other !== entry);
    };
  }

  /** Moves on and runs what is due, in order; promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (let next = this.next(end); next; next = this.next(end)) {
      this.due = this.due.filter((entry) => entry !== next);
      this.time = next.at;
      next.task();
      await settle();
    }
    this.time = end;
  }

  private next(end: number): Due | undefined {
    return this.due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}

/** Lets everything that is already possible happen. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await new Promise((resolve) => setImmediate(resolve));
}
