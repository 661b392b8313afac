// What the caller may do, so that the pages leave out what they may not.

/** Whether a permission is held. Held ones may have `*` for a part; case does not matter. */
export function holds(held: readonly string[], needed: string): boolean {
  const wanted = needed.toLowerCase().split(":");
  return held.some((permission) => covers(permission.toLowerCase().split(":"), wanted));
}

function covers(held: string[], wanted: string[]): boolean {
  if (held.length === 1 && held[0] === "*") return true;
  return held.length === wanted.length && held.every((part, index) => part === "*" || part === wanted[index]);
}
