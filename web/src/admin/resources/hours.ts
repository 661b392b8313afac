// Wrap-up codes, schedules, and schedule groups.
import { create } from "@bufbuild/protobuf";
import { ScheduleGroupSchema, ScheduleSchema, type Schedule, type ScheduleGroup } from "../../gen/onqueue/routing/v1/schedule_pb";
import { WrapUpCodeSchema, type WrapUpCode } from "../../gen/onqueue/routing/v1/wrap_up_code_pb";
import type { AdminClients } from "../clients";
import { characters, chosen, items } from "../kit/bounds";
import { needsOf, present, type Resource } from "../kit/resource";

/** What agents may say of how a conversation went. */
export function wrapUpCodeResource({ wrapUpCodes }: AdminClients): Resource<WrapUpCode> {
  return {
    kind: "wrapUpCode",
    needs: needsOf("routing:wrapupCode"),
    isSearchable: false,
    fields: ["name", "description", "divisionId", "queueIds"],
    rules: { name: characters(1, 100), description: characters(0, 1_000), queueIds: items(0, 1_000) },
    blank: () => create(WrapUpCodeSchema),
    id: ({ wrapUpCodeId }) => wrapUpCodeId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async (_, place, options) => {
      const { wrapUpCodes: found, nextPageToken } = await wrapUpCodes.listWrapUpCodes(place, options);
      return { items: found, nextPageToken };
    },
    get: async (wrapUpCodeId) => present((await wrapUpCodes.getWrapUpCode({ wrapUpCodeId })).wrapUpCode),
    create: async (requestId, wrapUpCode) => present((await wrapUpCodes.createWrapUpCode({ requestId, wrapUpCode })).wrapUpCode),
    update: async (wrapUpCode, paths) =>
      present((await wrapUpCodes.updateWrapUpCode({ wrapUpCode, updateMask: { paths } })).wrapUpCode),
    remove: (wrapUpCodeId, etag) => wrapUpCodes.deleteWrapUpCode({ wrapUpCodeId, etag }),
  };
}

/** Spans of time that may recur. */
export function scheduleResource({ schedules }: AdminClients): Resource<Schedule> {
  return {
    kind: "schedule",
    needs: needsOf("routing:schedule"),
    fields: ["name", "description", "start", "end", "rrule", "timeZone"],
    rules: {
      name: characters(1, 100),
      description: characters(0, 1_000),
      start: chosen,
      end: chosen,
      rrule: characters(0, 500),
    },
    blank: () => create(ScheduleSchema, { rrule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR" }),
    id: ({ scheduleId }) => scheduleId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async ({ text }, place, options) => {
      const { schedules: found, nextPageToken } = await schedules.listSchedules({ ...place, text }, options);
      return { items: found, nextPageToken };
    },
    get: async (scheduleId) => present((await schedules.getSchedule({ scheduleId })).schedule),
    create: async (requestId, schedule) => present((await schedules.createSchedule({ requestId, schedule })).schedule),
    update: async (schedule, paths) => present((await schedules.updateSchedule({ schedule, updateMask: { paths } })).schedule),
    remove: (scheduleId, etag) => schedules.deleteSchedule({ scheduleId, etag }),
  };
}

/** When queues are open. */
export function scheduleGroupResource({ schedules }: AdminClients): Resource<ScheduleGroup> {
  return {
    kind: "scheduleGroup",
    needs: needsOf("routing:scheduleGroup"),
    isSearchable: false,
    fields: ["name", "description", "divisionId", "timeZone", "openScheduleIds", "closedScheduleIds", "holidayScheduleIds"],
    rules: {
      name: characters(1, 100),
      description: characters(0, 1_000),
      divisionId: chosen,
      timeZone: chosen,
      openScheduleIds: items(0, 100),
      closedScheduleIds: items(0, 100),
      holidayScheduleIds: items(0, 100),
    },
    blank: () => create(ScheduleGroupSchema, { timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone }),
    id: ({ scheduleGroupId }) => scheduleGroupId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async ({ division }, place, options) => {
      const { scheduleGroups, nextPageToken } = await schedules.listScheduleGroups({ ...place, divisionId: division }, options);
      return { items: scheduleGroups, nextPageToken };
    },
    get: async (scheduleGroupId) => present((await schedules.getScheduleGroup({ scheduleGroupId })).scheduleGroup),
    create: async (requestId, scheduleGroup) =>
      present((await schedules.createScheduleGroup({ requestId, scheduleGroup })).scheduleGroup),
    update: async (scheduleGroup, paths) =>
      present((await schedules.updateScheduleGroup({ scheduleGroup, updateMask: { paths } })).scheduleGroup),
    remove: (scheduleGroupId, etag) => schedules.deleteScheduleGroup({ scheduleGroupId, etag }),
  };
}
