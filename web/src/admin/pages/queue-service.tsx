// What a queue asks of its agents after a chat, and promises to those who wait: target, opening hours, messages.
import { create } from "@bufbuild/protobuf";
import { Group, Stack, Switch } from "@mantine/core";
import {
  AfterContactMode,
  AfterContactSchema,
  InQueueMessageSchema,
  MessageTextSchema,
  ServiceTargetSchema,
  type AfterContact,
  type InQueueMessage,
  type Queue,
  type ServiceTarget,
} from "../../gen/onqueue/routing/v1/queue_pb";
import { useAdmin, useHolds } from "../context";
import { Choice, type Choices } from "../kit/choice";
import type { Fields } from "../kit/fields";
import { TextsByLanguage } from "../kit/languages";
import { NumberField } from "../kit/number-field";
import { PickOne } from "../kit/pickers";
import { Rows } from "../kit/rows";
import { Seconds } from "../kit/seconds";
import { useAdminWords } from "../words";
import { AFTER_CONTACT } from "./queue-choices";

interface PartProps {
  fields: Fields<Queue>;
}

/** What those who wait are promised and told. */
export function WaitingSettings({ fields }: PartProps) {
  const words = useAdminWords();
  const holds = useHolds();
  const { resources } = useAdmin();
  return (
    <>
      <Target fields={fields} />
      {holds("routing:scheduleGroup:view") && (
        <PickOne {...fields.value("scheduleGroupId")} resource={resources.scheduleGroups} none={words.t("queue.alwaysOpen")} />
      )}
      <Messages fields={fields} />
    </>
  );
}

const WITH_TIME: ReadonlySet<AfterContactMode> = new Set([
  AfterContactMode.MANDATORY_TIMEOUT,
  AfterContactMode.MANDATORY_FORCED,
  AfterContactMode.AGENT_REQUESTED,
]);

/** What agents do after a chat. */
export function AfterContactPart({ fields }: PartProps) {
  const words = useAdminWords();
  const { value, onChange, ...input } = fields.value("afterContact");
  const work = value ?? create(AfterContactSchema);
  const put = (part: Partial<AfterContact>) => onChange({ ...work, ...part });
  const { disabled } = input;
  return (
    <>
      <Choice {...input} choices={AFTER_CONTACT} value={work.mode} onChange={(mode) => put({ mode, timeoutMs: 0n })} />
      {WITH_TIME.has(work.mode) && (
        <Seconds
          label={words.t("queue.afterContactTime")}
          description={words.t("queue.afterContactHint")}
          value={work.timeoutMs}
          disabled={disabled}
          onChange={(timeoutMs) => put({ timeoutMs })}
          data-testid="after-contact-time"
        />
      )}
      {work.mode > AfterContactMode.OPTIONAL && (
        <Switch
          label={words.t("queue.holdsSlot")}
          checked={work.holdsSlot}
          disabled={disabled}
          onChange={(event) => put({ holdsSlot: event.currentTarget.checked })}
          data-testid="after-contact-slot"
        />
      )}
    </>
  );
}

const USUAL_TARGET = { withinMs: 20_000n, shortAbandonMs: 5_000n };

function Target({ fields }: PartProps) {
  const words = useAdminWords();
  const { value, onChange, label, error, disabled } = fields.value("serviceTarget");
  const target = value ?? create(ServiceTargetSchema, USUAL_TARGET);
  const put = (part: Partial<ServiceTarget>) => onChange({ ...target, ...part });
  return (
    <Group className="row" align="flex-end">
      <Seconds label={label} error={error} disabled={disabled} value={target.withinMs} onChange={(withinMs) => put({ withinMs })} data-testid="field-serviceTarget" />
      <Seconds
        label={words.t("queue.shortAbandon")}
        disabled={disabled}
        value={target.shortAbandonMs}
        onChange={(shortAbandonMs) => put({ shortAbandonMs })}
        data-testid="short-abandon"
      />
    </Group>
  );
}

const DUE = ["afterMs", "everyMs", "positionAtMost"] as const;
const WHENS: Choices = [
  [1, "queue.messageAfter"],
  [2, "queue.messageEvery"],
  [3, "queue.messagePosition"],
];

type When = InQueueMessage["when"];

const FIRST: When = { case: "afterMs", value: 30_000n };

function whenOf(choice: number): When {
  const name = DUE[choice - 1] ?? "afterMs";
  return name === "positionAtMost" ? { case: name, value: 3 } : { case: name, value: 60_000n };
}

function Messages({ fields }: PartProps) {
  const words = useAdminWords();
  return (
    <Rows
      {...fields.value("messages")}
      most={20}
      blank={() => create(InQueueMessageSchema, { when: FIRST, texts: [] })}
      row={(message, put, at) => (
        <Stack gap="xs" className="tall">
          <Choice
            label={words.t("queue.messageWhen")}
            choices={WHENS}
            value={DUE.findIndex((name) => name === message.when.case) + 1}
            onChange={(choice) => put({ when: whenOf(choice) })}
            data-testid="message-when"
          />
          <Due when={message.when} onChange={(when) => put({ when })} />
          <TextsByLanguage
            label={words.t("queue.messageTexts")}
            texts={message.texts}
            onChange={(texts) => put({ texts: texts.map((text) => create(MessageTextSchema, text)) })}
            disabled={fields.isReadOnly}
            data-testid={`message-${at}`}
          />
        </Stack>
      )}
    />
  );
}

function Due({ when, onChange }: { when: When; onChange(when: When): void }) {
  const words = useAdminWords();
  if (when.case === undefined) return null;
  if (when.case === "positionAtMost") {
    return (
      <NumberField
        label={words.t("queue.messagePlace")}
        allowDecimal={false}
        max={10_000}
        value={when.value}
        onChange={(value) => onChange({ case: "positionAtMost", value })}
        data-testid="message-place"
      />
    );
  }
  const name = when.case;
  return <Seconds label={words.t("queue.messageTime")} value={when.value} onChange={(value) => onChange({ case: name, value })} data-testid="message-time" />;
}
