// How a queue finds agents: evaluation, order, method with its steps, the last agent.
import { create } from "@bufbuild/protobuf";
import { MultiSelect, Switch, Text, TextInput } from "@mantine/core";
import {
  GroupRuleSchema,
  LastAgentMode,
  LastAgentSchema,
  MemberGroupSchema,
  PreferredAgentsSchema,
  PreferredRuleSchema,
  RingSchema,
  RoutingMethod,
  RuleComparison,
  RuleMetric,
  type MemberGroup,
  type PreferredAgents,
  type Queue,
} from "../../gen/onqueue/routing/v1/queue_pb";
import { useAdmin } from "../context";
import { Choice } from "../kit/choice";
import type { Fields } from "../kit/fields";
import { NumberField } from "../kit/number-field";
import { PickMany, PickOne } from "../kit/pickers";
import { Rows } from "../kit/rows";
import { Seconds } from "../kit/seconds";
import { useAdminWords } from "../words";
import { COMPARISONS, EVALUATIONS, LAST_AGENTS, METHODS, METRICS } from "./queue-choices";

interface PartProps {
  fields: Fields<Queue>;
}

/** Everything about choosing agents. */
export function RoutingSettings({ fields }: PartProps) {
  const method = fields.value("routingMethod");
  // What another method keeps is shown too where it has to be put right.
  const isShown = (part: "rings" | "preferred" | "groupRules", of: RoutingMethod) =>
    method.value === of || fields.value(part).error !== undefined;
  return (
    <>
      <Choice {...fields.value("evaluation")} choices={EVALUATIONS} />
      <Choice {...method} choices={METHODS} />
      {isShown("rings", RoutingMethod.BULLSEYE) && <Rings fields={fields} />}
      {isShown("preferred", RoutingMethod.PREFERRED) && <Preferred fields={fields} />}
      {isShown("groupRules", RoutingMethod.CONDITIONAL) && <GroupRules fields={fields} />}
      <Groups fields={fields} />
      <LastAgent fields={fields} />
    </>
  );
}

function Rings({ fields }: PartProps) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const groups = fields.value("groups").value;
  return (
    <Rows
      {...fields.value("rings")}
      most={6}
      blank={() => create(RingSchema, { waitMs: 30_000n })}
      row={(ring, put, at) => (
        <>
          <Seconds label={words.t("queue.ringWait", { number: at + 1 })} value={ring.waitMs} onChange={(waitMs) => put({ waitMs })} data-testid="ring-wait" />
          <PickMany
            resource={resources.skills}
            label={words.t("queue.ringSkills")}
            value={ring.skillsToRemove}
            onChange={(skillsToRemove) => put({ skillsToRemove })}
            data-testid="ring-skills"
          />
          <GroupChoice groups={groups} value={ring.groupIds} onChange={(groupIds) => put({ groupIds })} />
        </>
      )}
    />
  );
}

function Preferred({ fields }: PartProps) {
  const words = useAdminWords();
  const { value, onChange, label, ...input } = fields.value("preferred");
  const preferred = value ?? create(PreferredAgentsSchema);
  const put = (part: Partial<PreferredAgents>) => onChange({ ...preferred, ...part });
  return (
    <>
      <Rows
        {...input}
        label={label}
        value={preferred.rules}
        onChange={(rules) => put({ rules })}
        most={6}
        blank={() => create(PreferredRuleSchema, { threshold: 50, waitMs: 30_000n })}
        row={(rule, change) => (
          <>
            <NumberField
              label={words.t("queue.threshold")}
              max={100}
              allowDecimal={false}
              value={rule.threshold}
              onChange={(threshold) => change({ threshold })}
              data-testid="preferred-threshold"
            />
            <Seconds label={words.t("queue.wait")} value={rule.waitMs} onChange={(waitMs) => change({ waitMs })} data-testid="preferred-wait" />
          </>
        )}
      />
      <Switch
        label={words.t("queue.thenAllPreferred")}
        checked={preferred.thenAllPreferred}
        disabled={input.disabled}
        onChange={(event) => put({ thenAllPreferred: event.currentTarget.checked })}
        data-testid="then-all-preferred"
      />
    </>
  );
}

