// The text of a script's document: its size, its lines, and places in it.

/** The largest document that is taken. */
export const MOST_BYTES = 60_000;

/** The smallest script: one page with a way out. */
export const BLANK_DOCUMENT = `{
  "format": 1,
  "name": { "en": "New script", "de": "Neuer Leitfaden" },
  "languages": ["en", "de"],
  "default_language": "en",
  "pages": [
    {
      "id": "welcome",
      "start": true,
      "title": { "en": "Welcome", "de": "Begrüßung" },
      "items": [
        {
          "type": "paragraph",
          "text": { "en": "Hello {{conversation.customer_name|there}}.", "de": "Guten Tag {{conversation.customer_name|}}." }
        }
      ],
      "buttons": [
        { "id": "done", "label": { "en": "Done", "de": "Fertig" }, "go": "end" }
      ]
    }
  ]
}
`;

/** How many bytes a text is. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The text as it is, or without its spaces where it would be too large otherwise. */
export function fitting(text: string): string {
  if (byteLength(text) <= MOST_BYTES) return text;
  return rewritten(text, 0) ?? text;
}

/** The text in lines, where it is all in one. */
export function legible(text: string): string {
  return text.trim().includes("\n") ? text : (rewritten(text, 2) ?? text);
}

/** The text with spaces as usual; undefined for what is no JSON. */
export function rewritten(text: string, spaces: number): string | undefined {
  try {
    const written = JSON.stringify(JSON.parse(text), null, spaces);
    return spaces > 0 ? `${written}\n` : written;
  } catch {
    return undefined;
  }
}

/** Where a line and a column are in a text; both count from 1, columns in characters. */
export function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split("\n");
  const before = lines.slice(0, Math.max(line - 1, 0)).reduce((sum, each) => sum + each.length + 1, 0);
  const within = [...(lines[line - 1] ?? "")].slice(0, Math.max(column - 1, 0)).join("").length;
  return Math.min(before + within, text.length);
}
