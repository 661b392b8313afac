// Queues: the list, and one queue with its settings and members.
import { Group, Stack, Switch, Textarea, TextInput } from "@mantine/core";
import type { Queue } from "../../gen/onqueue/routing/v1/queue_pb";
import { useAdmin } from "../context";
import { Choice, choiceText } from "../kit/choice";
import type { Describe } from "../kit/conflict-dialog";
import type { Fields } from "../kit/fields";
import { FormSection } from "../kit/form-section";
import { NumberField } from "../kit/number-field";
import { Name, PickOne } from "../kit/pickers";
import { ResourceList } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import { Seconds } from "../kit/seconds";
import { useAdminWords, type AdminWords } from "../words";
import { ConversationRulesSettings, describeRules } from "./conversation-rules";
import { MembersPart } from "./members";
import { EVALUATIONS, METHODS, SCORINGS } from "./queue-choices";
import { RoutingSettings } from "./queue-routing";
import { AfterContactPart, WaitingSettings } from "./queue-service";
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
  if (field === "evaluation") return choiceText(EVALUATIONS, queue.evaluation, words);
  if (field === "routingMethod") return choiceText(METHODS, queue.routingMethod, words);
  if (field === "scoring") return choiceText(SCORINGS, queue.scoring, words);
  if (field === "limit") return limitText(queue.limit, words);
  const duration = DURATIONS.find((name) => name === field);
  return duration ? secondsText(queue[duration], words) : describeRules(field, queue, words);
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
      beside={({ queueId, groups }) => <MembersPart queueId={queueId} groups={groups} />}
    />
  );
}

function Settings({ fields }: { fields: Fields<Queue> }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <Stack gap="sm">
      <TextInput {...fields.text("name")} required autoComplete="off" />
      <Textarea {...fields.text("description")} autosize minRows={2} />
      <PickOne {...fields.value("divisionId")} resource={resources.divisions} />
      <FormSection title={words.t("queue.partAgent")}>
        <RoutingSettings fields={fields} />
      </FormSection>
      <FormSection title={words.t("queue.partWaiting")}>
        <Choice {...fields.value("scoring")} choices={SCORINGS} />
        <NumberField {...fields.number("limit")} description={words.t("queue.limitHint")} allowDecimal={false} />
        <WaitingSettings fields={fields} />
      </FormSection>
      <FormSection title={words.t("queue.partChats")}>
        <Seconds {...fields.value("alertingTimeoutMs")} description={words.t("queue.alertingHint")} />
        <Switch {...fields.flag("autoAnswer")} />
        <Group className="row" align="flex-end">
          <Seconds {...fields.value("inactivityTimeoutMs")} description={words.t("queue.inactivityHint")} />
          <Seconds {...fields.value("inactivityWarningMs")} description={words.t("queue.warningHint")} />
        </Group>
        <AfterContactPart fields={fields} />
      </FormSection>
      <FormSection title={words.t("queue.partConversations")}>
        <ConversationRulesSettings fields={fields} />
      </FormSection>
    </Stack>
  );
}

function secondsText(milliseconds: bigint, words: AdminWords): string {
  return milliseconds === 0n ? words.t("queue.usual") : words.duration(Number(milliseconds));
}

function limitText(limit: number, words: AdminWords): string {
  return limit === 0 ? words.t("queue.noLimit") : words.number(limit);
}
