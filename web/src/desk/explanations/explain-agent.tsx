// "Why not this agent?": where a chosen agent stands with a conversation.
import { Loader, NativeSelect, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { AgentVerdict, type AgentExplanation } from "../../gen/onqueue/routing/v1/decision_pb";
import { byName } from "../../i18n/collation";
import { faultOf } from "../../rpc/faults";
import { allPages } from "../../rpc/pages";
import { useDesk, useMay } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { REFRESH_MS } from "../transcript";
import { useWords } from "../words";
import { CandidateTable } from "./candidate-table";

const VERDICTS: Partial<Record<AgentVerdict, string>> = {
  [AgentVerdict.ELIGIBLE]: "eligible",
  [AgentVerdict.EXCLUDED]: "excluded",
  [AgentVerdict.ALERTING]: "alerting",
  [AgentVerdict.IN_HAND]: "in_hand",
  [AgentVerdict.ELSEWHERE]: "elsewhere",
};

interface ExplainAgentProps {
  conversationId: string;
  queueId: string;
}

/** A choice of the queue's members, and what is to be said of the chosen one. */
export function ExplainAgent({ conversationId, queueId }: ExplainAgentProps) {
  const words = useWords();
  const { clients } = useDesk();
  const maySeeAgents = useMay("routing:queue:view");
  const [userId, choose] = useState("");
  const agents = useQuery({
    queryKey: ["agents-of", queueId],
    enabled: maySeeAgents,
    queryFn: () =>
      allPages(async (pageToken) => {
        const { agents: items, nextPageToken } = await clients.agents.listAgents({ queueId, pageToken, pageSize: 200 });
        return { items, nextPageToken };
      }),
  });
  if (!maySeeAgents) return null;
  const named = byName(agents.data ?? [], ({ name }) => name, words.locale);
  const options = [{ value: "", label: words.t("why.nobody") }, ...named.map((agent) => ({ value: agent.userId, label: agent.name }))];
  return (
    <Stack gap="xs">
      <NativeSelect
        size="sm"
        label={words.t("why.agent")}
        data={options}
        value={userId}
        onChange={(event) => choose(event.currentTarget.value)}
        data-testid="explain-agent"
      />
      {agents.error && <FaultAlert fault={faultOf(agents.error)} />}
      {userId !== "" && <Explanation key={userId} conversationId={conversationId} userId={userId} />}
    </Stack>
  );
}

function Explanation({ conversationId, userId }: { conversationId: string; userId: string }) {
  const words = useWords();
  const { clients } = useDesk();
  const { locale } = words;
  const answer = useQuery({
    queryKey: ["conversation", conversationId, "agent", userId, locale],
    refetchInterval: REFRESH_MS,
    queryFn: async () => {
      const asked = { conversationId, userId, language: locale };
      return (await clients.decisions.explainAgent(asked)).explanation ?? null;
    },
  });
  if (answer.isPending) return <Loader size="sm" aria-label={words.t("live.loading")} />;
  if (answer.error) return <FaultAlert fault={faultOf(answer.error)} />;
  return answer.data && <Verdict explanation={answer.data} />;
}

function Verdict({ explanation }: { explanation: AgentExplanation }) {
  const words = useWords();
  const { verdict, summary, before, candidate, userId } = explanation;
  const ranked = candidate ? [...before, candidate] : before;
  return (
    <div data-testid="agent-explanation" data-user={userId} data-verdict={VERDICTS[verdict]}>
      <Text size="sm">{summary}</Text>
      {verdict === AgentVerdict.ELIGIBLE && <CandidateTable caption={words.t("why.before")} candidates={ranked} chosenUserId="" />}
    </div>
  );
}
