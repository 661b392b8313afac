// The supervisor's live page: all queues as they are now, and who waits in one of them.
import { Alert, Box, Group, Loader, NativeSelect, Stack, Text, Title } from "@mantine/core";
import { byName } from "../../i18n/collation";
import { useMay } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useKept } from "../use-kept";
import { useWords } from "../words";
import type { BoardSnapshot } from "./board";
import { Definitions, useDefinitions } from "./definitions";
import { QueueTable } from "./queue-table";
import { useBoard } from "./use-board";
import { WaitingList } from "./waiting-list";

/** The spans over which a supervisor may look back, in minutes. */
const WINDOWS = [5, 15, 30, 60] as const;

const isWindow = (minutes: number) => WINDOWS.some((each) => each === minutes);
const isText = (value: unknown) => typeof value === "string";

/** Live figures. */
export function LivePage() {
  const words = useWords();
  const [minutes, setMinutes] = useKept<number>("window", 15, isWindow);
  const board = useBoard(minutes * 60);
  return (
    <Box className="live">
      <Stack gap="md">
        <Group justify="space-between" align="flex-end">
          <Title order={2} size="h5">
            {words.t("live.heading")}
          </Title>
          <NativeSelect
            size="sm"
            label={words.t("live.window")}
            data={WINDOWS.map((each) => ({ value: String(each), label: words.count("live.minutes", each) }))}
            value={String(minutes)}
            onChange={(event) => setMinutes(Number(event.currentTarget.value))}
            data-testid="live-window"
          />
        </Group>
        <Standing board={board} />
        <Figures board={board} />
      </Stack>
    </Box>
  );
}

/** Whether what is shown is new. */
function Standing({ board }: { board: BoardSnapshot }) {
  const words = useWords();
  const { connection, known, fault, at } = board;
  if (fault) return <FaultAlert fault={fault} testId="live-fault" />;
  if (connection === "reconnecting") {
    return (
      <Alert color="yellow" p="xs" role="status" data-testid="live-reconnecting">
        {words.t(known ? "live.reconnecting" : "desk.reconnecting", { time: at === undefined ? "" : words.clockTime(at) })}
      </Alert>
    );
  }
  return known ? null : <Loader aria-label={words.t("live.loading")} data-testid="live-loading" />;
}

function Figures({ board }: { board: BoardSnapshot }) {
  const words = useWords();
  const definitions = useDefinitions();
  const maySeeWaiting = useMay("routing:queue:view");
  const [chosen, choose] = useKept<string | undefined>("liveQueue", undefined, isText);
  if (!board.known) return null;
  if (board.queues.length === 0) return <Text c="dimmed" data-testid="live-none">{words.t("live.none")}</Text>;
  const queue = board.queues.find(({ queueId }) => queueId === chosen);
  return (
    <>
      <QueueTable
        queues={byName(board.queues, ({ queueName }) => queueName, words.locale)}
        organisation={board.queues.length > 1 ? board.organisation : undefined}
        definitionOf={(metric) => definitions.get(metric)}
        selected={queue?.queueId}
        select={maySeeWaiting ? (queueId) => choose(queueId === chosen ? undefined : queueId) : undefined}
      />
      {maySeeWaiting && !queue && <Text c="dimmed">{words.t("live.choose")}</Text>}
      {maySeeWaiting && queue && <WaitingList key={queue.queueId} queue={queue} />}
      <Definitions definitions={definitions} />
    </>
  );
}
