// What the agent says of each conversation, kept in the tab; every form that shows the same follows.
import { slot, tabStorage } from "../../core/storage";

/** What is chosen and written. */
export interface WrapUpDraft {
  codeId: string;
  notes: string;
  /** Whether the server has it as it is here. */
  isSent: boolean;
}

const EMPTY: WrapUpDraft = { codeId: "", notes: "", isSent: false };

/** The drafts by conversation. */
export class Drafts {
  private readonly known = new Map<string, WrapUpDraft>();
  private readonly listeners = new Set<() => void>();

  /** The same object until it is changed. */
  of(conversationId: string): WrapUpDraft {
    const draft = this.known.get(conversationId) ?? placeOf(conversationId).load() ?? EMPTY;
    this.known.set(conversationId, draft);
    return draft;
  }

  put(conversationId: string, draft: WrapUpDraft): void {
    placeOf(conversationId).save(draft);
    this.known.set(conversationId, draft);
    for (const listener of this.listeners) listener();
  }

  /** Says that the server has `sent`; what was changed meanwhile stays unsent. */
  sent(conversationId: string, sent: WrapUpDraft): void {
    if (this.of(conversationId) === sent) this.put(conversationId, { ...sent, isSent: true });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

function placeOf(conversationId: string) {
  return slot<WrapUpDraft>(tabStorage(), `onqueue.desk.chat.${conversationId}.wrapUp`);
}
