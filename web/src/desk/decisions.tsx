// "Why did this agent get it?": the decision records in plain sentences.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Badge, List, Paper, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Candidate, Decision, ReasonCount } from "../gen/onqueue/routing/v1/decision_pb";
import { faultOf } from "../rpc/faults";
import { allPages } from "../rpc/pages";
import type { DeskTranslator } from "./catalogues";
import type { DeskClients } from "./clients";
import { useDesk } from "./desk-context";
import { FaultAlert } from "./fault-alert";
import { REFRESH_MS } from "./transcript";
import { useWords } from "./words";

const EXCLUSIONS = [
  "not_joined",
  "off_queue",
  "not_responding",
  "declined",
  "at_capacity",
  "language",
  "missing_skill",
] as const;

/** Routing counts idle time no further. */
const LONGEST_IDLE_MS = 7 * 24 * 3_600_000;

/** All decisions about a conversation. */
export function Decisions({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const { clients } = useDesk();
  const decisions = useQuery({
    queryKey: ["conversation", conversationId, "decisions"],
    queryFn: () => readDecisions(clients, conversationId),
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

function readDecisions(clients: DeskClients, conversationId: string): Promise<Decision[]> {
  return allPages(async (pageToken) => {
    const { decisions, nextPageToken } = await clients.decisions.listDecisions({ conversationId, pageToken });
    return { items: decisions, nextPageToken };
  });
}

function DecisionCard({ decision }: { decision: Decision }) {
  const words = useWords();
  const { language, candidates, excluded, chosenUserId } = decision;
  return (
    <Paper withBorder p="sm" data-testid="decision" data-chosen={chosenUserId}>
      <Stack gap="xs">
        <Text>{chosenText(decision, words)}</Text>
        {language && <Text size="sm">{words.t("decision.needs", { language: words.languageName(language) })}</Text>}
        <CandidateTable candidates={candidates} chosenUserId={chosenUserId} />
        <Excluded excluded={excluded} />
      </Stack>
    </Paper>
  );
}

function chosenText({ at, candidates, chosenUserId, decidedBy }: Decision, words: DeskTranslator): string {
  const chosen = candidates.find(({ userId }) => userId === chosenUserId);
  const values = {
    time: at ? words.clockTime(timestampMs(at)) : "",
    agent: chosen?.name || chosenUserId,
    idle: idleText(chosen?.idleMs ?? 0n, words),
  };
  switch (decidedBy) {
    case "only_candidate":
    case "longest_idle":
    case "agent_id":
      return words.t(`decision.${decidedBy}`, values);
    default:
      return words.t("decision.other", values);
  }
}

function idleText(idleMs: bigint, words: DeskTranslator): string {
  if (idleMs < LONGEST_IDLE_MS) return words.duration(Number(idleMs));
  return words.t("decision.idleMost", { most: words.duration(LONGEST_IDLE_MS) });
}

function CandidateTable({ candidates, chosenUserId }: { candidates: Candidate[]; chosenUserId: string }) {
  const words = useWords();
  return (
    <Table.ScrollContainer minWidth={280}>
      <Table captionSide="top" withRowBorders>
        <Table.Caption>{words.t("decision.candidates")}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{words.t("decision.agent")}</Table.Th>
            <Table.Th>{words.t("decision.idle")}</Table.Th>
            <Table.Th>{words.t("decision.active")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {candidates.map(({ userId, name, idleMs, activeChats }) => (
            <Table.Tr key={userId} data-testid="candidate" data-user={userId}>
              <Table.Td>
                {name || userId} {userId === chosenUserId && <Badge tt="none">{words.t("decision.chosen")}</Badge>}
              </Table.Td>
              <Table.Td>{idleText(idleMs, words)}</Table.Td>
              <Table.Td>{activeChats}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Excluded({ excluded }: { excluded: ReasonCount[] }) {
  const words = useWords();
  if (excluded.length === 0) return null;
  return (
    <div>
      <Text size="sm">{words.t("decision.excluded")}</Text>
      <List size="sm" withPadding>
        {excluded.map(({ reason, count }) => (
          <List.Item key={reason} data-testid="excluded" data-reason={reason}>
            {exclusionText(reason, count, words)}
          </List.Item>
        ))}
      </List>
    </div>
  );
}

function exclusionText(reason: string, count: number, words: DeskTranslator): string {
  const known = EXCLUSIONS.find((name) => name === reason);
  return words.t(`excluded.${known ?? "other"}`, { count });
}
