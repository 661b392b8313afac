// Begins a chat.
import type { Client } from "@connectrpc/connect";
import type { Fault } from "../core/fault";
import { newUuid } from "../core/uuid";
import {
  ConversationKind,
  type ConversationService,
  type StartConversationResponse,
} from "../gen/guest/onqueue/session/v1/conversation_pb";
import { faultOf } from "../rpc/faults";
import { guestPair, type ChatMemory, type KeptChat, type PendingStart } from "./kept-chat";

type Opener = Pick<Client<typeof ConversationService>, "startConversation">;

/** Whether the address of the page names no deployment that can be chatted with, however often one asks. */
export function isNoDeployment(fault: Fault): boolean {
  return fault.status === "not_found" || fault.status === "invalid_argument";
}

/** Starts a chat. Repeated with the same content after a lost answer, it comes to the same chat; after a refusal it is a new request. */
export async function startChat(
  open: Opener,
  memory: ChatMemory,
  deploymentId: string,
  wanted: Omit<PendingStart, "requestId">,
): Promise<KeptChat> {
  const pending = memory.start.load();
  const isAgain = pending && sameContent(pending, wanted);
  // What is repeated is repeated whole: another assertion would be another request.
  const start: PendingStart = isAgain ? pending : { ...wanted, requestId: newUuid() };
  memory.start.save(start);
  const kept = keptFrom(await answered(memory, open.startConversation(requestOf(start, deploymentId))));
  forgetChat(memory);
  memory.chat.save(kept);
  // Who is signed in to the web site around the chat need not be who comes next.
  if (start.identityAssertion === "") memory.chat.remember(kept);
  return kept;
}

/** Forgets the chat of this tab, in the browser too. */
export function forgetChat({ chat, start, outbox, draft }: ChatMemory): void {
  for (const kept of [chat, start, outbox, draft]) kept.clear();
}

function requestOf({ kind, ...start }: PendingStart, deploymentId: string) {
  const isMessaging = kind === "messaging";
  return { ...start, deploymentId, kind: isMessaging ? ConversationKind.MESSAGING : ConversationKind.CHAT };
}

/** The server gives a request id the same answer for good, so one that was refused must not be sent again. */
async function answered<T>(memory: ChatMemory, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (faultOf(error).kind === "refused") memory.start.clear();
    throw error;
  }
}

function keptFrom(answer: StartConversationResponse): KeptChat {
  const { conversation, tokens, participantId } = answer;
  if (!conversation || !tokens) throw new Error("no chat came");
  return { conversationId: conversation.conversationId, participantId, tokens: guestPair(tokens) };
}

/** Whether the same is asked for; who asks is signed anew each time. */
function sameContent(a: Omit<PendingStart, "requestId">, b: Omit<PendingStart, "requestId">): boolean {
  const content = ({ kind, queueId, language, guestName, topic, firstMessage }: typeof a) =>
    JSON.stringify([kind, queueId, language, guestName, topic, firstMessage]);
  return content(a) === content(b);
}
