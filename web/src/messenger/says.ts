// What the frame of the chat and the page around it say to each other. Nothing of it is secret: any page may be around.

/** From the frame. */
export type FrameSays =
  | { onqueue: "ready" }
  | { onqueue: "close" }
  /** New messages of others since the frame was last shown. */
  | { onqueue: "unread"; count: number };

/** To the frame. */
export type PageSays = { onqueue: "shown" } | { onqueue: "hidden" };
