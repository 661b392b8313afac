// What counts as a sendable text.

/** The most characters of one message. */
export const MAX_CHARACTERS = 4_000;
const NEAR_THE_END = 500;

/** Characters as the API counts them: code points. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** How many characters are left, once that is worth showing. */
export function charactersLeft(text: string): number | undefined {
  if (text.length < MAX_CHARACTERS - NEAR_THE_END) return undefined;
  const left = MAX_CHARACTERS - countCharacters(text);
  return left <= NEAR_THE_END ? left : undefined;
}

/** Whether the text may be sent. */
export function isSendable(text: string): boolean {
  return text.trim() !== "" && countCharacters(text) <= MAX_CHARACTERS;
}
