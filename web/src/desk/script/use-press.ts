// Pressing a button of a page: one step, sent until it is stored, and what the page does afterwards.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { Fault } from "../../core/fault";
import { newUuid } from "../../core/uuid";
import { ScriptStepKind, type ScriptAction, type ScriptButton, type ScriptRun } from "../../gen/onqueue/content/v1/script_run_pb";
import { faultOf } from "../../rpc/faults";
import { useDesk } from "../desk-context";
import { useWords } from "../words";
import { problemsIn, refusedAnswers, type AnswerProblems } from "./checks";
import { forgetPageDraft } from "./drafts";
import { fieldsOf } from "./run";
import { lookingFrom, takeRun } from "./use-script-run";
import { valuesOf, type TypedValues } from "./values";

/** What came of the last press. */
export interface Pressing {
  /** The button whose step is on its way. */
  busy: string | undefined;
  fault: Fault | undefined;
  problems: AnswerProblems;
  /** Counts refusals, so that the form can lead to what is wrong. */
  refusals: number;
  /** Whether somebody else had taken the step. */
  wasOvertaken: boolean;
  press(button: ScriptButton, typed: TypedValues): void;
  /** A field was changed: what was wrong with it may be right now. */
  changed(fieldId: string): void;
  /** Whether the run's last step is the one that was sent last: its answer may have been lost on the way. */
  took(run: ScriptRun): boolean;
}

interface PressPorts {
  run: ScriptRun;
  /** When it was read last. */
  readAt: number;
  /** The run has moved on by this press. */
  moved(): void;
  /** What the page is to do now. */
  act(actions: readonly ScriptAction[]): void;
}

interface Outcome {
  busy: string | undefined;
  fault: Fault | undefined;
  problems: AnswerProblems;
  refusals: number;
  wasOvertaken: boolean;
}

const NOTHING: Outcome = { busy: undefined, fault: undefined, problems: {}, refusals: 0, wasOvertaken: false };

/** The buttons of a run. */
export function usePress({ run, readAt, moved, act }: PressPorts): Pressing {
  const { clients, me } = useDesk();
  const queries = useQueryClient();
  const { locale } = useWords();
  const sent = useRef<Sent>(undefined);
  const [outcome, setOutcome] = useState(NOTHING);
  const requestIdOf = useRequestId();
  const put = (part: Partial<Outcome>) => setOutcome((now) => ({ ...now, ...part }));
  const refuse = (problems: AnswerProblems, fault?: Fault) =>
    setOutcome(({ refusals }) => ({ ...NOTHING, problems, fault, refusals: refusals + 1 }));

  const send = async (button: ScriptButton, typed: TypedValues) => {
    const { page, runId, step } = run;
    if (!page) return;
    const answers = keepsAnswers(button) ? valuesOf(fieldsOf(page), typed) : {};
    const body = { runId, step, pageId: page.pageId, buttonId: button.buttonId, answers };
    const requestId = requestIdOf(JSON.stringify([runId, String(step), button.buttonId, answers, locale]));
    sent.current = { runId, step, buttonId: button.buttonId };
    const answer = await clients.scriptRuns.submitPage({ requestId, ...body, ...lookingFrom(locale) });
    if (button.kind !== ScriptStepKind.STAY) {
      if (keepsAnswers(button)) forgetPageDraft(run, page.pageId);
      moved();
    }
    setOutcome(NOTHING);
    takeRun(queries, locale, answer.run);
    act(button.actions);
  };
  const failed = async (error: unknown) => {
    const fault = faultOf(error);
    if (fault.reason === "SCRIPT_STEP_OUT_OF_ORDER") {
      const { run: now } = await clients.scriptRuns.getRun({ runId: run.runId, ...lookingFrom(locale) });
      setOutcome({ ...NOTHING, wasOvertaken: true });
      return takeRun(queries, locale, now);
    }
    const problems = fault.reason === "FIELD_INVALID" ? refusedAnswers(run.page ? fieldsOf(run.page) : [], fault.metadata) : {};
    refuse(problems, Object.keys(problems).length > 0 ? undefined : fault);
  };
  const press = (button: ScriptButton, typed: TypedValues) => {
    if (outcome.busy !== undefined || !run.page) return;
    const problems = keepsAnswers(button) ? problemsIn(fieldsOf(run.page), typed) : {};
    if (Object.keys(problems).length > 0) return refuse(problems);
    put({ busy: button.buttonId, fault: undefined, wasOvertaken: false });
    send(button, typed)
      .catch(failed)
      .catch((error: unknown) => refuse({}, faultOf(error)))
      .finally(() => put({ busy: undefined }));
  };
  const changed = (fieldId: string) =>
    setOutcome((now) => {
      const { [fieldId]: gone, ...problems } = now.problems;
      return gone ? { ...now, problems } : now;
    });
  // What did not get through is no news once the run could be read again.
  useEffect(() => setOutcome((now) => (now.fault?.kind === "lost" ? { ...now, fault: undefined } : now)), [readAt]);
  return { ...outcome, press, changed, took: (now) => isOf(sent.current, now, me.userId) };
}

/** A step that was sent, whether or not an answer came. */
interface Sent {
  runId: string;
  step: bigint;
  buttonId: string;
}

/** Whether the run's last step is the one that was sent. */
function isOf(sent: Sent | undefined, { runId, steps }: ScriptRun, userId: string): boolean {
  const last = steps.at(-1);
  if (!sent || !last) return false;
  return sent.runId === runId && last.number === sent.step + 1n && last.buttonId === sent.buttonId && last.userId === userId;
}

/** Whether its step keeps what was answered. */
export function keepsAnswers({ kind }: ScriptButton): boolean {
  return kind === ScriptStepKind.NEXT || kind === ScriptStepKind.END;
}

/** The same id for the same step, however often it is sent. */
function useRequestId(): (body: string) => string {
  const last = useRef<{ body: string; id: string }>(undefined);
  return (body) => {
    if (last.current?.body !== body) last.current = { body, id: newUuid() };
    return last.current.id;
  };
}
