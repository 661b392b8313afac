// The chat in a frame of another web site: tells the page around it what it needs to know.
import type { ConversationView } from "../core/conversation";
import type { FrameSays, PageSays } from "../messenger/says";

/** The page around the chat. */
export class Embedding {
  private shown = true;
  private seen = 0;
  private told = 0;
  private readonly around: Window;

  constructor(around: Window, own: Window) {
    this.around = around;
    own.addEventListener("message", ({ source, data }: MessageEvent<Partial<PageSays> | undefined>) => {
      if (source !== around || !(data?.onqueue === "shown" || data?.onqueue === "hidden")) return;
      this.shown = data.onqueue === "shown";
    });
    own.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
    this.say({ onqueue: "ready" });
  }

  /** Hides the chat; it goes on. */
  close(): void {
    this.say({ onqueue: "close" });
  }

  /** The conversation changed. */
  update(view: ConversationView, ownId: string): void {
    const count = view.events.filter(
      ({ body, participantId }) => body.case === "message" && participantId !== ownId,
    ).length;
    if (this.shown || count < this.seen) this.seen = count;
    const unread = count - this.seen;
    if (unread !== this.told) this.say({ onqueue: "unread", count: unread });
    this.told = unread;
  }

  // Whoever is around may know as much: the frame's policy says who that can be.
  private say(message: FrameSays): void {
    this.around.postMessage(message, "*");
  }
}

/** The page around this one, if it was put into a frame by the messenger's script. */
export function embedding(): Embedding | undefined {
  const isEmbedded = new URLSearchParams(location.search).has("embedded") && window.parent !== window;
  return isEmbedded ? new Embedding(window.parent, window) : undefined;
}
