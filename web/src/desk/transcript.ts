// Reads the whole log of a conversation.
import type { Event } from "../gen/onqueue/session/v1/event_pb";
import { allPages } from "../rpc/pages";
import type { DeskClients } from "./clients";

/** How often a page that is looked at reads what others do. */
export const REFRESH_MS = 10_000;

/** Every event that the caller may see, in order. */
export function readTranscript({ transcripts }: DeskClients, conversationId: string): Promise<Event[]> {
  return allPages(async (pageToken) => {
    const { events, nextPageToken } = await transcripts.listEvents({ conversationId, pageToken });
    return { items: events, nextPageToken };
  });
}
