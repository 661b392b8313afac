// What holds for a queue's conversations: silence, who has gone, how long they are kept, what may be attached.
import { create } from "@bufbuild/protobuf";
import { Group, Switch, TagsInput, Text } from "@mantine/core";
import type { Queue } from "../../gen/onqueue/routing/v1/queue_pb";
import {
  AgentLostAction,
  AttachmentRulesSchema,
  ConversationRulesSchema,
  InactivityAction,
  InactivityCounts,
  ResponseLibraryUse,
  type AttachmentRules,
  type ConversationRules,
} from "../../gen/onqueue/routing/v1/queue_rules_pb";
import { useAdmin, useHolds } from "../context";
import { Amount } from "../kit/amount";
import { Choice, choiceText, type Choices } from "../kit/choice";
import type { Describe } from "../kit/conflict-dialog";
import type { Fields } from "../kit/fields";
import { NumberField } from "../kit/number-field";
import { PickMany, PickOne } from "../kit/pickers";
import { Seconds } from "../kit/seconds";
import { ScriptStanding } from "../scripts/script-standing";
import { useAdminWords, type AdminKey, type AdminWords } from "../words";

const COUNTS: Choices = [
  [InactivityCounts.UNSPECIFIED, "rules.countsBoth"],
  [InactivityCounts.GUEST, "rules.countsGuest"],
  [InactivityCounts.AGENT, "rules.countsAgent"],
];

const ACTIONS: Choices = [
  [InactivityAction.UNSPECIFIED, "rules.actionEnd"],
  [InactivityAction.TRANSFER, "rules.actionTransfer"],
];

const LOST: Choices = [
  [AgentLostAction.UNSPECIFIED, "rules.lostRequeue"],
  [AgentLostAction.END, "rules.lostEnd"],
];

const LIBRARIES: Choices = [
  [ResponseLibraryUse.UNSPECIFIED, "rules.librariesAll"],
  [ResponseLibraryUse.CHOSEN, "rules.librariesChosen"],
  [ResponseLibraryUse.NONE, "rules.librariesNone"],
];

interface RulesProps {
  rules: ConversationRules;
  disabled: boolean;
  put(part: Partial<ConversationRules>): void;
}

/** Everything that a queue says of its conversations. */
export function ConversationRulesSettings({ fields }: { fields: Fields<Queue> }) {
  const words = useAdminWords();
  const { value, onChange, error, disabled } = fields.value("conversationRules");
  const rules = value ?? create(ConversationRulesSchema);
  const props: RulesProps = { rules, disabled, put: (part) => onChange({ ...rules, ...part }) };
  return (
    <>
      {error && (
        <Text size="sm" c="red.9" role="alert" tabIndex={-1} data-invalid="true" data-testid="rules-error">
          {error}
        </Text>
      )}
      <Silence {...props} />
      <Gone {...props} />
      <Keeping {...props} />
      <Switch
        label={words.t("rules.monitorVisible")}
        checked={rules.monitorVisible}
        disabled={disabled}
        onChange={(event) => props.put({ monitorVisible: event.currentTarget.checked })}
        data-testid="rules-monitor-visible"
      />
      <Switch
        label={words.t("rules.keepsAge")}
        checked={rules.transferKeepsAge}
        disabled={disabled}
        onChange={(event) => props.put({ transferKeepsAge: event.currentTarget.checked })}
        data-testid="rules-keeps-age"
      />
      <Attachments {...props} isWrong={error !== undefined} />
      <Content {...props} />
    </>
  );
}

