// The rpcs that the desk calls.
import { createClient, type Client, type Transport } from "@connectrpc/connect";
import { PermissionService } from "../gen/onqueue/auth/v1/permission_pb";
import { ResponseService } from "../gen/onqueue/content/v1/response_pb";
import { ScriptRunService } from "../gen/onqueue/content/v1/script_run_pb";
import { DeskService } from "../gen/onqueue/gateway/v1/desk_pb";
import { AgentService } from "../gen/onqueue/routing/v1/agent_pb";
import { DecisionService } from "../gen/onqueue/routing/v1/decision_pb";
import { InteractionService } from "../gen/onqueue/routing/v1/interaction_pb";
import { ObservationService } from "../gen/onqueue/routing/v1/observation_pb";
import { QueueService } from "../gen/onqueue/routing/v1/queue_pb";
import { WrapUpCodeService } from "../gen/onqueue/routing/v1/wrap_up_code_pb";
import { AssistanceService } from "../gen/onqueue/session/v1/assistance_pb";
import { AttachmentService } from "../gen/onqueue/session/v1/attachment_pb";
import { ContactFieldService } from "../gen/onqueue/session/v1/contact_field_pb";
import { ContactService } from "../gen/onqueue/session/v1/contact_pb";
import { ConversationService } from "../gen/onqueue/session/v1/conversation_pb";
import { ErasureService } from "../gen/onqueue/session/v1/erasure_pb";
import { SupervisionService } from "../gen/onqueue/session/v1/supervision_pb";
import { TranscriptService } from "../gen/onqueue/session/v1/transcript_pb";

/** One client for each service that the desk uses. */
export interface DeskClients {
  desk: Client<typeof DeskService>;
  agents: Client<typeof AgentService>;
  queues: Client<typeof QueueService>;
  decisions: Client<typeof DecisionService>;
  interactions: Client<typeof InteractionService>;
  observations: Client<typeof ObservationService>;
  wrapUpCodes: Client<typeof WrapUpCodeService>;
  conversations: Client<typeof ConversationService>;
  transcripts: Client<typeof TranscriptService>;
  assistance: Client<typeof AssistanceService>;
  supervision: Client<typeof SupervisionService>;
  attachments: Client<typeof AttachmentService>;
  contacts: Client<typeof ContactService>;
  contactFields: Client<typeof ContactFieldService>;
  erasures: Client<typeof ErasureService>;
  responses: Client<typeof ResponseService>;
  scriptRuns: Client<typeof ScriptRunService>;
  permissions: Client<typeof PermissionService>;
}

/** The clients over a transport that carries the user's token. */
export function deskClients(transport: Transport): DeskClients {
  return {
    desk: createClient(DeskService, transport),
    agents: createClient(AgentService, transport),
    queues: createClient(QueueService, transport),
    decisions: createClient(DecisionService, transport),
    interactions: createClient(InteractionService, transport),
    observations: createClient(ObservationService, transport),
    wrapUpCodes: createClient(WrapUpCodeService, transport),
    conversations: createClient(ConversationService, transport),
    transcripts: createClient(TranscriptService, transport),
    assistance: createClient(AssistanceService, transport),
    supervision: createClient(SupervisionService, transport),
    attachments: createClient(AttachmentService, transport),
    contacts: createClient(ContactService, transport),
    contactFields: createClient(ContactFieldService, transport),
    erasures: createClient(ErasureService, transport),
    responses: createClient(ResponseService, transport),
    scriptRuns: createClient(ScriptRunService, transport),
    permissions: createClient(PermissionService, transport),
  };
}
