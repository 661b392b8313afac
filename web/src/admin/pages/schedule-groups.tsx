// Schedule groups: the list, and one group with its state and its emergency switch.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Alert, Button, Group, Loader, Paper, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { FaultAlert } from "../../desk/fault-alert";
import { useAction } from "../../desk/use-action";
import { ScheduleState, type GetScheduleStateResponse, type ScheduleGroup } from "../../gen/onqueue/routing/v1/schedule_pb";
import { faultOf } from "../../rpc/faults";
import { useAdmin, useHolds } from "../context";
import { AskDialog } from "../kit/ask-dialog";
import { Name, PickMany, PickOne } from "../kit/pickers";
import { present } from "../kit/resource";
import { ResourceList } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import { TimeZoneSelect } from "../kit/time-zone-select";
import { useAdminWords, type AdminKey, type AdminWords } from "../words";

const REFRESH_MS = 10_000;

const STATES: Partial<Record<ScheduleState, AdminKey>> = {
  [ScheduleState.OPEN]: "schedule.open",
  [ScheduleState.CLOSED]: "schedule.closed",
  [ScheduleState.HOLIDAY]: "schedule.holiday",
  [ScheduleState.EMERGENCY]: "schedule.emergency",
};

/** The schedule groups. */
export function ScheduleGroupList() {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourceList
      section="schedule-groups"
      titleKey="section.schedule-groups"
      resource={resources.scheduleGroups}
      columns={[
        { key: "field.divisionId", cell: ({ divisionId }) => <Name resource={resources.divisions} id={divisionId} />, isExtra: true },
        { key: "schedule.emergency", cell: ({ emergency }) => words.t(emergency ? "value.yes" : "value.no") },
      ]}
    />
  );
}

/** One schedule group. */
export function ScheduleGroupPage({ id }: { id: string }) {
  const { resources } = useAdmin();
  return (
    <ResourcePage
      section="schedule-groups"
      resource={resources.scheduleGroups}
      id={id}
      form={(fields) => (
        <Stack gap="sm">
          <TextInput {...fields.text("name")} required autoComplete="off" />
          <Textarea {...fields.text("description")} autosize minRows={2} />
          <PickOne {...fields.value("divisionId")} resource={resources.divisions} />
          <TimeZoneSelect {...fields.value("timeZone")} />
          <PickMany {...fields.value("openScheduleIds")} resource={resources.schedules} />
          <PickMany {...fields.value("closedScheduleIds")} resource={resources.schedules} />
          <PickMany {...fields.value("holidayScheduleIds")} resource={resources.schedules} />
        </Stack>
      )}
      beside={(group, adopt) => <StatePart group={group} adopt={adopt} />}
    />
  );
}

interface StatePartProps {
  group: ScheduleGroup;
  adopt(group: ScheduleGroup): void;
}

function StatePart({ group, adopt }: StatePartProps) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const holds = useHolds();
  const { scheduleGroupId } = group;
  const state = useQuery({
    queryKey: ["schedule-state", scheduleGroupId, group.etag],
    refetchInterval: REFRESH_MS,
    queryFn: () => clients.schedules.getScheduleState({ scheduleGroupId }),
  });
  return (
    <Paper component="section" className="part" withBorder p="md" mt="lg" aria-label={words.t("schedule.now")} data-testid="part-state">
      <Title order={3} size="h4" mb="sm">
        {words.t("schedule.now")}
      </Title>
      <Stack gap="sm">
        {state.isPending && <Loader size="sm" aria-label={words.t("loading")} />}
        {state.error && <FaultAlert fault={faultOf(state.error)} />}
        {state.data && <Text data-testid="schedule-state">{stateText(state.data, words)}</Text>}
        {group.emergency && <Alert color="red" role="status" data-testid="emergency">{sinceText(group, words)}</Alert>}
        {holds("routing:emergency:manage") && <EmergencySwitch group={group} adopt={adopt} />}
      </Stack>
    </Paper>
  );
}

function stateText({ state, until, opensAt }: GetScheduleStateResponse, words: AdminWords): string {
  const key = STATES[state];
  const parts = [key ? words.t(key) : ""];
  if (until) parts.push(words.t("schedule.until", { time: words.dateTime(timestampMs(until)) }));
  if (opensAt) parts.push(words.t("schedule.opensAt", { time: words.dateTime(timestampMs(opensAt)) }));
  return parts.join(" ");
}

function sinceText({ emergency }: ScheduleGroup, words: AdminWords): string {
  return words.t("schedule.emergencySince", { time: emergency?.since ? words.dateTime(timestampMs(emergency.since)) : "" });
}

/** Closes every queue of the group at once, after a question, or lets the schedules decide again. */
function EmergencySwitch({ group, adopt }: StatePartProps) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const queries = useQueryClient();
  const action = useAction();
  const [asking, setAsking] = useState(false);
  const { scheduleGroupId, emergency } = group;
  const set = (active: boolean) =>
    action.run(async () => {
      adopt(present((await clients.schedules.setEmergency({ scheduleGroupId, active })).scheduleGroup));
      setAsking(false);
      await queries.invalidateQueries({ queryKey: ["schedule-state", scheduleGroupId] });
    });
  return (
    <Group>
      {emergency ? (
        <Button variant="default" loading={action.busy} onClick={() => set(false)} data-testid="emergency-end">
          {words.t("schedule.emergencyEnd")}
        </Button>
      ) : (
        <Button color="red.9" onClick={() => setAsking(true)} data-testid="emergency-begin">
          {words.t("schedule.emergencyBegin")}
        </Button>
      )}
      {!asking && <FaultAlert fault={action.fault} />}
      <AskDialog
        opened={asking}
        title={words.t("schedule.emergencyBegin")}
        question={words.t("schedule.emergencyQuestion")}
        yes={words.t("schedule.emergencyBegin")}
        action={action}
        close={() => setAsking(false)}
        confirmed={() => set(true)}
      />
    </Group>
  );
}
