// The queues in a table; in narrow windows one below the other.
import { Button, Table, Text } from "@mantine/core";
import type { QueueObservation } from "../../gen/onqueue/routing/v1/observation_pb";
import { useNow } from "../desk-context";
import { useWords } from "../words";
import { agentsByState, COLUMNS } from "./columns";

interface QueueTableProps {
  queues: readonly QueueObservation[];
  organisation: QueueObservation | undefined;
  /** The sentence behind a metric, once it is known. */
  definitionOf(metric: string): string | undefined;
  selected: string | undefined;
  /** Absent if its waiting conversations may not be seen. */
  select: ((queueId: string) => void) | undefined;
}

/** Live figures of each queue. */
export function QueueTable({ queues, organisation, definitionOf, selected, select }: QueueTableProps) {
  const words = useWords();
  const now = useNow();
  return (
    <Table className="stacks" role="table" verticalSpacing={6} horizontalSpacing="xs" data-testid="live-table">
      <Table.Thead role="rowgroup">
        <Table.Tr role="row">
          <Table.Th role="columnheader" scope="col">{words.t("live.queue")}</Table.Th>
          {COLUMNS.map(({ name, heading, metric }) => (
            <Table.Th role="columnheader" scope="col" key={name} title={definitionOf(metric)}>
              {words.t(heading)}
            </Table.Th>
          ))}
          <Table.Th role="columnheader" scope="col" title={definitionOf("agents")}>
            {words.t("live.agents")}
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody role="rowgroup">
        {organisation && <QueueRow queue={organisation} now={now} isSelected={false} select={undefined} />}
        {queues.map((queue) => (
          <QueueRow
            key={queue.queueId}
            queue={queue}
            now={now}
            isSelected={queue.queueId === selected}
            select={select && (() => select(queue.queueId))}
          />
        ))}
      </Table.Tbody>
    </Table>
  );
}

interface QueueRowProps {
  queue: QueueObservation;
  now: number;
  isSelected: boolean;
  select: (() => void) | undefined;
}

function QueueRow({ queue, now, isSelected, select }: QueueRowProps) {
  const words = useWords();
  const { queueId, queueName } = queue;
  const name = queueId === "" ? words.t("live.organisation") : queueName;
  return (
    <Table.Tr role="row" data-testid="live-queue" data-queue={queueId}>
      <Table.Th role="rowheader" scope="row">
        {select ? (
          <Button className="live-name" size="compact-sm" variant={isSelected ? "filled" : "subtle"} aria-pressed={isSelected} onClick={select} data-testid="live-choose">
            {name}
          </Button>
        ) : (
          <Text size="sm" fw={600}>{name}</Text>
        )}
      </Table.Th>
      {COLUMNS.map(({ name: column, heading, text }) => (
        <Table.Td role="cell" key={column} data-label={words.t(heading)} data-testid={`live-${column}`}>
          {text(queue, now, words)}
        </Table.Td>
      ))}
      <Table.Td role="cell" data-label={words.t("live.agents")} data-testid="live-agents">
        <Agents queue={queue} />
      </Table.Td>
    </Table.Tr>
  );
}

function Agents({ queue }: { queue: QueueObservation }) {
  const words = useWords();
  const states = agentsByState(queue.agents);
  if (states.length === 0) return words.t("live.agents.none");
  return (
    <div>
      {states.map(({ label, count }) => (
        <span key={label} className="agent-count">
          {words.t(label, { count: words.number(count) })}
        </span>
      ))}
    </div>
  );
}
