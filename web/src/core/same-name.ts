// When two names are one.

/** Whether they differ in nothing but case and the way in which letters are put together. */
export function isSameName(one: string, other: string): boolean {
  return folded(one) === folded(other);
}

function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
