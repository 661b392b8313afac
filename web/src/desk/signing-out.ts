// Signing out: who has left must not be offered chats.
import { pause, type Timers } from "../core/timers";

/** How long going off queue may hold up signing out. */
export const LONGEST_GOODBYE_MS = 2_000;

/** What signing out does. */
export interface SignOutSteps {
  onQueue: boolean;
  goOffQueue(signal: AbortSignal): Promise<unknown>;
  /** Ends the session and leaves the desk. */
  leave(): void;
  timers: Timers;
}

/** Goes off queue if the server answers in time, and leaves in any case. */
export async function signOut({ onQueue, goOffQueue, leave, timers }: SignOutSteps): Promise<void> {
  if (onQueue) await withinTime(goOffQueue, timers);
  leave();
}

async function withinTime(work: SignOutSteps["goOffQueue"], timers: Timers): Promise<void> {
  const over = new AbortController();
  const done = work(over.signal).catch(() => undefined);
  await Promise.race([done, pause(timers, LONGEST_GOODBYE_MS, over.signal)]);
  over.abort();
}
