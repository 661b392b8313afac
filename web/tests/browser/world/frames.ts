// Hands frames to whoever follows.

/** A place to publish frames to; each follower gets those published after it came. */
export class Channel<Frame> {
  private readonly followers = new Set<(frame: Frame) => void>();

  publish(frame: Frame): void {
    for (const give of this.followers) give(frame);
  }

  get size(): number {
    return this.followers.size;
  }

  /** Frames as they are published, until the signal fires. */
  async *follow(signal: AbortSignal, first: Frame[]): AsyncGenerator<Frame> {
    const waiting = [...first];
    let wake = () => {};
    const give = (frame: Frame) => {
      waiting.push(frame);
      wake();
    };
    this.followers.add(give);
    signal.addEventListener("abort", () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        while (waiting.length > 0) yield waiting.shift() as Frame;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (waiting.length > 0 || signal.aborted) resolve();
        });
      }
    } finally {
      this.followers.delete(give);
    }
  }
}
