// "Why did this agent get it?": the decision records, in the server's sentences.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { DecisionKind, type Decision } from "../gen/onqueue/routing/v1/decision_pb";
import { faultOf } from "../rpc/faults";
import { allPages } from "../rpc/pages";
import type { DeskTranslator } from "./catalogues";
import type { DeskClients } from "./clients";
import { useDesk } from "./desk-context";
import { CandidateTable } from "./explanations/candidate-table";
import { ReasonList } from "./explanations/reason-list";
import { FaultAlert } from "./fault-alert";
import { REFRESH_MS } from "./transcript";
import { useWords } from "./words";

/** All decisions about a conversation. */
export function Decisions({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const { clients } = useDesk();
  const { locale } = words;
  const decisions = useQuery({
    queryKey: ["conversation", conversationId, "decisions", locale],
    queryFn: () => readDecisions(clients, conversationId, locale),
    refetchInterval: REFRESH_MS,
  });
  return (
    <Stack component="section" gap="sm" className="decisions" data-testid="decisions">
      <Title order={2} size="h5">
        {words.t("decision.heading")}
      </Title>
      {decisions.error && <FaultAlert fault={faultOf(decisions.error)} />}
      {decisions.data?.length === 0 && <Text c="dimmed">{words.t("decision.none")}</Text>}
      {decisions.data?.map((decision) => (
        <DecisionCard key={decision.decisionId} decision={decision} />
      ))}
    </Stack>
  );
}

function readDecisions({ decisions }: DeskClients, conversationId: string, language: string): Promise<Decision[]> {
  return allPages(async (pageToken) => {
    const { decisions: items, nextPageToken } = await decisions.listDecisions({ conversationId, pageToken, language });
    return { items, nextPageToken };
  });
}

function DecisionCard({ decision }: { decision: Decision }) {
  const words = useWords();
  const { at, kind, summary, candidates, excluded, chosenUserId } = decision;
  return (
    <Paper withBorder p="sm" data-testid="decision" data-chosen={chosenUserId} data-kind={kind === DecisionKind.WAITING ? "waiting" : "offer"}>
      <Stack gap="xs">
        <div>
          {at && (
            <time className="meta" dateTime={new Date(timestampMs(at)).toISOString()}>
              {words.clockTime(timestampMs(at))}
            </time>
          )}
          <Text data-testid="decision-summary">{summary}</Text>
        </div>
        <Facts decision={decision} words={words} />
        {candidates.length > 0 && (
          <CandidateTable caption={words.t("decision.candidates")} candidates={candidates} chosenUserId={chosenUserId} />
        )}
        {decision.eligible > candidates.length && <AllCandidates decision={decision} />}
        <ReasonList heading={words.t("decision.excluded")} reasons={excluded} />
      </Stack>
    </Paper>
  );
}

function Facts({ decision, words }: { decision: Decision; words: DeskTranslator }) {
  const { queueName, stageText, decidedText, language, requiredSkillNames } = decision;
  const facts = [
    [words.t("decision.queue"), queueName],
    [words.t("decision.stage"), stageText],
    [words.t("decision.decidedBy"), decidedText],
    [words.t("why.skills"), requiredSkillNames.join(", ")],
    [words.t("why.language"), language && words.languageName(language)],
  ] as const;
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** Everybody who was eligible, once somebody asks: the server repeats its log for it. */
function AllCandidates({ decision }: { decision: Decision }) {
  const words = useWords();
  const { clients } = useDesk();
  const { decisionId, eligible, chosenUserId } = decision;
  const [wanted, setWanted] = useState(false);
  const answer = useQuery({
    queryKey: ["decision", decisionId, "all", words.locale],
    enabled: wanted,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => clients.decisions.getDecision({ decisionId, allCandidates: true, language: words.locale }, { timeoutMs: 60_000 }),
  });
  if (!answer.data) {
    return (
      <Group>
        <Button size="xs" variant="default" loading={answer.isFetching} onClick={() => setWanted(true)} data-testid="all-candidates">
          {words.count("decision.all", eligible)}
        </Button>
        {answer.error && <FaultAlert fault={faultOf(answer.error)} />}
      </Group>
    );
  }
  const { allCandidates, unavailable, unavailableText } = answer.data;
  if (unavailable !== "") return <Text size="sm" data-testid="candidates-unavailable">{unavailableText}</Text>;
  return <CandidateTable caption={words.t("decision.allCaption")} candidates={allCandidates} chosenUserId={chosenUserId} />;
}
