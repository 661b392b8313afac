// What an agent says of how a conversation went: kept in the tab until it is sent.
import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { WrapUpCode } from "../../gen/onqueue/routing/v1/wrap_up_code_pb";
import { allPages } from "../../rpc/pages";
import type { DeskClients } from "../clients";
import { useDesk, useMay } from "../desk-context";
import { useAction, type Action } from "../use-action";
import { Drafts, type WrapUpDraft } from "./drafts";

/** The longest notes that are taken. */
export const LONGEST_NOTES = 2_000;

// One for the page: the form of work that is over is gone before the server has answered.
const drafts = new Drafts();

/** A draft that survives a reload, and its sending. */
export interface WrapUp extends Action {
  draft: WrapUpDraft;
  change(part: Partial<Omit<WrapUpDraft, "isSent">>): void;
  send(): void;
}

/** The wrap-up of a conversation. */
export function useWrapUp(conversationId: string): WrapUp {
  const { clients, store } = useDesk();
  const draft = useSyncExternalStore(drafts.subscribe, () => drafts.of(conversationId));
  const action = useAction();
  const send = () =>
    action.run(async () => {
      const { agent } = await clients.agents.completeWrapUp({
        conversationId,
        wrapUpCodeId: draft.codeId,
        notes: draft.notes.trim(),
      });
      drafts.sent(conversationId, draft);
      store.setAgent(agent);
    });
  return { ...action, draft, change: (part) => drafts.put(conversationId, { ...draft, ...part, isSent: false }), send };
}

/** Proposes a code for a conversation: what the agent says when wrapping up begins with it. */
export function proposeWrapUpCode(conversationId: string, codeId: string): void {
  const draft = drafts.of(conversationId);
  if (draft.codeId !== codeId) drafts.put(conversationId, { ...draft, codeId, isSent: false });
}

/** The codes that agents of a queue may use; none where the user may not see them. */
export function useWrapUpCodes(queueId: string): readonly WrapUpCode[] {
  const { clients } = useDesk();
  const maySee = useMay("routing:wrapupCode:view");
  const codes = useQuery({
    queryKey: ["wrap-up-codes", queueId],
    enabled: maySee && queueId !== "",
    queryFn: () => readCodes(clients, queueId),
  });
  return codes.data ?? [];
}

function readCodes({ wrapUpCodes }: DeskClients, queueId: string): Promise<WrapUpCode[]> {
  return allPages(async (pageToken) => {
    const { wrapUpCodes: items, nextPageToken } = await wrapUpCodes.listWrapUpCodes({ queueId, pageToken, pageSize: 200 });
    return { items, nextPageToken };
  });
}
