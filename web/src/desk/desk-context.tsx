// The store, clients and user of the desk, for every component.
import type { Transport } from "@connectrpc/connect";
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { holds } from "../core/permissions";
import type { TokenSource } from "../rpc/transport";
import type { RequestsBoard } from "./assistance/requests-board";
import type { DeskClients } from "./clients";
import type { ContentHealth } from "./content-health";
import type { DeskSnapshot, DeskStore } from "./desk-store";
import type { Me } from "./session";

/** What the components of the desk work with. */
export interface Desk {
  me: Me;
  /** Carries the user's token; for services that only some pages call. */
  transport: Transport;
  clients: DeskClients;
  tokens: TokenSource;
  store: DeskStore;
  contentHealth: ContentHealth;
  /** Followed while the user may take requests for assistance. */
  requests: RequestsBoard;
  /** The forms that hold changes which are not saved. */
  unsaved: Set<string>;
  /** Goes off queue and ends the session. */
  signOut(): Promise<void>;
}

/** Carries the desk. */
export const DeskContext = createContext<Desk | undefined>(undefined);

/** The desk. */
export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error("there is no DeskContext above");
  return desk;
}

/** What the desk shows now. */
export function useSnapshot(): DeskSnapshot {
  const { store } = useDesk();
  return useSyncExternalStore(store.subscribe, store.snapshot);
}

/** Whether the user holds a permission. */
export function useMay(permission: string): boolean {
  return holds(useDesk().me.permissions, permission);
}

/** The server's time in milliseconds, moving on every second. */
export function useNow(): number {
  const { clockAhead } = useSnapshot();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const id = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(id);
  }, []);
  return now + clockAhead;
}
