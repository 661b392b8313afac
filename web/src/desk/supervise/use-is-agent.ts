// Whether the user is set up as an agent, without which nothing can be in their hands.
import { useQuery } from "@tanstack/react-query";
import { faultOf } from "../../rpc/faults";
import type { DeskClients } from "../clients";
import { useDesk, useSnapshot } from "../desk-context";

/** Somebody may become an agent while the page is open. */
const AGAIN_MS = 30_000;

/** Undefined while it is not known: then the server says. The stream has no state of who is no agent, so that they are asked for. */
export function useIsAgent(isWanted: boolean): boolean | undefined {
  const { clients, me } = useDesk();
  const { agent } = useSnapshot();
  const read = useQuery({
    queryKey: ["is-agent", me.userId],
    enabled: isWanted && !agent,
    retry: false,
    refetchInterval: AGAIN_MS,
    queryFn: ({ signal }) => isAgent(clients, signal),
  });
  return agent ? true : read.data;
}

/** Whether routing knows the caller. */
export async function isAgent({ agents }: Pick<DeskClients, "agents">, signal?: AbortSignal): Promise<boolean> {
  try {
    await agents.getAgent({}, signal ? { signal } : {});
    return true;
  } catch (error) {
    if (faultOf(error).reason === "AGENT_NOT_FOUND") return false;
    throw error;
  }
}
