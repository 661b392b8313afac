// Begins a chat, or comes back to the one that this tab is in.
import type { Client } from "@connectrpc/connect";
import type {
  ConversationService,
  ResumeConversationResponse,
  StartConversationResponse,
} from "../gen/onqueue/session/v1/conversation_pb";
import { guestPair, type ChatMemory, type KeptChat, type PendingStart } from "./kept-chat";

type Opener = Client<typeof ConversationService>;

/** Starts a chat. Repeated with the same content after a lost answer, it comes to the same chat. */
export async function startChat(
  open: Opener,
  memory: ChatMemory,
  deploymentId: string,
  wanted: Omit<PendingStart, "requestId">,
): Promise<KeptChat> {
  const pending = memory.start.load();
  const requestId = pending && sameContent(pending, wanted) ? pending.requestId : crypto.randomUUID();
  memory.start.save({ ...wanted, requestId });
  const kept = keptFrom(await open.startConversation({ ...wanted, requestId, deploymentId }));
  memory.chat.save(kept);
  memory.outbox.clear();
  memory.start.clear();
  return kept;
}

/** Comes back to the chat of this tab with fresh tokens. */
export async function resumeChat(open: Opener, memory: ChatMemory, kept: KeptChat): Promise<KeptChat> {
  const resumed = keptFrom(await open.resumeConversation({ resumeToken: kept.tokens.renewal }));
  memory.chat.save(resumed);
  return resumed;
}

/** Forgets the chat of this tab. */
export function forgetChat(memory: ChatMemory): void {
  memory.chat.clear();
  memory.outbox.clear();
  memory.start.clear();
}

function keptFrom(answer: StartConversationResponse | ResumeConversationResponse): KeptChat {
  const { conversation, tokens, participantId } = answer;
  if (!conversation || !tokens) throw new Error("the answer lacks the conversation or its tokens");
  return { conversationId: conversation.conversationId, participantId, tokens: guestPair(tokens) };
}

function sameContent(a: Omit<PendingStart, "requestId">, b: Omit<PendingStart, "requestId">): boolean {
  const content = ({ queueId, language, guestName, topic, firstMessage }: typeof a) =>
    JSON.stringify([queueId, language, guestName, topic, firstMessage]);
  return content(a) === content(b);
}
