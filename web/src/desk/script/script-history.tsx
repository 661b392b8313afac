// Every script that was gone through in a conversation, for whoever only reads.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Button, Loader, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { ScriptRunState, type ScriptRun } from "../../gen/onqueue/content/v1/script_run_pb";
import { faultOf } from "../../rpc/faults";
import type { DeskKey } from "../catalogues";
import { useDesk, useMay } from "../desk-context";
import { Dialog } from "../dialog";
import { FaultAlert } from "../fault-alert";
import { useWords } from "../words";
import { Answers } from "./answers-so-far";
import { Trail } from "./trail";
import { LOOK_AGAIN_MS } from "./use-script-run";

/** Opens what was answered. */
export function ScriptHistoryButton({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const may = useMay("scripter:publishedScript:view");
  const [opened, { open, close }] = useDisclosure(false);
  if (!may) return null;
  return (
    <>
      <Button size="xs" variant="default" onClick={open} data-testid="pane-script">
        {words.t("script.heading")}
      </Button>
      <Dialog title={words.t("script.heading")} opened={opened} close={close} size="lg">
        <History conversationId={conversationId} />
      </Dialog>
    </>
  );
}

function History({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const { clients } = useDesk();
  const list = useQuery({
    queryKey: ["script-run", conversationId, "all", words.locale],
    refetchInterval: LOOK_AGAIN_MS,
    queryFn: async ({ signal }) => (await clients.scriptRuns.listRuns({ conversationId, language: words.locale }, { signal })).runs,
  });
  return (
    <Stack gap="md" data-testid="script-runs">
      {list.isPending && <Loader />}
      <FaultAlert fault={list.error ? faultOf(list.error) : undefined} testId="script-runs-fault" />
      {list.isSuccess && list.data.length === 0 && <Text data-testid="script-runs-none">{words.t("script.noRuns")}</Text>}
      {list.data?.map((run) => (
        <PastRun key={run.runId} run={run} />
      ))}
    </Stack>
  );
}

const STATES: Partial<Record<ScriptRunState, DeskKey>> = {
  [ScriptRunState.COMPLETED]: "script.completed",
  [ScriptRunState.ENDED]: "script.givenUp",
};

function PastRun({ run }: { run: ScriptRun }) {
  const words = useWords();
  const { runId, scriptName, state, endedAt, startedAt } = run;
  const time = (at: typeof startedAt) => (at ? words.dateTime(timestampMs(at)) : "");
  const ended = STATES[state];
  return (
    <section aria-label={scriptName} data-testid="script-run" data-run={runId} data-state={ScriptRunState[state].toLowerCase()}>
      <Title order={3} size="h6" className="guest" dir="auto">
        {scriptName}
      </Title>
      <Trail run={run} />
      <Text size="xs" c="dimmed" mb="xs">
        {ended ? words.t(ended, { time: time(endedAt) }) : words.t("script.underWay", { time: time(startedAt) })}
      </Text>
      <Answers run={run} />
    </section>
  );
}
