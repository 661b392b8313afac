// What the tab keeps of a chat, so that a reload goes on with it, and the browser, so that the customer can come back.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import type { OutboxEntry } from "../core/outbox";
import { browserStorage, slot, tabStorage, type Slot } from "../core/storage";
import type { ConversationService, GuestTokens } from "../gen/guest/onqueue/session/v1/conversation_pb";
import { TokenLease, type TokenPair } from "../rpc/lease";
import { joinTabs } from "../rpc/tabs";
import type { Share } from "../share/shared-fetch";
import { sharedSlot, type SharedSlot } from "../share/shared-slot";

/** The chat of a tab, and of the browser as long as the customer can come back to it. */
export interface ChatSlot extends SharedSlot<KeptChat> {
  /** Has the browser keep the chat of this tab after its tabs are closed. */
  remember(chat: KeptChat): void;
  /** The browser is not to keep the chat of this tab any longer; the tab does. */
  forget(): void;
}

/** A chat that this tab is in. */
export interface KeptChat {
  conversationId: string;
  participantId: string;
  tokens: TokenPair;
}

/** Whether a chat is over when the agent is done with it, or rests until the customer writes again. */
export type ChatKind = "chat" | "messaging";

/** A start that was not answered yet: repeating it with the same id makes no second chat. */
export interface PendingStart {
  requestId: string;
  kind: ChatKind;
  queueId: string;
  language: string;
  guestName: string;
  topic: string;
  firstMessage: string;
  /** Who the customer is, as the web site signed it; may be empty. */
  identityAssertion: string;
}

/** The tab's memory for one deployment. */
export interface ChatMemory {
  chat: ChatSlot;
  start: Slot<PendingStart>;
  outbox: Slot<OutboxEntry[]>;
  /** What is written but not sent. */
  draft: Slot<string>;
}

/** The memory of this tab for a deployment. */
export function chatMemory(deploymentId: string, kind: ChatKind, share: Share): ChatMemory {
  const name = `${deploymentId}.${kind}`;
  const place = <T>(what: string, storage = tabStorage()) => slot<T>(storage, `onqueue.chat.${name}.${what}`);
  const tab = sharedSlot(place<KeptChat>("chat"), share, name);
  const chat = chatSlot(tab, place("chat", browserStorage()));
  return { chat, start: place("start"), outbox: place("outbox"), draft: place("draft") };
}

/** A tab's slot, and one of the browser beside it, which may hold a chat that another tab began. */
export function chatSlot(tab: SharedSlot<KeptChat>, browser: Slot<KeptChat>): ChatSlot {
  const remembered = () => {
    const held = browser.load();
    return held?.conversationId === tab.load()?.conversationId ? held : undefined;
  };
  const forget = () => void (remembered() && browser.clear());
  return {
    // The tab may have slept while another renewed.
    load: () => remembered() ?? tab.load(),
    save: (chat) => {
      tab.save(chat);
      if (remembered()) browser.save(chat);
    },
    clear: () => {
      forget();
      tab.clear();
    },
    recall: () => {
      const held = browser.load();
      if (held && !tab.load()) tab.save(held);
      return tab.recall();
    },
    remember: browser.save,
    forget,
  };
}

/** The token pair in a guest's tokens. */
export function guestPair(tokens: GuestTokens): TokenPair {
  return {
    access: tokens.accessToken,
    accessExpiresAt: tokens.accessExpiresAt ? timestampMs(tokens.accessExpiresAt) : 0,
    renewal: tokens.resumeToken,
  };
}

/** Keeps a guest's tokens fresh, always with the newest resume token. */
export function guestLease(kept: KeptChat, memory: ChatMemory, open: Client<typeof ConversationService>): TokenLease {
  const keep = (tokens: TokenPair) => memory.chat.save({ ...kept, tokens });
  const tabs = joinTabs<TokenPair>(`onqueue.chat.${kept.conversationId}`, keep);
  return new TokenLease({
    load: () => memory.chat.load()?.tokens,
    save: (tokens) => (keep(tokens), tabs.publish(tokens)),
    exchange: async (resumeToken) => {
      const { tokens } = await open.resumeConversation({ resumeToken });
      return tokens ? guestPair(tokens) : Promise.reject(new Error("no tokens came"));
    },
    now: () => Date.now(),
    exclusively: (work) => tabs.exclusively(work),
  });
}
