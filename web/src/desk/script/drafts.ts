// What is typed into the current page of each conversation's script: kept in the tab, so that it survives a change of chat and a reload.
import { slot, tabStorage, type Slot } from "../../core/storage";
import type { TypedValues } from "./values";

/** What is typed at one place of a run. */
interface PageDraft {
  place: string;
  typed: TypedValues;
}

/** What is typed at this place; nothing if it was typed at another one. */
export function draftAt(conversationId: string, place: string): TypedValues | undefined {
  const draft = slotOf(conversationId).load();
  return draft?.place === place ? draft.typed : undefined;
}

/** Keeps what is typed at a place, instead of what was typed at any other. */
export function keepDraft(conversationId: string, place: string, typed: TypedValues): void {
  slotOf(conversationId).save({ place, typed });
}

/** Forgets what is typed: it was taken, or given up. */
export function forgetDraft(conversationId: string): void {
  slotOf(conversationId).clear();
}

function slotOf(conversationId: string): Slot<PageDraft> {
  return slot<PageDraft>(tabStorage(), `onqueue.desk.chat.${conversationId}.script`);
}
