// What is kept for how long: each queue's retention, and the conversations that have to be kept whatever it says.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Button, Group, Loader, Paper, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useDesk } from "../../desk/desk-context";
import { FaultAlert } from "../../desk/fault-alert";
import { keptSince } from "../../desk/records/kept-until";
import type { QueueRetention } from "../../gen/onqueue/session/v1/transcript_pb";
import { byName } from "../../i18n/collation";
import { faultOf } from "../../rpc/faults";
import { useHolds } from "../context";
import { PageTitle } from "../kit/page-title";
import { useAdminWords, type AdminKey, type AdminWords } from "../words";
import { HoldsPart } from "./legal-holds";

/** The service counts no further. */
const MOST_DUE = 1_000;

/** Retention of the queues, and for who may say so what has to be kept. */
export function RetentionPage() {
  const words = useAdminWords();
  const holds = useHolds();
  return (
    <>
      <PageTitle title={words.t("section.retention")} />
      <QueuesPart />
      {holds("recording:transcript:hold") && <HoldsPart />}
    </>
  );
}

function QueuesPart() {
  const words = useAdminWords();
  const holds = useHolds();
  const { clients } = useDesk();
  const read = useQuery({
    queryKey: ["retention"],
    queryFn: async ({ signal }) => (await clients.transcripts.getRetention({}, { signal })).queues,
  });
  return (
    <Paper component="section" withBorder p="md" aria-label={words.t("retention.title")} data-testid="part-retention">
      <Title order={3} size="h4" mb="sm">
        {words.t("retention.title")}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {words.t("retention.hint")}
      </Text>
      {read.isPending && <Loader size="sm" aria-label={words.t("loading")} data-testid="list-loading" />}
      {read.error && (
        <Group mb="sm">
          <FaultAlert fault={faultOf(read.error)} testId="retention-fault" />
          <Button size="xs" variant="default" onClick={() => void read.refetch()} data-testid="retention-retry">
            {words.t("tryAgain")}
          </Button>
        </Group>
      )}
      {read.data?.length === 0 && <Text data-testid="retention-none">{words.t("retention.none")}</Text>}
      {read.data && read.data.length > 0 && <QueueTable queues={read.data} now={read.dataUpdatedAt} />}
      {holds("routing:queue:view") && (
        <Link to="/administration/$section" params={{ section: "queues" }} className="beside-link" data-testid="retention-queues">
          {words.t(holds("routing:queue:edit") ? "retention.set" : "section.queues")}
        </Link>
      )}
    </Paper>
  );
}

interface Column {
  heading: AdminKey;
  text(queue: QueueRetention, now: number, words: AdminWords): string;
}

const COLUMNS: readonly Column[] = [
  { heading: "retention.for", text: ({ days }, _, words) => words.count("retention.days", days) },
  { heading: "retention.before", text: ({ days }, now, words) => words.dateTime(keptSince(days, now)) },
  { heading: "retention.due", text: ({ due }, _, words) => dueText(due, words) },
  { heading: "retention.erased", text: ({ erased }, _, words) => words.number(erased) },
  {
    heading: "retention.last",
    text: ({ lastErasedAt }, _, words) => (lastErasedAt ? words.dateTime(timestampMs(lastErasedAt)) : words.t("retention.never")),
  },
];

function dueText(due: number, words: AdminWords): string {
  const count = words.number(due);
  return due < MOST_DUE ? count : words.t("retention.dueMore", { count });
}

function QueueTable({ queues, now }: { queues: readonly QueueRetention[]; now: number }) {
  const words = useAdminWords();
  return (
    <Table className="stacks" role="table" verticalSpacing={6} horizontalSpacing="xs" data-testid="retention-table">
      <Table.Thead role="rowgroup">
        <Table.Tr role="row">
          <Table.Th role="columnheader" scope="col">
            {words.t("retention.queue")}
          </Table.Th>
          {COLUMNS.map(({ heading }) => (
            <Table.Th role="columnheader" scope="col" key={heading}>
              {words.t(heading)}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody role="rowgroup">
        {byName(queues, ({ queueName }) => queueName, words.locale).map((queue) => (
          <Table.Tr role="row" key={queue.queueId} data-testid="retention-queue" data-queue={queue.queueId}>
            <Table.Th role="rowheader" scope="row">
              <QueueName queue={queue} />
            </Table.Th>
            {COLUMNS.map(({ heading, text }) => (
              <Table.Td role="cell" key={heading} data-label={words.t(heading)}>
                {text(queue, now, words)}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** The way to where it is set, for who may go there. */
function QueueName({ queue: { queueId, queueName } }: { queue: QueueRetention }) {
  const holds = useHolds();
  if (!holds("routing:queue:view")) return <>{queueName}</>;
  return (
    <Link to="/administration/$section/$id" params={{ section: "queues", id: queueId }} className="cell-link" data-testid="retention-queue-link">
      {queueName}
    </Link>
  );
}
