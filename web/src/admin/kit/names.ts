// The names of objects that other objects mention by their ids.
import { useQueries } from "@tanstack/react-query";
import { useAdmin, useHolds, type Resources } from "../context";
import type { Resource } from "./resource";

const MENTIONED: Record<string, keyof Resources> = {
  divisionId: "divisions",
  libraryIds: "libraries",
  closedScheduleIds: "schedules",
  holidayScheduleIds: "schedules",
  openScheduleIds: "schedules",
  queueId: "queues",
  queueIds: "queues",
  roleId: "roles",
  scheduleGroupId: "scheduleGroups",
  scriptId: "scripts",
  skillId: "skills",
  skillIds: "skills",
  skillsToRemove: "skills",
  userId: "users",
};

/** An object that is mentioned. */
export interface Mention {
  kind: keyof Resources;
  id: string;
}

/** What a value mentions, at any depth, each once. */
export function mentionsIn(value: unknown, key = ""): Mention[] {
  const kind = MENTIONED[key];
  if (typeof value === "string") return kind && value !== "" ? [{ kind, id: value }] : [];
  if (typeof value !== "object" || value === null) return [];
  const parts = Array.isArray(value) ? value.map((part) => [key, part] as const) : Object.entries(value);
  const found = parts.flatMap(([name, part]) => mentionsIn(part, name));
  return found.filter(({ id }, index) => found.findIndex((other) => other.id === id) === index);
}

/** Names what the values mention; what has no name that may be seen stays as it is. */
export function useNamesIn(values: readonly unknown[]): (text: string) => string {
  const { resources } = useAdmin();
  const holds = useHolds();
  const mentions = mentionsIn(values.map((value) => ({ value })));
  const names = useQueries({
    queries: mentions.map(({ kind, id }) => {
      const resource = resources[kind] as unknown as Resource<object>;
      return {
        queryKey: [resource.kind, "name", id],
        queryFn: async () => resource.name(await resource.get(id)),
        enabled: holds(resource.needs.view),
        staleTime: 60_000,
      };
    }),
    combine: (answers) => new Map(answers.map(({ data }, index) => [mentions[index]?.id, data])),
  });
  return (text) => names.get(text) ?? text;
}
