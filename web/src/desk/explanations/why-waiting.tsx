// "Why is it waiting?": where a conversation stands now, in sentences, with who could have it and what would change that.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { List, Loader, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { WaitingPlace, type NearCandidate, type NextChange, type WaitingExplanation } from "../../gen/onqueue/routing/v1/decision_pb";
import { faultOf } from "../../rpc/faults";
import type { DeskTranslator } from "../catalogues";
import { useDesk } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { REFRESH_MS } from "../transcript";
import { useWords } from "../words";
import { CandidateTable } from "./candidate-table";
import { ExplainAgent } from "./explain-agent";
import { ReasonList } from "./reason-list";

const PLACES: Partial<Record<WaitingPlace, string>> = {
  [WaitingPlace.WAITING]: "waiting",
  [WaitingPlace.ALERTING]: "alerting",
  [WaitingPlace.IN_HAND]: "in_hand",
};

/** Where a conversation stands; nothing once routing has it no more. */
export function WhyWaiting({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const { clients } = useDesk();
  const { locale } = words;
  const explanation = useQuery({
    queryKey: ["conversation", conversationId, "why", locale],
    refetchInterval: REFRESH_MS,
    queryFn: async () => (await clients.decisions.explainWaiting({ conversationId, language: locale })).explanation ?? null,
  });
  const fault = explanation.error && faultOf(explanation.error);
  // It is over: the decisions below say what became of it.
  if (fault?.reason === "CONVERSATION_NOT_FOUND") return null;
  const found = explanation.data;
  return (
    <Stack
      component="section"
      gap="sm"
      className="decisions"
      aria-label={words.t("why.heading")}
      data-testid="why-waiting"
      data-place={found ? PLACES[found.place] : undefined}
    >
      <Title order={2} size="h5">
        {words.t(found && found.place !== WaitingPlace.WAITING ? "why.headingNow" : "why.heading")}
      </Title>
      {explanation.isPending && <Loader size="sm" aria-label={words.t("live.loading")} />}
      {fault && <FaultAlert fault={fault} />}
      {found && <Text data-testid="why-summary">{found.summary}</Text>}
      {found?.place === WaitingPlace.WAITING && <InLine explanation={found} />}
      {found && <ExplainAgent conversationId={conversationId} queueId={found.queueId} />}
    </Stack>
  );
}

function InLine({ explanation }: { explanation: WaitingExplanation }) {
  const words = useWords();
  const { reasons, nearest, nextChanges, candidates } = explanation;
  return (
    <>
      <Facts explanation={explanation} />
      <ReasonList heading={words.t("why.reasons", { members: words.number(explanation.members) })} reasons={reasons} />
      {nearest.length > 0 && <Nearest nearest={nearest} />}
      {candidates.length > 0 && <CandidateTable caption={words.t("why.candidates")} candidates={candidates} chosenUserId="" />}
      <Changes changes={nextChanges} />
    </>
  );
}

function Facts({ explanation }: { explanation: WaitingExplanation }) {
  const words = useWords();
  return (
    <dl className="facts" data-testid="why-facts">
      {factsOf(explanation, words).map(({ name, value }) => (
        <div key={name} data-fact={name}>
          <dt>{words.t(`why.${name}`)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

type FactName = "position" | "stage" | "next" | "skills" | "language" | "priority";

function factsOf(explanation: WaitingExplanation, words: DeskTranslator): { name: FactName; value: string }[] {
  const { position, waitingInQueue, queueName, stageText, requiredSkills, language, priority } = explanation;
  const counted = { position: words.number(Number(position)), waiting: words.number(Number(waitingInQueue)), queue: queueName };
  const facts: { name: FactName; value: string }[] = [
    { name: "position", value: words.t("why.positionOf", counted) },
    { name: "stage", value: stageText },
    { name: "next", value: nextStage(explanation, words) },
    { name: "skills", value: requiredSkills.map(({ name }) => name).join(", ") },
    { name: "language", value: language && words.languageName(language) },
    { name: "priority", value: priority === 0 ? "" : words.number(priority) },
  ];
  return facts.filter(({ value }) => value !== "");
}

function nextStage({ nextStageText, nextStageAt }: WaitingExplanation, words: DeskTranslator): string {
  if (nextStageText === "" || !nextStageAt) return nextStageText;
  return words.t("why.nextAt", { stage: nextStageText, time: words.clockTime(timestampMs(nextStageAt)) });
}

function Nearest({ nearest }: { nearest: readonly NearCandidate[] }) {
  const words = useWords();
  return (
    <Table className="stacks" role="table" captionSide="top" data-testid="why-nearest">
      <Table.Caption>{words.t("why.nearest")}</Table.Caption>
      <Table.Thead role="rowgroup">
        <Table.Tr role="row">
          <Table.Th role="columnheader" scope="col">{words.t("decision.agent")}</Table.Th>
          <Table.Th role="columnheader" scope="col">{words.t("why.whyNot")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody role="rowgroup">
        {nearest.map(({ userId, name, reason }) => (
          <Table.Tr role="row" key={userId} data-testid="near-candidate" data-user={userId} data-reason={reason?.reason}>
            <Table.Td role="cell">{name || userId}</Table.Td>
            <Table.Td role="cell" data-label={words.t("why.whyNot")}>{reason?.text}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Changes({ changes }: { changes: readonly NextChange[] }) {
  const words = useWords();
  if (changes.length === 0) return null;
  return (
    <div>
      <Text size="sm">{words.t("why.changes")}</Text>
      <List size="sm" withPadding>
        {changes.map(({ kind, text }, index) => (
          <List.Item key={index} data-testid="why-change" data-kind={kind}>
            {text}
          </List.Item>
        ))}
      </List>
    </div>
  );
}
