// The queues that name a script.
import { Paper, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FaultAlert } from "../../desk/fault-alert";
import { byName } from "../../i18n/collation";
import { faultOf } from "../../rpc/faults";
import { allPages } from "../../rpc/pages";
import { useAdmin, useHolds } from "../context";
import { useAdminWords } from "../words";

/** Those that the user may see. */
export function UsedBy({ scriptId }: { scriptId: string }) {
  const words = useAdminWords();
  const holds = useHolds();
  const { clients } = useAdmin();
  const may = holds("routing:queue:view");
  const list = useQuery({
    queryKey: ["queue", "list", "by-script", scriptId],
    enabled: may,
    queryFn: async () => {
      const all = await allPages(async (pageToken) => {
        const { queues: items, nextPageToken } = await clients.queues.listQueues({ pageToken, pageSize: 200 });
        return { items, nextPageToken };
      });
      return all.filter(({ conversationRules }) => conversationRules?.scriptId === scriptId);
    },
  });
  if (!may) return null;
  const queues = byName(list.data ?? [], ({ name }) => name, words.locale);
  return (
    <Paper component="section" className="part" withBorder p="md" mt="lg" aria-label={words.t("script.usedBy")} data-testid="part-used-by">
      <Title order={3} size="h4" mb="sm">
        {words.t("script.usedBy")}
      </Title>
      <FaultAlert fault={list.error ? faultOf(list.error) : undefined} testId="used-by-fault" />
      {list.isSuccess && queues.length === 0 && (
        <Text size="sm" data-testid="used-by-none">
          {words.t("script.usedByNone")}
        </Text>
      )}
      <ul className="plain">
        {queues.map(({ queueId, name }) => (
          <li key={queueId} data-testid="used-by" data-queue={queueId}>
            <Link to="/administration/$section/$id" params={{ section: "queues", id: queueId }}>
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </Paper>
  );
}
