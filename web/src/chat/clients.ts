// The rpcs that the customer's page calls.
import { createClient, type Client } from "@connectrpc/connect";
import { DeploymentService } from "../gen/guest/onqueue/auth/v1/deployment_pb";
import { WaitService } from "../gen/guest/onqueue/routing/v1/wait_pb";
import { AttachmentService } from "../gen/guest/onqueue/session/v1/attachment_pb";
import { ConversationService } from "../gen/guest/onqueue/session/v1/conversation_pb";
import { bearerTransport, openTransport, type TokenSource } from "../rpc/transport";

/** Calls that need no token. */
export interface OpenClients {
  deployments: Client<typeof DeploymentService>;
  conversations: Client<typeof ConversationService>;
}

/** Clients for calls without a token. */
export function openClients(baseUrl: string): OpenClients {
  const transport = openTransport(baseUrl);
  return {
    deployments: createClient(DeploymentService, transport),
    conversations: createClient(ConversationService, transport),
  };
}

/** Calls with a guest's token. */
export interface GuestClients {
  conversations: Client<typeof ConversationService>;
  waits: Client<typeof WaitService>;
  attachments: Client<typeof AttachmentService>;
}

/** The clients of a guest in their conversation. */
export function guestClients(baseUrl: string, tokens: TokenSource, by: typeof fetch): GuestClients {
  const transport = bearerTransport(baseUrl, tokens, by);
  return {
    conversations: createClient(ConversationService, transport),
    waits: createClient(WaitService, transport),
    attachments: createClient(AttachmentService, transport),
  };
}
