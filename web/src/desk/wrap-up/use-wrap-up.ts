// What an agent says of how a conversation went: kept in the tab until it is sent.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { slot, tabStorage } from "../../core/storage";
import type { WrapUpCode } from "../../gen/onqueue/routing/v1/wrap_up_code_pb";
import { allPages } from "../../rpc/pages";
import type { DeskClients } from "../clients";
import { useDesk, useMay } from "../desk-context";
import { useAction, type Action } from "../use-action";

/** The longest notes that are taken. */
export const LONGEST_NOTES = 2_000;

/** What is chosen and written. */
export interface WrapUpDraft {
  codeId: string;
  notes: string;
}

const EMPTY: WrapUpDraft = { codeId: "", notes: "" };

/** A draft that survives a reload, and its sending. */
export interface WrapUp extends Action {
  draft: WrapUpDraft;
  change(part: Partial<WrapUpDraft>): void;
  /** Sends it; `done` follows if it was taken. */
  send(done?: () => void): void;
}

/** The wrap-up of a conversation. */
export function useWrapUp(conversationId: string): WrapUp {
  const { clients, store } = useDesk();
  const [place] = useState(() => slot<WrapUpDraft>(tabStorage(), `onqueue.desk.chat.${conversationId}.wrapUp`));
  const [draft, setDraft] = useState(() => place.load() ?? EMPTY);
  const action = useAction();
  const change = (part: Partial<WrapUpDraft>) => {
    const next = { ...draft, ...part };
    place.save(next);
    setDraft(next);
  };
  const send = (done?: () => void) =>
    action.run(async () => {
      const { agent } = await clients.agents.completeWrapUp({
        conversationId,
        wrapUpCodeId: draft.codeId,
        notes: draft.notes.trim(),
      });
      store.setAgent(agent);
      done?.();
    });
  return { ...action, draft, change, send };
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
