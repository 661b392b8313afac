// Deployments: the list, and one deployment with its origins, queues, greetings and the snippet to copy.
import { create } from "@bufbuild/protobuf";
import { Badge, Fieldset, Paper, Stack, Switch, TagsInput, Text, TextInput, Title } from "@mantine/core";
import type { Deployment } from "../../gen/onqueue/auth/v1/deployment_pb";
import { DeploymentQueueSchema, type DeploymentQueue } from "../../gen/onqueue/auth/v1/trust_pb";
import { useAdmin } from "../context";
import { CopyLine } from "../kit/copy-line";
import type { Fields, ValueProps } from "../kit/fields";
import { AddButton, LanguagesSelect, mapOf, textsOf, TextsByLanguage } from "../kit/languages";
import { Name, PickMany, PickOne } from "../kit/pickers";
import { ResourceList } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import { useAdminWords } from "../words";
import { IdentityKeysPart } from "./identity-keys";
import { DivisionFilter } from "./users";

/** The deployments. */
export function DeploymentList() {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourceList
      section="deployments"
      titleKey="section.deployments"
      resource={resources.deployments}
      filters={(filter, narrow) => <DivisionFilter filter={filter} narrow={narrow} resources={resources} />}
      columns={[
        { key: "field.divisionId", cell: ({ divisionId }) => <Name resource={resources.divisions} id={divisionId} />, isExtra: true },
        { key: "field.origins", cell: ({ origins }) => words.number(origins.length), isExtra: true },
        { key: "field.state", cell: ({ enabled }) => <EnabledBadge isEnabled={enabled} /> },
      ]}
    />
  );
}

/** Whether something is switched on. */
export function EnabledBadge({ isEnabled }: { isEnabled: boolean }) {
  const words = useAdminWords();
  return (
    <Badge color={isEnabled ? "green" : "gray"} variant="light" c="var(--mantine-color-text)" tt="none">
      {words.t(isEnabled ? "enabled.on" : "enabled.off")}
    </Badge>
  );
}

/** One deployment. */
export function DeploymentPage({ id }: { id: string }) {
  const { resources } = useAdmin();
  return (
    <ResourcePage
      section="deployments"
      resource={resources.deployments}
      id={id}
      form={(fields) => <DeploymentForm fields={fields} />}
      beside={(deployment, adopt) => (
        <>
          <Snippet deploymentId={deployment.deploymentId} />
          <IdentityKeysPart deployment={deployment} changed={adopt} />
        </>
      )}
    />
  );
}

/** The tag that a web site puts into its pages. */
export function snippetOf(origin: string, deploymentId: string): string {
  return `<script src="${origin}/messenger.js" data-deployment="${deploymentId}" async></script>`;
}

function Snippet({ deploymentId }: { deploymentId: string }) {
  const words = useAdminWords();
  return (
    <Paper component="section" className="part" withBorder p="md" mt="lg" aria-label={words.t("snippet.title")} data-testid="part-snippet">
      <Title order={3} size="h4" mb="sm">
        {words.t("snippet.title")}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {words.t("snippet.hint")}
      </Text>
      <CopyLine label={words.t("snippet.label")} text={snippetOf(location.origin, deploymentId)} testId="snippet" />
      <Text mt="sm" size="sm">
        <a href={`/chat?deployment=${deploymentId}`} target="_blank" rel="noopener noreferrer" data-testid="snippet-try">
          {words.t("snippet.try")}
        </a>
      </Text>
    </Paper>
  );
}

function DeploymentForm({ fields }: { fields: Fields<Deployment> }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const greetings = fields.value("greetings");
  return (
    <Stack gap="sm">
      <TextInput {...fields.text("name")} description={words.t("deployment.nameHint")} required autoComplete="off" />
      <PickOne {...fields.value("divisionId")} resource={resources.divisions} />
      <Switch {...fields.flag("enabled")} description={words.t("deployment.enabledHint")} />
      <TagsInput
        {...fields.value("origins")}
        description={words.t("deployment.originsHint")}
        splitChars={[",", " ", ";"]}
        acceptValueOnBlur
        comboboxProps={{ transitionProps: { duration: 0 } }}
      />
      <QueueRows {...fields.value("queues")} />
      <TextsByLanguage
        {...greetings}
        texts={textsOf(greetings.value)}
        onChange={(texts) => greetings.onChange(mapOf(texts))}
        description={words.t("deployment.greetingsHint")}
      />
    </Stack>
  );
}

function QueueRows({ label, value, onChange, error, disabled }: ValueProps<DeploymentQueue[]>) {
  const words = useAdminWords();
  const put = (at: number, part: Partial<DeploymentQueue>) =>
    onChange(value.map((each, index) => (index === at ? { ...each, ...part } : each)));
  return (
    <Fieldset legend={label} className="group" data-testid="field-queues">
      <Stack gap="md">
        {value.map((queue, index) => (
          <QueueRow
            key={index}
            queue={queue}
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
          <AddButton
            label={words.t("deployment.addQueue")}
            add={() => onChange([...value, create(DeploymentQueueSchema, { labels: { [words.locale]: "" } })])}
            testId="queue-add"
          />
        )}
      </Stack>
    </Fieldset>
  );
}

interface QueueRowProps {
  queue: DeploymentQueue;
  disabled: boolean;
  put(part: Partial<DeploymentQueue>): void;
  remove(): void;
}

function QueueRow({ queue, disabled, put, remove }: QueueRowProps) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <Paper withBorder p="sm" data-testid="deployment-queue">
      <Stack gap="sm">
        <PickOne
          resource={resources.queues}
          label={words.t("kind.queue")}
          value={queue.queueId}
          onChange={(queueId) => put({ queueId })}
          disabled={disabled}
          data-testid="queue-choice"
        />
        <TextsByLanguage
          label={words.t("deployment.labels")}
          texts={textsOf(queue.labels)}
          onChange={(texts) => put({ labels: mapOf(texts) })}
          disabled={disabled}
          isShort
          data-testid="queue-label"
        />
        <LanguagesSelect
          label={words.t("deployment.languages")}
          value={queue.languages}
          onChange={(languages) => put({ languages })}
          disabled={disabled}
          data-testid="queue-languages"
        />
        <PickMany
          resource={resources.skills}
          label={words.t("deployment.skills")}
          value={queue.skillIds}
          onChange={(skillIds) => put({ skillIds })}
          disabled={disabled}
          data-testid="queue-skills"
        />
        {!disabled && <AddButton label={words.t("deployment.removeQueue")} add={remove} testId="queue-remove" />}
      </Stack>
    </Paper>
  );
}
