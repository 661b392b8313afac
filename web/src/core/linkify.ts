// Finds web addresses in a message. Only http and https become links, whatever else the text says.

/** A piece of a message: text, or a link when `href` is there. */
export interface Segment {
  text: string;
  href?: string;
}

const CANDIDATE = /\bhttps?:\/\/[^\s<>"'`]+/gi;
const TRAILING = /[.,;:!?)\]}*_]+$/;

/** Splits text into pieces that together are the text. */
export function linkify(text: string): Segment[] {
  const segments: Segment[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const address = trimmed(match[0]);
    const href = safeHref(address);
    if (!href) continue;
    if (match.index > end) segments.push({ text: text.slice(end, match.index) });
    segments.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) segments.push({ text: text.slice(end) });
  return segments;
}

/** The address if it is http or https, else nothing. */
export function safeHref(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  return isWeb && url.username === "" && url.password === "" ? url.href : undefined;
}

/** Takes punctuation off the end, but keeps a bracket that the address opened. */
function trimmed(address: string): string {
  const cut = address.replace(TRAILING, "");
  return address[cut.length] === ")" && cut.includes("(") ? `${cut})` : cut;
}
