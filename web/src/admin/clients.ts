// The rpcs that the administration area calls.
import { createClient, type Client, type Transport } from "@connectrpc/connect";
import { ApiClientService } from "../gen/onqueue/auth/v1/api_client_pb";
import { DeploymentService } from "../gen/onqueue/auth/v1/deployment_pb";
import { DivisionService } from "../gen/onqueue/auth/v1/division_pb";
import { GrantService } from "../gen/onqueue/auth/v1/grant_pb";
import { OrganisationService } from "../gen/onqueue/auth/v1/organisation_pb";
import { PermissionService } from "../gen/onqueue/auth/v1/permission_pb";
import { RoleService } from "../gen/onqueue/auth/v1/role_pb";
import { UserService } from "../gen/onqueue/auth/v1/user_pb";
import { LibraryService } from "../gen/onqueue/content/v1/library_pb";
import { ResponseTransferService } from "../gen/onqueue/content/v1/response_transfer_pb";
import { ResponseService } from "../gen/onqueue/content/v1/response_pb";
import { ScriptService } from "../gen/onqueue/content/v1/script_pb";
import { QueueService } from "../gen/onqueue/routing/v1/queue_pb";
import { ScheduleService } from "../gen/onqueue/routing/v1/schedule_pb";
import { SkillService } from "../gen/onqueue/routing/v1/skill_pb";
import { UtilizationService } from "../gen/onqueue/routing/v1/utilization_pb";
import { WrapUpCodeService } from "../gen/onqueue/routing/v1/wrap_up_code_pb";
import { ContactFieldService } from "../gen/onqueue/session/v1/contact_field_pb";

/** One client for each service of administration. */
export interface AdminClients {
  apiClients: Client<typeof ApiClientService>;
  deployments: Client<typeof DeploymentService>;
  divisions: Client<typeof DivisionService>;
  grants: Client<typeof GrantService>;
  organisation: Client<typeof OrganisationService>;
  permissions: Client<typeof PermissionService>;
  roles: Client<typeof RoleService>;
  users: Client<typeof UserService>;
  libraries: Client<typeof LibraryService>;
  responses: Client<typeof ResponseService>;
  responseTransfer: Client<typeof ResponseTransferService>;
  scripts: Client<typeof ScriptService>;
  queues: Client<typeof QueueService>;
  skills: Client<typeof SkillService>;
  utilization: Client<typeof UtilizationService>;
  wrapUpCodes: Client<typeof WrapUpCodeService>;
  schedules: Client<typeof ScheduleService>;
  contactFields: Client<typeof ContactFieldService>;
}

/** The clients over a transport that carries the user's token. */
export function adminClients(transport: Transport): AdminClients {
  return {
    apiClients: createClient(ApiClientService, transport),
    deployments: createClient(DeploymentService, transport),
    divisions: createClient(DivisionService, transport),
    grants: createClient(GrantService, transport),
    organisation: createClient(OrganisationService, transport),
    permissions: createClient(PermissionService, transport),
    roles: createClient(RoleService, transport),
    users: createClient(UserService, transport),
    libraries: createClient(LibraryService, transport),
    responses: createClient(ResponseService, transport),
    responseTransfer: createClient(ResponseTransferService, transport),
    scripts: createClient(ScriptService, transport),
    queues: createClient(QueueService, transport),
    skills: createClient(SkillService, transport),
    utilization: createClient(UtilizationService, transport),
    wrapUpCodes: createClient(WrapUpCodeService, transport),
    schedules: createClient(ScheduleService, transport),
    contactFields: createClient(ContactFieldService, transport),
  };
}
