// How far a run is, as its steps tell it.
import {
  ContactWriteState,
  ScriptRunState,
  ScriptStepKind,
  type ContactWrite,
  type ScriptField,
  type ScriptPage,
  type ScriptRun,
  type ScriptStep,
} from "../../gen/onqueue/content/v1/script_run_pb";

/** A page that was passed. */
export interface Passed {
  pageId: string;
  title: string;
}

/** Whether it stands on a page. */
export function isOpen({ state }: ScriptRun): boolean {
  return state === ScriptRunState.OPEN;
}

/** The same for as long as the run stays on the page it came to: steps that lead nowhere do not change it. */
export function placeOf({ runId, steps }: ScriptRun): string {
  return `${runId} ${steps.filter(({ kind }) => kind !== ScriptStepKind.STAY).length}`;
}

/** The pages that were passed on the way to where it stands; what one went back from is not among them. */
export function passedPages({ steps }: ScriptRun): Passed[] {
  const passed: Passed[] = [];
  for (const { kind, pageId, pageTitle } of steps) {
    if (kind === ScriptStepKind.NEXT || kind === ScriptStepKind.END) passed.push({ pageId, title: pageTitle });
    if (kind === ScriptStepKind.BACK) passed.pop();
  }
  return passed;
}

/** How often a page was answered. */
export function timesAnswered({ steps }: ScriptRun, pageId: string): number {
  return steps.filter((step) => step.pageId === pageId && (step.kind === ScriptStepKind.NEXT || step.kind === ScriptStepKind.END)).length;
}

/** The steps that answered something or wrote to the contact: of each page the last, in the order in which the pages were come to. */
export function answeredSteps({ steps }: ScriptRun): ScriptStep[] {
  const lastOf = new Map<string, ScriptStep>();
  for (const step of steps) {
    if (step.answers.length + step.contactWrites.length > 0) lastOf.set(step.pageId, step);
  }
  return [...lastOf.values()];
}

/** Whether it was refused because contacts have no such field: then the script is wrong, and not the answer. */
export function namesNoField({ contactField, state, reason }: ContactWrite): boolean {
  return state === ContactWriteState.REFUSED && reason === "NOT_FOUND" && contactField.startsWith("fields.");
}

/** What of the contact is not as it was answered, each field once by its last answer. */
export function unwritten({ steps }: ScriptRun): ContactWrite[] {
  const lastOf = new Map<string, ContactWrite>();
  for (const { contactWrites } of steps) for (const write of contactWrites) lastOf.set(write.contactField, write);
  return [...lastOf.values()].filter(({ state }) => state !== ContactWriteState.WRITTEN);
}

/** The fields of a page, from top to bottom. */
export function fieldsOf({ items }: ScriptPage): ScriptField[] {
  return items.flatMap(({ item }) => (item.case === "field" ? [item.value] : []));
}

/** The one of two answers that knows more: an earlier one may arrive later. */
export function newer(held: ScriptRun | null | undefined, read: ScriptRun | null): ScriptRun | null {
  if (!held || !read || held.runId !== read.runId) return read;
  const isOlder = read.step < held.step || (isOpen(read) && !isOpen(held));
  return isOlder ? held : read;
}