/** What agents are led through, and which responses they may use. */
function Content({ rules, disabled, put }: RulesProps) {
  const words = useAdminWords();
  const holds = useHolds();
  const { resources } = useAdmin();
  const use = (libraryUse: ResponseLibraryUse) => put({ libraryUse, libraryIds: [] });
  return (
    <>
      {holds(resources.scripts.needs.view) && (
        <PickOne
          resource={resources.scripts}
          label={words.t("rules.script")}
          none={words.t("rules.noScript")}
          value={rules.scriptId}
          onChange={(scriptId) => put({ scriptId })}
          disabled={disabled}
          data-testid="rules-script"
        />
      )}
      {holds(resources.scripts.needs.view) && <ScriptStanding scriptId={rules.scriptId} />}
      <Choice label={words.t("rules.libraries")} choices={LIBRARIES} value={rules.libraryUse} onChange={use} disabled={disabled} data-testid="rules-libraries" />
      {rules.libraryUse === ResponseLibraryUse.CHOSEN && (
        <PickMany
          resource={resources.libraries}
          label={words.t("rules.librariesWhich")}
          value={rules.libraryIds}
          onChange={(libraryIds) => put({ libraryIds })}
          disabled={disabled}
          data-testid="rules-library-ids"
        />
      )}
    </>
  );
}

function Silence({ rules, disabled, put }: RulesProps) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const act = (inactivityAction: InactivityAction) => put({ inactivityAction, inactivityTransferQueueId: "" });
  return (
    <>
      <Choice
        label={words.t("rules.counts")}
        choices={COUNTS}
        value={rules.inactivityCounts}
        onChange={(inactivityCounts) => put({ inactivityCounts })}
        disabled={disabled}
        data-testid="rules-counts"
      />
      <Choice label={words.t("rules.action")} choices={ACTIONS} value={rules.inactivityAction} onChange={act} disabled={disabled} data-testid="rules-action" />
      {rules.inactivityAction === InactivityAction.TRANSFER && (
        <PickOne
          resource={resources.queues}
          label={words.t("rules.transferQueue")}
          value={rules.inactivityTransferQueueId}
          onChange={(inactivityTransferQueueId) => put({ inactivityTransferQueueId })}
          disabled={disabled}
          data-testid="rules-transfer-queue"
        />
      )}
    </>
  );
}

function Gone({ rules, disabled, put }: RulesProps) {
  const words = useAdminWords();
  return (
    <>
      <Seconds
        label={words.t("rules.abandon")}
        description={words.t("rules.abandonHint")}
        value={rules.abandonAfterMs}
        onChange={(abandonAfterMs) => put({ abandonAfterMs })}
        disabled={disabled}
        data-testid="rules-abandon"
      />
      <Group className="row" align="flex-end">
        <Seconds
          label={words.t("rules.lostHold")}
          description={words.t("rules.lostHoldHint")}
          value={rules.agentLostHoldMs}
          onChange={(agentLostHoldMs) => put({ agentLostHoldMs })}
          disabled={disabled}
          data-testid="rules-lost-hold"
        />
        <Choice
          label={words.t("rules.lostAction")}
          choices={LOST}
          value={rules.agentLostAction}
          onChange={(agentLostAction) => put({ agentLostAction })}
          disabled={disabled}
          data-testid="rules-lost-action"
        />
      </Group>
    </>
  );
}

function Keeping({ rules, disabled, put }: RulesProps) {
  const words = useAdminWords();
  return (
    <Group className="row" align="flex-end">
      <Amount
        unit="hours"
        label={words.t("rules.window")}
        description={words.t("rules.windowHint")}
        value={rules.messagingWindowMs}
        onChange={(messagingWindowMs) => put({ messagingWindowMs })}
        disabled={disabled}
        data-testid="rules-window"
      />
      <NumberField
        label={words.t("rules.retention")}
        description={words.t("rules.retentionHint")}
        allowDecimal={false}
        suffix={` ${words.t("unit.days")}`}
        value={rules.retentionDays}
        onChange={(retentionDays) => put({ retentionDays })}
        disabled={disabled}
        data-testid="rules-retention"
      />
    </Group>
  );
}

