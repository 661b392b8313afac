// Says what is missing while the content service is away, and reads anew what it has once it is back.
import { Alert } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useDesk, useSnapshot } from "./desk-context";
import { useWords } from "./words";

/** The first part of the keys under which content is kept. */
const CONTENT_KEYS: ReadonlySet<unknown> = new Set(["responses", "script-run"]);

/** Whether responses and scripts are missing now. */
export function useContentAway(): boolean {
  const { contentHealth } = useDesk();
  return useSyncExternalStore(contentHealth.subscribe, contentHealth.isAway);
}

/** A bar over the page; while nothing can be reached at all, that is said elsewhere. */
export function ContentBar() {
  const words = useWords();
  const isAway = useContentAway();
  const { connection } = useSnapshot();
  useRecovery(isAway);
  if (!isAway || connection === "reconnecting") return null;
  return (
    <Alert color="yellow" radius={0} p="xs" role="status" data-testid="content-away">
      {words.t("content.away")}
    </Alert>
  );
}

function useRecovery(isAway: boolean): void {
  const queries = useQueryClient();
  const { store } = useDesk();
  const wasAway = useRef(isAway);
  useEffect(() => {
    if (wasAway.current && !isAway) {
      void queries.invalidateQueries({ predicate: ({ queryKey }) => CONTENT_KEYS.has(queryKey[0]) });
      store.sendWaiting();
    }
    wasAway.current = isAway;
  }, [isAway, queries, store]);
}
