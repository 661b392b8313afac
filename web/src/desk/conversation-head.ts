// A conversation's summary as it is now.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Conversation } from "../gen/onqueue/session/v1/conversation_pb";
import { useDesk } from "./desk-context";
import { REFRESH_MS } from "./transcript";

const keyOf = (conversationId: string) => ["conversation", conversationId, "head"];

/** Reads the summary, and again while it is looked at. */
export function useHead(conversationId: string) {
  const { clients } = useDesk();
  return useQuery({
    queryKey: keyOf(conversationId),
    refetchInterval: REFRESH_MS,
    queryFn: async ({ signal }) => {
      const { conversation } = await clients.conversations.getConversation({ conversationId }, { signal });
      return conversation ?? null;
    },
  });
}

/** Takes over a summary that an answer carried, or reads it anew; done when it is there to be shown. */
export function useHeadChanged(conversationId: string): (conversation?: Conversation) => Promise<void> {
  const queries = useQueryClient();
  return async (conversation) => {
    if (conversation) queries.setQueryData(keyOf(conversationId), conversation);
    else await queries.invalidateQueries({ queryKey: keyOf(conversationId) });
  };
}
