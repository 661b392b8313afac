// What each figure counts, in the server's words.
import { useQuery } from "@tanstack/react-query";
import { Text } from "@mantine/core";
import { useDesk } from "../desk-context";
import { useWords } from "../words";
import { COLUMNS } from "./columns";

const HOUR_MS = 3_600_000;

/** The definitions by the metric's name, in the language of the page. */
export function useDefinitions(): ReadonlyMap<string, string> {
  const { locale } = useWords();
  const { clients } = useDesk();
  const definitions = useQuery({
    queryKey: ["metric-definitions", locale],
    staleTime: HOUR_MS,
    queryFn: async () => (await clients.observations.listMetricDefinitions({ language: locale })).definitions,
  });
  return new Map(definitions.data?.map(({ name, definition }) => [name, definition]));
}

/** All of them below the table, folded until somebody asks. */
export function Definitions({ definitions }: { definitions: ReadonlyMap<string, string> }) {
  const words = useWords();
  const all = [...COLUMNS, { name: "agents", metric: "agents", heading: "live.agents" as const }];
  const shown = all.filter(({ metric }) => definitions.has(metric));
  if (definitions.size === 0) return null;
  return (
    <details className="definitions" data-testid="live-definitions">
      <summary>{words.t("live.definitions")}</summary>
      <dl>
        {shown.map(({ name, metric, heading }) => (
          <div key={name} data-testid="live-definition" data-metric={metric}>
            <dt>{words.t(heading)}</dt>
            <dd>
              <Text size="sm">{definitions.get(metric)}</Text>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
