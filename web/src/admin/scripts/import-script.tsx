// A script from a file: what is wrong with it is shown before anything is made.
import { Button, FileInput, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { newUuid } from "../../core/uuid";
import { FaultAlert } from "../../desk/fault-alert";
import { useAction } from "../../desk/use-action";
import { useAdmin, useHolds } from "../context";
import { PickOne } from "../kit/pickers";
import { present } from "../kit/resource";
import { useAdminWords } from "../words";
import { byteLength, fitting, MOST_BYTES } from "./document";
import { MissingNames } from "./missing-names";
import { ProblemTable } from "./problem-table";
import { useProblems } from "./use-problems";

/** Opens the form. */
export function ImportScript() {
  const words = useAdminWords();
  const holds = useHolds();
  const [opened, { open, close }] = useDisclosure(false);
  if (!holds("scripter:script:add")) return null;
  return (
    <>
      <Button size="xs" variant="default" onClick={open} data-testid="script-import">
        {words.t("script.import")}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={words.t("script.import")}
        size="xl"
        closeButtonProps={{ "aria-label": words.t("close") }}
        transitionProps={{ duration: 0 }}
      >
        <ImportForm close={close} />
      </Modal>
    </>
  );
}

interface Chosen {
  text: string;
  divisionId: string;
  name: string;
  /** One for what is chosen: something else is another request. */
  requestId: string;
}

const NOTHING = { text: "", divisionId: "", name: "" };

function ImportForm({ close }: { close(): void }) {
  const words = useAdminWords();
  const [chosen, setChosen] = useState<Chosen>(() => ({ ...NOTHING, requestId: newUuid() }));
  const put = (part: Partial<Chosen>) => setChosen((held) => ({ ...held, ...part, requestId: newUuid() }));
  const importing = useImport(chosen, close);
  const { text, divisionId } = chosen;
  const [wasAsked, setAsked] = useState(false);
  const isTooLarge = byteLength(fitting(text)) > MOST_BYTES;
  const isReady = text !== "" && divisionId !== "" && !isTooLarge;
  const take = () => (isReady ? importing.take() : setAsked(true));
  return (
    <Stack gap="sm" data-testid="script-import-form">
      <Inputs chosen={chosen} put={put} isTooLarge={isTooLarge} wasAsked={wasAsked} />
      {text !== "" && <Check text={text} />}
      <FaultAlert fault={importing.fault} testId="script-import-fault" />
      <Group justify="flex-end">
        <Button variant="default" onClick={close} data-testid="script-import-no">
          {words.t("cancel")}
        </Button>
        <Button onClick={take} loading={importing.busy} data-testid="script-import-yes">
          {words.t("script.importYes")}
        </Button>
      </Group>
    </Stack>
  );
}

/** Makes the script and goes to it. */
function useImport({ text, divisionId, name, requestId }: Chosen, close: () => void) {
  const { clients } = useAdmin();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const action = useAction();
  const take = () =>
    action.run(async () => {
      const asked = { requestId, divisionId, name: name.trim(), content: fitting(text) };
      const { scriptId } = present((await clients.scripts.importScript(asked)).script);
      void queries.invalidateQueries({ queryKey: ["script", "list"] });
      close();
      await navigate({ to: "/administration/$section/$id", params: { section: "scripts", id: scriptId } });
    });
  return { ...action, take };
}

interface InputsProps {
  chosen: Chosen;
  put(part: Partial<Chosen>): void;
  isTooLarge: boolean;
  /** Whether somebody has tried to import: then what is not chosen yet says so. */
  wasAsked: boolean;
}

function Inputs({ chosen, put, isTooLarge, wasAsked }: InputsProps) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const toChoose = (value: string) => (wasAsked && value === "" ? words.t("violation.choose") : undefined);
  const read = async (file: File | null) => put({ text: file ? await file.text() : "" });
  return (
    <>
      <FileInput
        label={words.t("script.file")}
        description={words.t("script.fileHint")}
        accept="application/json,.json"
        placeholder={words.t("choose")}
        onChange={(file) => void read(file)}
        error={isTooLarge ? words.t("violation.document", { most: MOST_BYTES }) : toChoose(chosen.text)}
        data-testid="script-file"
      />
      <PickOne
        resource={resources.divisions}
        label={words.t("field.divisionId")}
        value={chosen.divisionId}
        onChange={(divisionId) => put({ divisionId })}
        error={toChoose(chosen.divisionId)}
        data-testid="script-import-division"
      />
      <TextInput
        label={words.t("field.name")}
        description={words.t("script.nameHint")}
        value={chosen.name}
        maxLength={100}
        onChange={(event) => put({ name: event.currentTarget.value })}
        data-testid="script-import-name"
      />
    </>
  );
}

/** What is wrong with the file. */
function Check({ text }: { text: string }) {
  const words = useAdminWords();
  const { problems, mentions, isCurrent, fault } = useProblems(text);
  const found = problems.length === 0 ? words.t("script.noProblems") : words.count("script.problemCount", problems.length);
  return (
    <section aria-label={words.t("script.problems")} data-testid="script-import-check" data-current={isCurrent}>
      <Text size="sm" role="status">
        {isCurrent && found}
      </Text>
      <FaultAlert fault={fault} testId="script-check-fault" />
      {problems.length > 0 && <ProblemTable problems={problems} />}
      <MissingNames mentions={mentions} />
    </section>
  );
}
