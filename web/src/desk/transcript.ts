// Reads the whole log of a conversation.
import type { Event } from "../gen/onqueue/session/v1/event_pb";
import { allPages } from "../rpc/pages";
import type { DeskClients } from "./clients";

/** Every event that the caller may see, in order. */
export function readTranscript({ transcripts }: DeskClients, conversationId: string): Promise<Event[]> {
  return allPages(async (pageToken) => {
    const { events, nextPageToken } = await transcripts.listEvents({ conversationId, pageToken });
    return { items: events, nextPageToken };
  });
}
