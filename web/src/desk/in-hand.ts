// What an agent has in hand: open chats, and offers to be answered.
import { isClosed } from "../core/conversation";
import { AgentState, type Agent } from "../gen/onqueue/routing/v1/agent_pb";
import type { ChatSnapshot } from "./desk-chat";
import type { DeskSnapshot } from "./desk-store";

type InHand = Pick<DeskSnapshot, "chats" | "offers">;

/** Whether nothing can be sent any more. */
export function isOver(chat: ChatSnapshot): boolean {
  return isClosed(chat.view) || !chat.mine;
}

/** How many customers are with the agent, in open chats and by offers. */
export function customersInHand({ chats, offers }: InHand): number {
  const open = chats.filter((chat) => !isOver(chat)).map(({ conversationId }) => conversationId);
  return new Set([...open, ...offers.map(({ conversationId }) => conversationId)]).size;
}

/** Whether chats are offered to the agent, who talks to nobody. */
export function isOnlyAlerting({ chats, offers }: InHand): boolean {
  return offers.length > 0 && chats.every(isOver);
}

/** Whether after-contact work is all that the agent has. */
export function isOnlyWrappingUp({ agent, chats, offers }: DeskSnapshot): boolean {
  return (agent?.afterContactWork.length ?? 0) > 0 && offers.length === 0 && chats.every(isOver);
}

/** Whether the agent has gone on queue and not off again, though nothing may come while they do not respond. */
export function isOnQueue(agent: Agent | undefined): boolean {
  return agent !== undefined && agent.state !== AgentState.OFF_QUEUE && agent.state !== AgentState.UNSPECIFIED;
}
