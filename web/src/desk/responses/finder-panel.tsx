// What the finder shows above the text box.
import { Button, Group, Kbd, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import type { FoundResponse } from "../../gen/onqueue/content/v1/response_pb";
import { FaultAlert } from "../fault-alert";
import { useWords } from "../words";
import type { Finder, Incomplete } from "./use-finder";

/** The id of the list, for the text box. */
export const FOUND_LIST = "found-responses";

/** The id of one that was found. */
export function foundId(index: number): string {
  return `found-response-${index}`;
}

/** The responses that fit, and the form for what is missing in one. */
export function FinderPanel({ finder }: { finder: Finder }) {
  const words = useWords();
  const { isOpen, isSearching, found, active, fault, incomplete } = finder;
  return (
    <>
      {isOpen && (
        <div className="finder" data-testid="finder" data-state={isSearching ? "searching" : "found"}>
          <div role="listbox" id={FOUND_LIST} aria-label={words.t("finder.label")}>
            {found.map((each, index) => (
              <Found key={each.response?.responseId} found={each} index={index} isActive={index === active} choose={finder.choose} />
            ))}
          </div>
          <Group justify="space-between" gap="xs" px="sm" py={4}>
            <Text size="xs" c="dimmed" role="status" data-testid="finder-status">
              {isSearching ? words.t("finder.searching") : words.count("finder.found", found.length)}
            </Text>
            <Group gap={4} aria-hidden="true" className="wide-keys">
              <Kbd size="xs">↑↓</Kbd>
              <Kbd size="xs">↵</Kbd>
              <Kbd size="xs">Esc</Kbd>
            </Group>
          </Group>
          <FaultAlert fault={fault} testId="finder-fault" />
        </div>
      )}
      {incomplete && <MissingValues key={incomplete.names.join()} finder={finder} incomplete={incomplete} />}
    </>
  );
}

interface FoundProps {
  found: FoundResponse;
  index: number;
  isActive: boolean;
  choose(index: number): void;
}

function Found({ found, index, isActive, choose }: FoundProps) {
  const { response, preview, language } = found;
  return (
    <div
      role="option"
      id={foundId(index)}
      aria-selected={isActive}
      className="found"
      // The text box keeps the focus.
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => choose(index)}
      data-testid="found-response"
    >
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" fw={600} truncate>
          {response?.name}
        </Text>
        {response?.shortcut && (
          <Text size="xs" className="no-shrink">
            {`/${response.shortcut}`}
          </Text>
        )}
      </Group>
      <Text size="xs" truncate lang={language} className="found-preview">
        {preview}
      </Text>
    </div>
  );
}

function MissingValues({ finder, incomplete }: { finder: Finder; incomplete: Incomplete }) {
  const words = useWords();
  const [values, setValues] = useState<Record<string, string>>({});
  const isComplete = incomplete.names.every((name) => (values[name] ?? "").trim() !== "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    if (isComplete) finder.complete(values);
  };
  return (
    <Modal
      opened
      onClose={finder.giveUp}
      title={words.t("finder.missingTitle")}
      closeButtonProps={{ "aria-label": words.t("chats.close") }}
      centered
      transitionProps={{ duration: 0 }}
    >
      <form onSubmit={submit} noValidate data-testid="missing-values">
        <Stack gap="sm">
          <Text>{words.t("finder.missing", { name: incomplete.found.response?.name ?? "" })}</Text>
          {incomplete.names.map((name, index) => (
            <TextInput
              key={name}
              label={descriptionOf(incomplete.found, name) || name}
              description={name}
              required
              value={values[name] ?? ""}
              onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
              {...(index === 0 ? { "data-autofocus": true } : {})}
              data-testid={`missing-${name}`}
            />
          ))}
          <FaultAlert fault={finder.fault} testId="missing-fault" />
          <Group justify="flex-end">
            <Button variant="default" onClick={finder.giveUp} data-testid="missing-cancel">
              {words.t("finder.cancel")}
            </Button>
            <Button type="submit" disabled={!isComplete} loading={finder.isRendering} data-testid="missing-insert">
              {words.t("finder.insert")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function descriptionOf({ response }: FoundResponse, name: string): string {
  return response?.substitutions.find((substitution) => substitution.name === name)?.description ?? "";
}
