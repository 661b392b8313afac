// Who waits in one queue, in the order in which they are served.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Button, Group, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { InteractionOrder, InteractionState, type Interaction } from "../../gen/onqueue/routing/v1/interaction_pb";
import type { QueueObservation } from "../../gen/onqueue/routing/v1/observation_pb";
import { faultOf } from "../../rpc/faults";
import { useDesk, useMay, useNow } from "../desk-context";
import { WhyWaiting } from "../explanations/why-waiting";
import { FaultAlert } from "../fault-alert";
import { useWords } from "../words";

/** How often the list is read while somebody looks at it. */
const REFRESH_MS = 5_000;
/** More of a long line nobody reads. */
const MOST_SHOWN = 100;

/** The head of the line. */
export function WaitingList({ queue }: { queue: QueueObservation }) {
  const words = useWords();
  const { clients } = useDesk();
  const { queueId, queueName, waiting } = queue;
  const list = useQuery({
    queryKey: ["waiting", queueId],
    refetchInterval: REFRESH_MS,
    queryFn: async () => {
      const order = InteractionOrder.RANK;
      const asked = { queueId, state: InteractionState.WAITING, order, pageSize: MOST_SHOWN };
      return (await clients.interactions.listInteractions(asked)).interactions;
    },
  });
  const [explained, explain] = useState<string>();
  const more = Number(waiting) - (list.data?.length ?? 0);
  return (
    <Stack component="section" gap="xs" aria-label={words.t("waiting.heading", { queue: queueName })} data-testid="waiting-list">
      <Title order={3} size="h6">
        {words.t("waiting.heading", { queue: queueName })}
      </Title>
      {list.error && <FaultAlert fault={faultOf(list.error)} />}
      {list.data?.length === 0 && <Text c="dimmed" data-testid="waiting-none">{words.t("waiting.none")}</Text>}
      {list.data && list.data.length > 0 && <WaitingTable interactions={list.data} explained={explained} explain={explain} />}
      {list.data?.length === MOST_SHOWN && more > 0 && <Text size="sm">{words.count("waiting.more", more)}</Text>}
      {explained && <Explained conversationId={explained} close={() => explain(undefined)} />}
    </Stack>
  );
}

interface WaitingTableProps {
  interactions: readonly Interaction[];
  explained: string | undefined;
  explain(conversationId: string | undefined): void;
}

function WaitingTable({ interactions, explained, explain }: WaitingTableProps) {
  const words = useWords();
  const mayExplain = useMay("routing:decision:view");
  const headings = ["place", "guest", "since", "language", "priority"] as const;
  return (
    <Table className="stacks" role="table" verticalSpacing={6} horizontalSpacing="xs">
      <Table.Thead role="rowgroup">
        <Table.Tr role="row">
          {headings.map((heading) => (
            <Table.Th role="columnheader" scope="col" key={heading}>
              {words.t(`waiting.${heading}`)}
            </Table.Th>
          ))}
          {mayExplain && (
            <Table.Th role="columnheader" scope="col">
              <span className="visually-hidden">{words.t("waiting.explain")}</span>
            </Table.Th>
          )}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody role="rowgroup">
        {interactions.map((interaction, index) => (
          <WaitingRow
            key={interaction.conversationId}
            interaction={interaction}
            place={index + 1}
            isExplained={interaction.conversationId === explained}
            explain={mayExplain ? explain : undefined}
          />
        ))}
      </Table.Tbody>
    </Table>
  );
}

interface WaitingRowProps {
  interaction: Interaction;
  place: number;
  isExplained: boolean;
  explain: ((conversationId: string | undefined) => void) | undefined;
}

function WaitingRow({ interaction, place, isExplained, explain }: WaitingRowProps) {
  const words = useWords();
  const now = useNow();
  const { conversationId, guestName, topic, enteredAt, language, priority } = interaction;
  const name = guestName || words.t("offer.unnamed");
  return (
    <Table.Tr role="row" data-testid="waiting-row" data-conversation={conversationId}>
      <Table.Td role="cell" data-label={words.t("waiting.place")} data-testid="waiting-place">
        {words.number(place)}
      </Table.Td>
      <Table.Td role="cell" data-label={words.t("waiting.guest")}>
        {[name, topic].filter(Boolean).join(" · ")}
      </Table.Td>
      <Table.Td role="cell" data-label={words.t("waiting.since")} data-testid="waiting-since">
        {enteredAt && words.duration(now - timestampMs(enteredAt))}
      </Table.Td>
      <Table.Td role="cell" data-label={words.t("waiting.language")}>
        {language === "" ? words.t("waiting.anyLanguage") : words.languageName(language)}
      </Table.Td>
      <Table.Td role="cell" data-label={words.t("waiting.priority")}>
        {words.number(priority)}
      </Table.Td>
      {explain && (
        <Table.Td role="cell">
          <Button
            size="compact-xs"
            variant={isExplained ? "filled" : "default"}
            aria-pressed={isExplained}
            aria-label={words.t("waiting.explainOf", { guest: name })}
            onClick={() => explain(isExplained ? undefined : conversationId)}
            data-testid="waiting-explain"
          >
            {words.t("waiting.explain")}
          </Button>
        </Table.Td>
      )}
    </Table.Tr>
  );
}

function Explained({ conversationId, close }: { conversationId: string; close(): void }) {
  const words = useWords();
  return (
    <Stack gap="xs" className="explained">
      <WhyWaiting key={conversationId} conversationId={conversationId} />
      <Group>
        <Button size="xs" variant="default" onClick={close} data-testid="waiting-explain-close">
          {words.t("chats.close")}
        </Button>
      </Group>
    </Stack>
  );
}
