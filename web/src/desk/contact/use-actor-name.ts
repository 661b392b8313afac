// Who changed a contact, by name.
import { useQuery } from "@tanstack/react-query";
import { allPages } from "../../rpc/pages";
import { useDesk, useMay } from "../desk-context";
import { useWords } from "../words";

const USER = "user:";

/** Names users by the actors of changes: oneself always, agents where one may see them; nothing for anybody else. */
export function useActorName(actors: readonly string[]): (actor: string) => string | undefined {
  const words = useWords();
  const { clients, me } = useDesk();
  const isOwn = (actor: string) => actor === `${USER}${me.userId}`;
  const maySee = useMay("routing:queue:view");
  const agents = useQuery({
    queryKey: ["agent-names"],
    enabled: maySee && actors.some((actor) => actor.startsWith(USER) && !isOwn(actor)),
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      allPages(async (pageToken) => {
        const { agents: items, nextPageToken } = await clients.agents.listAgents({ pageToken, pageSize: 200 }, { signal });
        return { items, nextPageToken };
      }),
  });
  return (actor) => {
    if (isOwn(actor)) return words.t("contact.byYou");
    return agents.data?.find(({ userId }) => actor === `${USER}${userId}`)?.name || undefined;
  };
}
