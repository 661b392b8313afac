// What the frame of the chat and the page around it say to each other. What the frame says is not secret: any page may be around.
// Who the customer is, the page tells Onqueue's origin alone.

/** From the frame. */
export type FrameSays =
  | { onqueue: "ready" }
  | { onqueue: "close" }
  /** New messages of others since the frame was last shown. */
  | { onqueue: "unread"; count: number }
  /** A chat is about to begin: who is the customer? */
  | { onqueue: "who" };

/** To the frame. */
export type PageSays =
  | { onqueue: "shown" }
  | { onqueue: "hidden" }
  /** What the web site signed of who is logged in there; empty if it says nothing. */
  | { onqueue: "identity"; assertion: string };
