// An excerpt in pieces, those that were looked for apart from the others.

/** Where a word is, in Unicode scalar values. */
export interface Mark {
  start: number;
  length: number;
}

/** A piece of an excerpt. */
export interface Piece {
  text: string;
  isFound: boolean;
}

/** The pieces in order; marks beyond the end or over one another do no harm. */
export function piecesOf(excerpt: string, marks: readonly Mark[]): Piece[] {
  const characters = [...excerpt];
  const found = characters.map((_, index) => marks.some(({ start, length }) => index >= start && index < start + length));
  const pieces: Piece[] = [];
  characters.forEach((character, index) => {
    const isFound = found[index] ?? false;
    const last = pieces.at(-1);
    if (last?.isFound === isFound) last.text += character;
    else pieces.push({ text: character, isFound });
  });
  return pieces;
}
