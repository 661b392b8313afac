// What the user may do, as it is now: roles are changed while people are signed in.
import { useQuery } from "@tanstack/react-query";
import { useMemo, type ReactNode } from "react";
import { DeskContext, useDesk } from "./desk-context";

const ASK_AGAIN_MS = 60_000;
/** What was granted just before signing in is known everywhere within so long. */
const SETTLED_MS = 5_000;

/** Gives its children a desk that knows the present permissions; until they are known, those of signing in. */
export function FreshPermissions({ children }: { children: ReactNode }) {
  const desk = useDesk();
  const { data } = useQuery<string[]>({
    queryKey: ["my-access"],
    refetchInterval: ({ state }) => (state.dataUpdateCount < 2 ? SETTLED_MS : ASK_AGAIN_MS),
    queryFn: async ({ signal }) => {
      const { permissions } = await desk.clients.permissions.getMyAccess({}, { signal });
      return permissions.map(({ permission }) => permission);
    },
  });
  const fresh = useMemo(() => (data ? { ...desk, me: { ...desk.me, permissions: data } } : desk), [desk, data]);
  return <DeskContext value={fresh}>{children}</DeskContext>;
}
