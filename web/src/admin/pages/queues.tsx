// Queues: the list, and one queue with its settings and members.
import { NativeSelect, Stack, Textarea, TextInput } from "@mantine/core";
import { Evaluation, RoutingMethod, type Queue } from "../../gen/onqueue/routing/v1/queue_pb";
import { useAdmin } from "../context";
import type { Describe } from "../kit/conflict-dialog";
import type { Fields, ValueProps } from "../kit/fields";
import { NumberField } from "../kit/number-field";
import { Name, PickOne } from "../kit/pickers";
import { ResourceList } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import { useAdminWords, type AdminWords } from "../words";
import { MembersPart } from "./members";
import { DivisionFilter } from "./users";

/** The queues. */
export function QueueList() {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourceList
      section="queues"
      titleKey="section.queues"
      resource={resources.queues}
      // A search looks at all divisions.
      filters={(filter, narrow) => filter.text === "" && <DivisionFilter filter={filter} narrow={narrow} resources={resources} />}
      columns={[
        { key: "field.divisionId", cell: ({ divisionId }) => <Name resource={resources.divisions} id={divisionId} />, isExtra: true },
        { key: "field.limit", cell: ({ limit }) => limitText(limit, words), isExtra: true },
        { key: "field.alertingTimeoutMs", cell: (queue) => secondsText(queue.alertingTimeoutMs, words) },
      ]}
    />
  );
}

const DURATIONS = ["alertingTimeoutMs", "inactivityTimeoutMs", "inactivityWarningMs"] as const;

const describe: Describe<Queue> = (field, queue, words) => {
  if (field === "evaluation") return words.t("queue.allSkills");
  if (field === "routingMethod") return words.t("queue.standard");
  if (field === "limit") return limitText(queue.limit, words);
  const duration = DURATIONS.find((name) => name === field);
  return duration && secondsText(queue[duration], words);
};

/** One queue. */
export function QueuePage({ id }: { id: string }) {
  const { resources } = useAdmin();
  return (
    <ResourcePage
      section="queues"
      resource={resources.queues}
      id={id}
      describe={describe}
      form={(fields) => <Settings fields={fields} />}
      beside={({ queueId }) => <MembersPart queueId={queueId} />}
    />
  );
}

function Settings({ fields }: { fields: Fields<Queue> }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const evaluation = fields.value("evaluation");
  const method = fields.value("routingMethod");
  return (
    <Stack gap="sm">
      <TextInput {...fields.text("name")} required autoComplete="off" />
      <Textarea {...fields.text("description")} autosize minRows={2} />
      <PickOne {...fields.value("divisionId")} resource={resources.divisions} />
      <NativeSelect
        {...evaluation}
        value={String(evaluation.value || Evaluation.ALL_SKILLS)}
        onChange={(event) => evaluation.onChange(Number(event.currentTarget.value))}
        data={[{ value: String(Evaluation.ALL_SKILLS), label: words.t("queue.allSkills") }]}
      />
      <NativeSelect
        {...method}
        value={String(method.value || RoutingMethod.STANDARD)}
        onChange={(event) => method.onChange(Number(event.currentTarget.value))}
        data={[{ value: String(RoutingMethod.STANDARD), label: words.t("queue.standard") }]}
      />
      <NumberField {...fields.number("limit")} description={words.t("queue.limitHint")} allowDecimal={false} />
      <Seconds {...fields.value("alertingTimeoutMs")} description={words.t("queue.alertingHint")} />
      <Seconds {...fields.value("inactivityTimeoutMs")} description={words.t("queue.inactivityHint")} />
      <Seconds {...fields.value("inactivityWarningMs")} description={words.t("queue.warningHint")} />
    </Stack>
  );
}

function Seconds({ value, onChange, description, ...input }: ValueProps<bigint> & { description: string }) {
  const words = useAdminWords();
  return (
    <NumberField
      {...input}
      description={description}
      decimalScale={3}
      suffix={` ${words.t("unit.seconds")}`}
      value={Number(value) / 1_000}
      onChange={(seconds) => onChange(BigInt(Math.round(seconds * 1_000)))}
    />
  );
}

function secondsText(milliseconds: bigint, words: AdminWords): string {
  return milliseconds === 0n ? words.t("queue.usual") : words.duration(Number(milliseconds));
}

function limitText(limit: number, words: AdminWords): string {
  return limit === 0 ? words.t("queue.noLimit") : words.number(limit);
}
