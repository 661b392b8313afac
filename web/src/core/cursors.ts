// Where each conversation's stream goes on.

/** The most cursors that one watch request may carry. */
export const MAX_CURSORS = 200;

/** The last cursor of each conversation, the latest used last. */
export class Cursors {
  private readonly byConversation = new Map<string, string>();

  /** Remembers a cursor; an empty one changes nothing. */
  advance(conversationId: string, cursor: string): void {
    if (cursor === "") return;
    this.byConversation.delete(conversationId);
    this.byConversation.set(conversationId, cursor);
  }

  /** The cursor to go on from; "" means from the beginning. */
  of(conversationId: string): string {
    return this.byConversation.get(conversationId) ?? "";
  }

  forget(conversationId: string): void {
    this.byConversation.delete(conversationId);
  }

  clear(): void {
    this.byConversation.clear();
  }

  /** What a watch request carries: the most recently moved ones. */
  list(): { conversationId: string; cursor: string }[] {
    const all = [...this.byConversation].map(([conversationId, cursor]) => ({ conversationId, cursor }));
    return all.slice(-MAX_CURSORS);
  }
}
