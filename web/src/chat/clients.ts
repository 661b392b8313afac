// The rpcs that the customer's page calls.
import { createClient, type Client } from "@connectrpc/connect";
import { DeploymentService } from "../gen/onqueue/auth/v1/deployment_pb";
import { ConversationService } from "../gen/onqueue/session/v1/conversation_pb";
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

/** The client of a guest in their conversation. */
export function guestClient(baseUrl: string, tokens: TokenSource, by: typeof fetch): Client<typeof ConversationService> {
  return createClient(ConversationService, bearerTransport(baseUrl, tokens, by));
}