function GroupRules({ fields }: PartProps) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const groups = fields.value("groups").value;
  if (groups.every(({ groupId }) => groupId === "") && fields.value("groupRules").value.length === 0) {
    return <Text size="sm" c="dimmed" data-testid="groups-first">{words.t("queue.groupsFirst")}</Text>;
  }
  const blank = () =>
    create(GroupRuleSchema, { metric: RuleMetric.ESTIMATED_WAIT, comparison: RuleComparison.GREATER, value: 60_000n, waitMs: 30_000n });
  return (
    <Rows
      {...fields.value("groupRules")}
      most={5}
      blank={blank}
      row={(rule, put, at) => (
        <>
          {at > 0 && (
            <PickOne
              resource={resources.queues}
              label={words.t("kind.queue")}
              none={words.t("queue.itself")}
              value={rule.queueId}
              onChange={(queueId) => put({ queueId })}
              data-testid="rule-queue"
            />
          )}
          <Choice label={words.t("queue.metric")} choices={METRICS} value={rule.metric} onChange={(metric) => put({ metric, value: 0n })} data-testid="rule-metric" />
          <Choice label={words.t("queue.comparison")} choices={COMPARISONS} value={rule.comparison} onChange={(comparison) => put({ comparison })} data-testid="rule-comparison" />
          {rule.metric === RuleMetric.SERVICE_LEVEL ? (
            <NumberField
              label={words.t("queue.percent")}
              max={100}
              decimalScale={2}
              value={Number(rule.value) / 100}
              onChange={(percent) => put({ value: BigInt(Math.round(percent * 100)) })}
              data-testid="rule-value"
            />
          ) : (
            <Seconds label={words.t("queue.value")} value={rule.value} onChange={(value) => put({ value })} data-testid="rule-value" />
          )}
          <GroupChoice groups={groups} value={rule.groupIds} onChange={(groupIds) => put({ groupIds })} />
          <Seconds label={words.t("queue.wait")} value={rule.waitMs} onChange={(waitMs) => put({ waitMs })} data-testid="rule-wait" />
        </>
      )}
    />
  );
}

interface GroupChoiceProps {
  groups: readonly MemberGroup[];
  value: string[];
  onChange(groupIds: string[]): void;
}

/** Of the groups that are saved: the server gives them their ids. */
export function GroupChoice({ groups, value, onChange }: GroupChoiceProps) {
  const words = useAdminWords();
  const data = groups.filter(({ groupId }) => groupId !== "").map(({ groupId, name }) => ({ value: groupId, label: name }));
  if (data.length === 0) return null;
  return (
    <MultiSelect
      label={words.t("field.groups")}
      data={data}
      value={value}
      onChange={onChange}
      comboboxProps={{ transitionProps: { duration: 0 } }}
      data-testid="group-choice"
    />
  );
}

function Groups({ fields }: PartProps) {
  const words = useAdminWords();
  return (
    <Rows
      {...fields.value("groups")}
      most={50}
      blank={() => create(MemberGroupSchema)}
      row={(group, put) => (
        <TextInput label={words.t("field.name")} value={group.name} onChange={(event) => put({ name: event.currentTarget.value })} data-testid="group-name" />
      )}
    />
  );
}

/** How long nobody else is tried where no time was chosen yet. */
const USUAL_HOLD_MS = 30_000n;

function LastAgent({ fields }: PartProps) {
  const words = useAdminWords();
  const { value, onChange, ...input } = fields.value("lastAgent");
  const lastAgent = value ?? create(LastAgentSchema);
  const isOn = lastAgent.mode > LastAgentMode.DISABLED;
  const choose = (mode: LastAgentMode) => {
    const isUntimed = mode > LastAgentMode.DISABLED && lastAgent.holdMs === 0n;
    onChange({ ...lastAgent, mode, holdMs: isUntimed ? USUAL_HOLD_MS : lastAgent.holdMs });
  };
  return (
    <>
      <Choice {...input} choices={LAST_AGENTS} value={lastAgent.mode} onChange={choose} />
      {isOn && (
        <Seconds
          label={words.t("queue.hold")}
          description={words.t("queue.holdHint")}
          value={lastAgent.holdMs}
          disabled={input.disabled}
          onChange={(holdMs) => onChange({ ...lastAgent, holdMs })}
          data-testid="last-agent-hold"
        />
      )}
    </>
  );
}
