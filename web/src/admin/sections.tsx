// The sections of the administration area and the permission that each needs.
import type { ComponentType } from "react";
import { ApiClientList, ApiClientPage } from "./pages/api-clients";
import { ContactFieldList, ContactFieldPage } from "./pages/contact-fields";
import { DeploymentList, DeploymentPage } from "./pages/deployments";
import { ErasureList } from "./pages/erasures";
import { OrganisationPage } from "./pages/organisation";
import { DivisionList, DivisionPage, LibraryList, LibraryPage, SkillList, SkillPage } from "./pages/plain";
import { QueueList, QueuePage } from "./pages/queues";
import { ResponseList, ResponsePage } from "./pages/responses";
import { RetentionPage } from "./pages/retention";
import { RoleList, RolePage } from "./pages/roles";
import { ScheduleGroupList, ScheduleGroupPage } from "./pages/schedule-groups";
import { ScheduleList, SchedulePage } from "./pages/schedules";
import { ScriptList, ScriptPage } from "./pages/scripts";
import { UserList, UserPage } from "./pages/users";
import { UtilizationPage } from "./pages/utilization";
import { WrapUpCodeList, WrapUpCodePage } from "./pages/wrap-up-codes";
import type { SectionName } from "../desk/sections";

/** The pages of a section. */
export interface SectionPages {
  list: ComponentType;
  /** Missing where there is only one object. */
  item?: ComponentType<{ id: string }>;
}

/** The pages of every section. */
export const SECTION_PAGES: Record<SectionName, SectionPages> = {
  users: { list: UserList, item: UserPage },
  roles: { list: RoleList, item: RolePage },
  divisions: { list: DivisionList, item: DivisionPage },
  queues: { list: QueueList, item: QueuePage },
  skills: { list: SkillList, item: SkillPage },
  "wrap-up-codes": { list: WrapUpCodeList, item: WrapUpCodePage },
  schedules: { list: ScheduleList, item: SchedulePage },
  "schedule-groups": { list: ScheduleGroupList, item: ScheduleGroupPage },
  utilization: { list: UtilizationPage },
  libraries: { list: LibraryList, item: LibraryPage },
  responses: { list: ResponseList, item: ResponsePage },
  scripts: { list: ScriptList, item: ScriptPage },
  "contact-fields": { list: ContactFieldList, item: ContactFieldPage },
  deployments: { list: DeploymentList, item: DeploymentPage },
  "api-clients": { list: ApiClientList, item: ApiClientPage },
  retention: { list: RetentionPage },
  erasures: { list: ErasureList },
  organisation: { list: OrganisationPage },
};
