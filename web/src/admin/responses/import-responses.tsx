// Responses from a file: all of them, or none and every row that is wrong.
import { Alert, Button, FileInput, Group, Modal, Progress, Stack, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { browserTimers } from "../../core/timers";
import { newUuid } from "../../core/uuid";
import { FaultAlert } from "../../desk/fault-alert";
import { useAction } from "../../desk/use-action";
import { useWords } from "../../desk/words";
import { ImportMode, ImportState, type ImportProblem, type ImportResponsesResponse } from "../../gen/onqueue/content/v1/response_transfer_pb";
import { useAdmin, useHolds } from "../context";
import { Choice, type Choices } from "../kit/choice";
import { PickOne } from "../kit/pickers";
import { useAdminWords } from "../words";
import { mistakeText } from "./mistake-text";
import { formatOf, MOST_BYTES, sendImport } from "./transfer";

const MODES: Choices = [
  [ImportMode.ADD, "import.add"],
  [ImportMode.UPDATE, "import.update"],
];

/** Opens the form. */
export function ImportResponses() {
  const words = useAdminWords();
  const holds = useHolds();
  const [opened, { open, close }] = useDisclosure(false);
  if (!holds("responses:response:add")) return null;
  return (
    <>
      <Button size="xs" variant="default" onClick={open} data-testid="responses-import">
        {words.t("import.button")}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={words.t("import.title")}
        size="xl"
        closeButtonProps={{ "aria-label": words.t("close") }}
        transitionProps={{ duration: 0 }}
      >
        <ImportForm close={close} />
      </Modal>
    </>
  );
}

function ImportForm({ close }: { close(): void }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const [file, setFile] = useState<File | null>(null);
  const [libraryId, setLibrary] = useState("");
  const [mode, setMode] = useState<ImportMode>(ImportMode.ADD);
  const sending = useSending();
  const isTooLarge = file !== null && file.size > MOST_BYTES;
  const [wasAsked, setAsked] = useState(false);
  const toChoose = (isChosen: boolean) => (wasAsked && !isChosen ? words.t("violation.choose") : undefined);
  const send = () => (file && libraryId !== "" && !isTooLarge ? sending.send({ file, libraryId, mode }) : setAsked(true));
  const isDone = sending.answer?.state === ImportState.IMPORTED;
  const changing = <V,>(set: (value: V) => void) => (value: V) => {
    sending.renew();
    set(value);
  };
  return (
    <Stack gap="sm" data-testid="responses-import-form">
      <FileInput
        label={words.t("import.file")}
        description={words.t("import.fileHint")}
        accept=".csv,.json,.tsv,text/csv,application/json"
        placeholder={words.t("choose")}
        value={file}
        onChange={changing(setFile)}
        disabled={sending.busy}
        error={isTooLarge ? words.t("import.tooLarge") : toChoose(file !== null)}
      />
      <PickOne
        resource={resources.libraries}
        label={words.t("kind.library")}
        value={libraryId}
        onChange={changing(setLibrary)}
        disabled={sending.busy}
        error={toChoose(libraryId !== "")}
        data-testid="import-library"
      />
      <Choice label={words.t("import.mode")} choices={MODES} value={mode} onChange={changing(setMode)} disabled={sending.busy} data-testid="import-mode" />
      {sending.busy && <Progress value={sending.done * 100} aria-label={words.t("import.progress")} transitionDuration={0} />}
      <div role="status">{sending.answer && <Outcome answer={sending.answer} />}</div>
      <FaultAlert fault={sending.fault} testId="import-fault" />
      <Group justify="flex-end">
        <Button variant="default" onClick={close} data-testid="import-close">
          {words.t(isDone ? "close" : "cancel")}
        </Button>
        <Button onClick={send} disabled={sending.answer !== undefined} loading={sending.busy} data-testid="import-yes">
          {words.t("import.yes")}
        </Button>
      </Group>
    </Stack>
  );
}

interface Chosen {
  file: File;
  libraryId: string;
  mode: ImportMode;
}

/** Sends what is chosen; closing the form stops it. */
function useSending() {
  const { clients } = useAdmin();
  const queries = useQueryClient();
  const action = useAction();
  const [requestId, setRequestId] = useState(newUuid);
  const [done, setDone] = useState(0);
  const [answer, setAnswer] = useState<ImportResponsesResponse>();
  const given = useRef(new AbortController());
  useEffect(() => {
    const round = new AbortController();
    given.current = round;
    return () => round.abort();
  }, []);
  const send = ({ file, libraryId, mode }: Chosen) =>
    action.run(async () => {
      setDone(0);
      const content = new Uint8Array(await file.arrayBuffer());
      const asked = { requestId, libraryId, mode, format: formatOf(file.name), content };
      const { signal } = given.current;
      const came = await sendImport(asked, { client: clients.responseTransfer, timers: browserTimers, progress: setDone, signal });
      setAnswer(came);
      if (came.state === ImportState.IMPORTED) void queries.invalidateQueries({ queryKey: ["response", "list"] });
    });
  const renew = () => {
    setRequestId(newUuid());
    setAnswer(undefined);
  };
  return { ...action, done, answer, send, renew };
}

function Outcome({ answer }: { answer: ImportResponsesResponse }) {
  const words = useAdminWords();
  const { state, added, changed, unchanged, problems, problemCount } = answer;
  if (state === ImportState.IMPORTED) {
    return (
      <Alert color="green" p="xs" data-testid="import-done" data-added={added} data-changed={changed} data-unchanged={unchanged}>
        {words.t("import.done", { added: words.number(added), changed: words.number(changed), unchanged: words.number(unchanged) })}
      </Alert>
    );
  }
  return (
    <Stack gap="xs" data-testid="import-refused" data-problems={problemCount}>
      <Alert color="red" p="xs">
        {words.count("import.refused", problemCount)}
      </Alert>
      <Problems problems={problems} />
      {problems.length < problemCount && (
        <Text size="sm" data-testid="import-more">
          {words.t("import.more", { shown: words.number(problems.length), all: words.number(problemCount) })}
        </Text>
      )}
    </Stack>
  );
}

function Problems({ problems }: { problems: readonly ImportProblem[] }) {
  const words = useAdminWords();
  return (
    <Table layout="fixed" className="problems">
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col" className="problem-line">
            {words.t("import.line")}
          </Table.Th>
          <Table.Th scope="col" className="problem-place">
            {words.t("import.column")}
          </Table.Th>
          <Table.Th scope="col">{words.t("script.problem")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {problems.map((problem, index) => (
          <ProblemRow key={index} problem={problem} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function ProblemRow({ problem }: { problem: ImportProblem }) {
  const words = useAdminWords();
  const desk = useWords();
  const { line, column, columnNumber, reason, mistake, message } = problem;
  const said = mistakeText(problem, words, desk);
  return (
    <Table.Tr data-testid="import-problem" data-line={line} data-column={column} data-reason={reason} data-mistake={mistake}>
      <Table.Td>{words.number(line)}</Table.Td>
      <Table.Td className="guest">
        {column || words.t("import.wholeRow")}
        {columnNumber > 0 && ` (${words.number(columnNumber)})`}
      </Table.Td>
      {/* What only a later service knows, it says in English. */}
      <Table.Td className="guest" {...(said === undefined ? { lang: "en" } : {})}>
        {said ?? message}
      </Table.Td>
    </Table.Tr>
  );
}
