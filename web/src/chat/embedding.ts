// The chat in a frame of another web site: tells the page around it what it needs to know.
import type { ConversationView } from "../core/conversation";
import type { FrameSays, PageSays } from "../messenger/says";

/** A web site that does not answer for so long does not say who the customer is. */
const ANSWERS_WITHIN_MS = 5_000;

/** The page around the chat. */
export class Embedding {
  private shown = true;
  private seen = 0;
  private told = 0;
  private answered: (assertion: string) => void = () => {};
  private readonly around: Window;

  constructor(around: Window, own: Window) {
    this.around = around;
    own.addEventListener("message", ({ source, data }: MessageEvent<Partial<PageSays> | undefined>) => {
      if (source !== around) return;
      if (data?.onqueue === "shown" || data?.onqueue === "hidden") this.shown = data.onqueue === "shown";
      if (data?.onqueue === "identity") this.answered(String(data.assertion));
    });
    own.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
    this.say({ onqueue: "ready" });
  }

  /** Hides the chat; it goes on. */
  close(): void {
    this.say({ onqueue: "close" });
  }

  /** Who the customer is, as the web site signed it; empty if it says nothing. */
  async identity(): Promise<string> {
    const answer = new Promise<string>((resolve) => {
      this.answered = resolve;
      setTimeout(() => resolve(""), ANSWERS_WITHIN_MS);
    });
    this.say({ onqueue: "who" });
    return answer;
  }

  /** The conversation changed. */
  update(view: ConversationView, ownId: string): void {
    const count = view.events.filter(
      ({ body, participantId }) => (body.case === "message" || body.case === "attachmentAdded") && participantId !== ownId,
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
