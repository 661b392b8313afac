// New ids. `crypto.randomUUID` would do, but exists only on pages from HTTPS or the same machine.

/** A random UUID (version 4). */
export function newUuid(): string {
  return uuidOf(crypto.getRandomValues(new Uint8Array(16)));
}

/** The version 4 UUID in 16 random bytes. */
export function uuidOf(random: Uint8Array): string {
  const hex = [...random].map((byte, index) => withMarks(byte, index).toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The version is in byte 6, the variant in byte 8. */
function withMarks(byte: number, index: number): number {
  if (index === 6) return (byte & 0x0f) | 0x40;
  return index === 8 ? (byte & 0x3f) | 0x80 : byte;
}