function Attachments({ rules, disabled, put, isWrong }: RulesProps & { isWrong: boolean }) {
  const words = useAdminWords();
  const attachments = rules.attachments ?? create(AttachmentRulesSchema);
  const change = (part: Partial<AttachmentRules>) => put({ attachments: { ...attachments, ...part } });
  return (
    <>
      <Switch
        label={words.t("rules.attachments")}
        checked={attachments.enabled}
        disabled={disabled}
        onChange={(event) => change({ enabled: event.currentTarget.checked })}
        data-testid="rules-attachments"
      />
      {(attachments.enabled || isWrong) && <AttachmentLimits attachments={attachments} disabled={disabled} change={change} />}
    </>
  );
}

interface LimitsProps {
  attachments: AttachmentRules;
  disabled: boolean;
  change(part: Partial<AttachmentRules>): void;
}

function AttachmentLimits({ attachments, disabled, change }: LimitsProps) {
  const words = useAdminWords();
  return (
    <>
      <Group className="row" align="flex-end">
        <Amount
          unit="mebibytes"
          label={words.t("rules.maxBytes")}
          description={words.t("rules.maxBytesHint")}
          value={attachments.maxBytes}
          onChange={(maxBytes) => change({ maxBytes })}
          disabled={disabled}
          data-testid="rules-max-bytes"
        />
        <Amount
          unit="mebibytes"
          label={words.t("rules.maxTotal")}
          description={words.t("rules.maxTotalHint")}
          value={attachments.maxTotalBytes}
          onChange={(maxTotalBytes) => change({ maxTotalBytes })}
          disabled={disabled}
          data-testid="rules-max-total"
        />
      </Group>
      <TagsInput
        label={words.t("rules.mediaTypes")}
        description={words.t("rules.mediaTypesHint")}
        value={attachments.mediaTypes}
        onChange={(mediaTypes) => change({ mediaTypes })}
        disabled={disabled}
        splitChars={[",", " ", ";"]}
        acceptValueOnBlur
        comboboxProps={{ transitionProps: { duration: 0 } }}
        data-testid="rules-media-types"
      />
    </>
  );
}

/** The rules in words. */
export const describeRules: Describe<Queue> = (field, { conversationRules }, words) => {
  if (field !== "conversationRules") return undefined;
  const rules = conversationRules ?? create(ConversationRulesSchema);
  const { enabled = false, maxBytes = 0n, mediaTypes = [] } = rules.attachments ?? {};
  const said: [AdminKey, string][] = [
    ["rules.counts", choiceText(COUNTS, rules.inactivityCounts, words)],
    ["rules.action", choiceText(ACTIONS, rules.inactivityAction, words)],
    ["rules.abandon", lengthText(rules.abandonAfterMs, words)],
    ["rules.lostHold", lengthText(rules.agentLostHoldMs, words)],
    ["rules.lostAction", choiceText(LOST, rules.agentLostAction, words)],
    ["rules.window", lengthText(rules.messagingWindowMs, words)],
    ["rules.retention", rules.retentionDays === 0 ? words.t("rules.forEver") : words.number(rules.retentionDays)],
    ["rules.monitorVisible", words.t(rules.monitorVisible ? "value.yes" : "value.no")],
    ["rules.keepsAge", words.t(rules.transferKeepsAge ? "value.yes" : "value.no")],
    ["rules.attachments", words.t(enabled ? "value.yes" : "value.no")],
    ["rules.maxBytes", maxBytes === 0n ? words.t("queue.usual") : words.number(maxBytes)],
    ["rules.script", rules.scriptId || words.t("rules.noScript")],
    ["rules.libraries", choiceText(LIBRARIES, rules.libraryUse, words)],
    ["rules.librariesWhich", words.list(rules.libraryIds)],
    ["rules.mediaTypes", mediaTypes.length === 0 ? words.t("queue.usual") : words.list(mediaTypes)],
  ];
  return words.list(said.map(([key, text]) => `${words.t(key)}: ${text}`));
};

function lengthText(milliseconds: bigint, words: AdminWords): string {
  return milliseconds === 0n ? words.t("queue.usual") : words.duration(Number(milliseconds));
}
