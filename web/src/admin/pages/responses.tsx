// Responses: the list, and one response with its texts, substitutions and a preview.
import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Fieldset, Group, NativeSelect, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { useSearch } from "@tanstack/react-router";
import { SubstitutionSchema, VariantSchema, type Response, type Substitution } from "../../gen/onqueue/content/v1/response_pb";
import { useAdmin, useHolds } from "../context";
import type { Fields, ValueProps } from "../kit/fields";
import { AddButton, RemoveButton, TextsByLanguage } from "../kit/languages";
import { PickMany, PickOne } from "../kit/pickers";
import { ResourceList } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import { NEVER_USED } from "../resources/content";
import { KNOWN_NAMES, undeclared } from "../resources/response-rules";
import { ExportResponses } from "../responses/export-responses";
import { ImportResponses } from "../responses/import-responses";
import { useAdminWords } from "../words";
import { PreviewPart } from "./preview";

/** The responses. */
export function ResponseList() {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const holds = useHolds();
  const { library = "" } = useSearch({ from: "/administration/$section" });
  return (
    <ResourceList
      section="responses"
      titleKey="section.responses"
      resource={resources.responses}
      actions={
        <>
          <ImportResponses />
          <ExportResponses key={library} libraryId={library} />
        </>
      }
      filters={(filter, narrow) => (
        <>
          {holds(resources.libraries.needs.view) && (
            <PickOne
              resource={resources.libraries}
              label={words.t("kind.library")}
              none={words.t("filter.all")}
              value={filter.library}
              onChange={(chosen) => narrow({ library: chosen })}
              data-testid="filter-library"
            />
          )}
          <NativeSelect
            label={words.t("response.filterUse")}
            data={[
              { value: "", label: words.t("filter.all") },
              { value: NEVER_USED, label: words.t("response.neverUsed") },
            ]}
            value={filter.state}
            onChange={(event) => narrow({ state: event.currentTarget.value })}
            data-testid="filter-state"
          />
        </>
      )}
      columns={[
        { key: "field.shortcut", cell: ({ shortcut }) => <span className="code">{shortcut}</span> },
        {
          key: "response.languages",
          cell: ({ variants }) => words.list(variants.map(({ language }) => words.languageName(language))),
          isExtra: true,
        },
        { key: "field.tags", cell: ({ tags }) => words.list(tags), isExtra: true },
        { key: "response.uses", cell: ({ uses }) => <span data-testid="uses">{words.number(uses)}</span> },
        {
          key: "response.lastUsed",
          cell: ({ lastUsedAt }) => (lastUsedAt ? words.date(timestampMs(lastUsedAt)) : words.t("response.never")),
          isExtra: true,
        },
      ]}
    />
  );
}

/** One response. */
export function ResponsePage({ id }: { id: string }) {
  const { resources } = useAdmin();
  return (
    <ResourcePage
      section="responses"
      resource={resources.responses}
      id={id}
      form={(fields) => <ResponseForm fields={fields} />}
      beside={(response) => (
        <>
          <Uses response={response} />
          <PreviewPart key={response.etag} response={response} />
        </>
      )}
    />
  );
}

function Uses({ response }: { response: Response }) {
  const words = useAdminWords();
  const { uses, lastUsedAt } = response;
  return (
    <Text mt="md" data-testid="use-count">
      {words.count("response.usedTimes", Number(uses))}
      {lastUsedAt && ` ${words.t("response.usedLast", { date: words.dateTime(timestampMs(lastUsedAt)) })}`}
    </Text>
  );
}

function ResponseForm({ fields }: { fields: Fields<Response> }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const variants = fields.value("variants");
  const substitutions = fields.value("substitutions");
  return (
    <Stack gap="sm">
      <TextInput {...fields.text("name")} required autoComplete="off" />
      <TextInput {...fields.text("shortcut")} description={words.t("response.shortcutHint")} autoComplete="off" />
      <PickMany {...fields.value("libraryIds")} resource={resources.libraries} />
      <TextsByLanguage
        {...variants}
        texts={variants.value}
        wrong={fields.wrongText("variants")}
        onChange={(texts) => variants.onChange(texts.map((text) => create(VariantSchema, text)))}
        description={words.t("response.textHint", { names: words.list(KNOWN_NAMES.map(inBraces)) })}
      />
      <Substitutions {...substitutions} missing={undeclared(variants.value.map(({ text }) => text), substitutions.value.map(({ name }) => name))} />
      <TagsInput {...fields.value("tags")} description={words.t("response.tagsHint")} comboboxProps={{ transitionProps: { duration: 0 } }} />
    </Stack>
  );
}

const inBraces = (name: string) => `{{${name}}}`;

type SubstitutionsProps = ValueProps<Substitution[]> & { missing: readonly string[] };

function Substitutions({ label, value, onChange, error, disabled, missing }: SubstitutionsProps) {
  const words = useAdminWords();
  const put = (at: number, part: Partial<Substitution>) =>
    onChange(value.map((each, index) => (index === at ? { ...each, ...part } : each)));
  const add = (name: string) => onChange([...value, create(SubstitutionSchema, { name })]);
  return (
    <Fieldset legend={label} className="group" data-testid="field-substitutions">
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {words.t("response.substitutionsHint")}
        </Text>
        {value.map((substitution, index) => (
          <SubstitutionRow
            key={index}
            substitution={substitution}
            disabled={disabled}
            put={(part) => put(index, part)}
            remove={() => onChange(value.filter((_, other) => other !== index))}
          />
        ))}
        {error && (
          <Text size="sm" c="red.9" role="alert">
            {error}
          </Text>
        )}
        {!disabled && (
          <Group gap="xs">
            {missing.map((name) => (
              <AddButton key={name} label={words.t("response.declare", { name })} add={() => add(name)} testId={`declare-${name}`} />
            ))}
            <AddButton label={words.t("response.addSubstitution")} add={() => add("")} testId="substitution-add" />
          </Group>
        )}
      </Stack>
    </Fieldset>
  );
}

interface RowProps {
  substitution: Substitution;
  disabled: boolean;
  put(part: Partial<Substitution>): void;
  remove(): void;
}

function SubstitutionRow({ substitution, disabled, put, remove }: RowProps) {
  const words = useAdminWords();
  const { name, description, defaultValue } = substitution;
  return (
    <Group gap="xs" align="flex-end" className="row" data-testid="substitution">
      <TextInput
        label={words.t("field.name")}
        className="code"
        value={name}
        maxLength={50}
        disabled={disabled}
        onChange={(event) => put({ name: event.currentTarget.value.toUpperCase() })}
        data-testid="substitution-name"
      />
      <TextInput
        className="grow"
        label={words.t("field.description")}
        value={description}
        disabled={disabled}
        onChange={(event) => put({ description: event.currentTarget.value })}
        data-testid="substitution-description"
      />
      <TextInput
        label={words.t("response.default")}
        value={defaultValue}
        disabled={disabled}
        onChange={(event) => put({ defaultValue: event.currentTarget.value })}
        data-testid="substitution-default"
      />
      {!disabled && <RemoveButton label={words.t("response.removeSubstitution", { name })} remove={remove} testId="substitution-remove" />}
    </Group>
  );
}
