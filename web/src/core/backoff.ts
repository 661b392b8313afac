// Waiting times between attempts: exponential with full jitter.

/** The bounds of a back-off, in milliseconds. */
export interface BackoffBounds {
  base: number;
  cap: number;
}

/** How the pages reconnect and send again: behind one address another process answers almost at once when one is gone, and
 * after a longer absence nobody waits much longer than it lasted. A server that needs more rest says so. */
export const RECONNECT: BackoffBounds = { base: 250, cap: 2_000 };

/** The wait before attempt `attempt` (0 is the first repetition); `random` is in [0, 1). */
export function fullJitter(attempt: number, random: number, bounds: BackoffBounds = RECONNECT): number {
  const ceiling = Math.min(bounds.cap, bounds.base * 2 ** Math.min(attempt, 30));
  return random * ceiling;
}
