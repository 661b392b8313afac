// The board of the page that is open.
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { browserTimers } from "../../core/timers";
import { useDesk } from "../desk-context";
import { Board, type BoardSnapshot } from "./board";

/** Follows the queues while the page is open. */
export function useBoard(windowSeconds: number): BoardSnapshot {
  const { me, clients, tokens } = useDesk();
  const { userId } = me;
  const board = useMemo(
    () => new Board({ userId, windowSeconds, client: clients.observations, tokens, timers: browserTimers }),
    [userId, windowSeconds, clients, tokens],
  );
  useEffect(() => {
    const online = () => board.networkChanged();
    const awake = () => document.visibilityState === "visible" && board.wake();
    window.addEventListener("online", online);
    document.addEventListener("visibilitychange", awake);
    board.start();
    return () => {
      window.removeEventListener("online", online);
      document.removeEventListener("visibilitychange", awake);
      board.stop();
    };
  }, [board]);
  return useSyncExternalStore(board.subscribe, board.snapshot);
}
