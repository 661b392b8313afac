// Lengths of time in the units that people count them in.

/** A number of days, hours or minutes. */
export interface TimePart {
  value: number;
  unit: "day" | "hour" | "minute";
}

/** A length below an hour as a clock shows it, `0:07` or `12:30`; undefined from an hour on. */
export function clockDuration(ms: number): string | undefined {
  const seconds = wholeSeconds(ms);
  if (seconds >= 3600) return undefined;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** A length as days and hours, or hours and minutes, without those that are none. */
export function timeParts(ms: number): TimePart[] {
  const minutes = Math.floor(wholeSeconds(ms) / 60);
  const hours = Math.floor(minutes / 60);
  const parts: TimePart[] =
    hours >= 24
      ? [{ value: Math.floor(hours / 24), unit: "day" }, { value: hours % 24, unit: "hour" }]
      : [{ value: hours, unit: "hour" }, { value: minutes % 60, unit: "minute" }];
  return parts.filter(({ value }) => value > 0);
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.round(ms / 1000));
}
