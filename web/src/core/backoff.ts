// Waiting times between attempts: exponential with full jitter.

/** The bounds of a back-off, in milliseconds. */
export interface BackoffBounds {
  base: number;
  cap: number;
}

/** How the pages reconnect and send again. */
export const RECONNECT: BackoffBounds = { base: 250, cap: 5_000 };

/** The wait before attempt `attempt` (0 is the first repetition); `random` is in [0, 1). */
export function fullJitter(attempt: number, random: number, bounds: BackoffBounds = RECONNECT): number {
  const ceiling = Math.min(bounds.cap, bounds.base * 2 ** Math.min(attempt, 30));
  return random * ceiling;
}
