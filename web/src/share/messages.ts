// Cuts a gRPC-Web answer into whole messages, so that a reader who joins later begins between two of them.

/** A flag and the length. */
const PREFIX = 5;

/** Takes bytes as they come and gives whole messages. */
export class MessageCutter {
  private rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** The whole messages that are there with these bytes; what is begun is kept. */
  take(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    const end = wholeMessages(all);
    this.rest = all.slice(end);
    return all.slice(0, end);
  }
}

function wholeMessages(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let whole = 0;
  while (whole + PREFIX <= bytes.length) {
    const end = whole + PREFIX + view.getUint32(whole + 1);
    if (end > bytes.length) break;
    whole = end;
  }
  return whole;
}
