// Goes on queue, from wherever the page offers it.
import { useDesk } from "./desk-context";
import { useAction, type Action } from "./use-action";

/** The call that goes on queue, and how it fares. */
export function useGoOnQueue(): Action & { goOnQueue(): void } {
  const { clients, store } = useDesk();
  const action = useAction();
  return {
    ...action,
    goOnQueue: () => action.run(async () => store.setAgent((await clients.agents.goOnQueue({})).agent)),
  };
}
