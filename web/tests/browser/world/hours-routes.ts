// Wrap-up codes, schedules and opening hours: rpcs of the stand-in.
import { create } from "@bufbuild/protobuf";
import { timestampFromDate, timestampNow } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter } from "@connectrpc/connect";
import { EmergencySchema, ScheduleService, ScheduleState } from "../../../src/gen/onqueue/routing/v1/schedule_pb";
import { WrapUpCodeService } from "../../../src/gen/onqueue/routing/v1/wrap_up_code_pb";
import { begins } from "./shelf";
import type { World } from "./world";

/** Adds the rpcs. */
export function hoursRoutes(router: ConnectRouter, { admin, routing }: World): void {
  const { wrapUpCodes, schedules, scheduleGroups } = admin;
  router.service(WrapUpCodeService, {
    createWrapUpCode: ({ requestId, wrapUpCode }) => ({ wrapUpCode: wrapUpCodes.create(requestId, wrapUpCode) }),
    getWrapUpCode: ({ wrapUpCodeId }) => ({ wrapUpCode: wrapUpCodes.get(wrapUpCodeId) }),
    listWrapUpCodes: (asked) => {
      if (asked.queueId !== "") return { wrapUpCodes: routing.codes };
      const { found, nextPageToken } = wrapUpCodes.page(asked, () => true);
      return { wrapUpCodes: found, nextPageToken };
    },
    updateWrapUpCode: ({ wrapUpCode, updateMask }) => ({ wrapUpCode: wrapUpCodes.update(wrapUpCode, updateMask?.paths ?? []) }),
    deleteWrapUpCode: ({ wrapUpCodeId, etag }) => wrapUpCodes.remove(wrapUpCodeId, etag),
  });
  const monday = (hour: number) => timestampFromDate(new Date(2026, 2, 2, hour));
  router.service(ScheduleService, {
    createSchedule: ({ requestId, schedule }) => ({ schedule: schedules.create(requestId, schedule) }),
    getSchedule: ({ scheduleId }) => ({ schedule: schedules.get(scheduleId) }),
    listSchedules: (asked) => {
      const { found, nextPageToken } = schedules.page(asked, ({ name }) => begins(name, asked.text));
      return { schedules: found, nextPageToken };
    },
    updateSchedule: ({ schedule, updateMask }) => ({ schedule: schedules.update(schedule, updateMask?.paths ?? []) }),
    deleteSchedule: ({ scheduleId, etag }) => schedules.remove(scheduleId, etag),
    previewSchedule: () => ({ occurrences: [{ startAt: monday(9), endAt: monday(17) }] }),
    createScheduleGroup: ({ requestId, scheduleGroup }) => ({ scheduleGroup: scheduleGroups.create(requestId, scheduleGroup) }),
    getScheduleGroup: ({ scheduleGroupId }) => ({ scheduleGroup: scheduleGroups.get(scheduleGroupId) }),
    listScheduleGroups: (asked) => {
      const { found, nextPageToken } = scheduleGroups.page(asked, () => true);
      return { scheduleGroups: found, nextPageToken };
    },
    updateScheduleGroup: ({ scheduleGroup, updateMask }) => ({ scheduleGroup: scheduleGroups.update(scheduleGroup, updateMask?.paths ?? []) }),
    deleteScheduleGroup: ({ scheduleGroupId, etag }) => scheduleGroups.remove(scheduleGroupId, etag),
    setEmergency: ({ scheduleGroupId, active }) => {
      const emergency = active ? create(EmergencySchema, { since: timestampNow() }) : undefined;
      return { scheduleGroup: scheduleGroups.change(scheduleGroupId, { emergency }) };
    },
    getScheduleState: ({ scheduleGroupId }) => {
      const { emergency } = scheduleGroups.get(scheduleGroupId);
      return emergency ? { state: ScheduleState.EMERGENCY } : { state: ScheduleState.OPEN, until: monday(17) };
    },
  });
}
