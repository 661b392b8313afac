// Schedules: the list, and one schedule with its next occurrences.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { List, Loader, Paper, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { FaultAlert } from "../../desk/fault-alert";
import type { Schedule } from "../../gen/onqueue/routing/v1/schedule_pb";
import { faultOf } from "../../rpc/faults";
import { useAdmin } from "../context";
import { ResourceList } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import { TimeZoneSelect } from "../kit/time-zone-select";
import { useAdminWords } from "../words";

/** The schedules. */
export function ScheduleList() {
  const { resources } = useAdmin();
  return (
    <ResourceList
      section="schedules"
      titleKey="section.schedules"
      resource={resources.schedules}
      columns={[{ key: "field.rrule", cell: ({ rrule }) => <span className="guest">{rrule}</span>, isExtra: true }]}
    />
  );
}

/** One schedule. */
export function SchedulePage({ id }: { id: string }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourcePage
      section="schedules"
      resource={resources.schedules}
      id={id}
      form={(fields, editor) => (
        <Stack gap="sm">
          <TextInput {...fields.text("name")} required autoComplete="off" />
          <Textarea {...fields.text("description")} autosize minRows={2} />
          <TextInput {...fields.text("start")} type="datetime-local" required />
          <TextInput {...fields.text("end")} type="datetime-local" required />
          <TextInput {...fields.text("rrule")} description={words.t("schedule.rruleHint")} autoComplete="off" />
          <TimeZoneSelect {...fields.value("timeZone")} none={words.t("schedule.zoneOfGroup")} />
          <Preview schedule={editor.value} />
        </Stack>
      )}
    />
  );
}

/** When it would apply next, as it stands in the form. */
function Preview({ schedule }: { schedule: Schedule }) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const { start, end, rrule, timeZone } = schedule;
  const preview = useQuery({
    queryKey: ["schedule-preview", start, end, rrule, timeZone],
    enabled: start !== "" && end !== "",
    retry: false,
    queryFn: async () => (await clients.schedules.previewSchedule({ schedule: { start, end, rrule, timeZone }, limit: 5 })).occurrences,
  });
  if (start === "" || end === "") return null;
  return (
    <Paper component="section" withBorder p="sm" aria-label={words.t("schedule.preview")} data-testid="part-preview">
      <Title order={3} size="h6">
        {words.t("schedule.preview")}
      </Title>
      {preview.isPending && <Loader size="sm" aria-label={words.t("loading")} />}
      {preview.error && <FaultAlert fault={faultOf(preview.error)} testId="preview-fault" />}
      {preview.data?.length === 0 && <Text size="sm">{words.t("schedule.never")}</Text>}
      <List size="sm">
        {preview.data?.map(({ startAt, endAt }, index) => (
          <List.Item key={index} data-testid="occurrence">
            {[startAt, endAt].map((at) => (at ? words.dateTime(timestampMs(at)) : "")).join(" – ")}
          </List.Item>
        ))}
      </List>
    </Paper>
  );
}
