// The names of the administration area's sections and the permission that each needs; known before the area is loaded.
import { holds } from "../core/permissions";

/** Every section in the order of the navigation, with the permission to see it. */
export const SECTIONS = [
  ["users", "authorization:user:view"],
  ["roles", "authorization:role:view"],
  ["divisions", "authorization:division:view"],
  ["queues", "routing:queue:view"],
  ["skills", "routing:skill:view"],
  ["wrap-up-codes", "routing:wrapupCode:view"],
  ["schedules", "routing:schedule:view"],
  ["schedule-groups", "routing:scheduleGroup:view"],
  ["utilization", "routing:utilization:view"],
  ["libraries", "responses:library:view"],
  ["responses", "responses:response:view"],
  ["scripts", "scripter:script:view"],
  ["contact-fields", "externalContacts:customField:view"],
  ["deployments", "authorization:deployment:view"],
  ["api-clients", "authorization:apiClient:view"],
  ["retention", "recording:transcript:view"],
  ["erasures", "recording:transcript:erase"],
  ["organisation", "authorization:organisation:edit"],
] as const;

/** The name of a section. */
export type SectionName = (typeof SECTIONS)[number][0];

// What an agent's or a supervisor's role has for their work; alone it makes nobody an administrator.
const ALSO_AGENTS: ReadonlySet<SectionName> = new Set(["responses", "libraries", "queues", "skills", "utilization", "wrap-up-codes", "contact-fields", "retention"]);

/** What a section needs beyond seeing it, for those whose work only reads it. */
const CHANGES: Partial<Record<SectionName, readonly string[]>> = {
  responses: ["responses:response:add", "responses:response:edit", "responses:response:delete"],
  libraries: ["responses:library:add", "responses:library:edit", "responses:library:delete"],
  queues: ["routing:queue:add", "routing:queue:edit", "routing:queue:delete", "routing:queueMember:manage"],
  skills: ["routing:skill:add", "routing:skill:edit", "routing:skill:delete"],
  utilization: ["routing:utilization:manage"],
  "contact-fields": ["externalContacts:customField:add", "externalContacts:customField:edit", "externalContacts:customField:delete"],
  retention: ["recording:transcript:hold", "routing:queue:edit"],
  "wrap-up-codes": ["routing:wrapupCode:add", "routing:wrapupCode:edit", "routing:wrapupCode:delete"],
};

/** The sections that somebody with these permissions gets. */
export function sectionsFor(permissions: readonly string[]): SectionName[] {
  return SECTIONS.filter(([name, view]) => holds(permissions, view) && mayChangeOrLook(name, permissions)).map(([name]) => name);
}

function mayChangeOrLook(name: SectionName, permissions: readonly string[]): boolean {
  if (!ALSO_AGENTS.has(name)) return true;
  return (CHANGES[name] ?? []).some((permission) => holds(permissions, permission));
}
