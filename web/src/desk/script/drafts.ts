// What is typed into the pages of each conversation's script and not submitted: kept in the tab, so that it survives going back to
// another page, a change of chat and a reload.
import { slot, tabStorage, type Slot } from "../../core/storage";
import type { ScriptRun } from "../../gen/onqueue/content/v1/script_run_pb";
import { timesAnswered } from "./run";
import type { TypedValues } from "./values";

/** What is typed into one page. */
interface PageDraft {
  /** How often the page had been answered then: an answer since, by whomever, is newer. */
  times: number;
  typed: TypedValues;
}

/** What is typed into the pages of a run. */
interface RunDraft {
  runId: string;
  pages: Record<string, PageDraft>;
}

/** What is typed into a page; nothing if it was answered since. */
export function draftAt(run: ScriptRun, pageId: string): TypedValues | undefined {
  const draft = pagesOf(run)[pageId];
  return draft?.times === timesAnswered(run, pageId) ? draft.typed : undefined;
}

/** Keeps what is typed into a page, beside what is typed into the others of the same run. */
export function keepDraft(run: ScriptRun, pageId: string, typed: TypedValues): void {
  const pages = { ...pagesOf(run), [pageId]: { times: timesAnswered(run, pageId), typed } };
  slotOf(run.conversationId).save({ runId: run.runId, pages });
}

/** Forgets what is typed into a page: it was taken. */
export function forgetPageDraft(run: ScriptRun, pageId: string): void {
  const { [pageId]: _, ...pages } = pagesOf(run);
  slotOf(run.conversationId).save({ runId: run.runId, pages });
}

/** Forgets all that is typed: the run was given up. */
export function forgetDraft(conversationId: string): void {
  slotOf(conversationId).clear();
}

function pagesOf({ conversationId, runId }: ScriptRun): Record<string, PageDraft> {
  const held = slotOf(conversationId).load();
  return held?.runId === runId ? (held.pages ?? {}) : {};
}

function slotOf(conversationId: string): Slot<RunDraft> {
  return slot<RunDraft>(tabStorage(), `onqueue.desk.chat.${conversationId}.script`);
}
