// Pressing a button of a page: one step, sent until it is stored, and what the page does afterwards.
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Fault } from "../../core/fault";
import { newUuid } from "../../core/uuid";
import { ScriptStepKind, type ScriptAction, type ScriptButton, type ScriptRun } from "../../gen/onqueue/content/v1/script_run_pb";
import { faultOf } from "../../rpc/faults";
import { useDesk } from "../desk-context";
import { problemsIn, refusedAnswers, type AnswerProblems } from "./checks";
import { forgetDraft } from "./drafts";
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
}

interface PressPorts {
  run: ScriptRun;
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
export function usePress({ run, moved, act }: PressPorts): Pressing {
  const { clients } = useDesk();
  const queries = useQueryClient();
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
    const requestId = requestIdOf(JSON.stringify([runId, String(step), button.buttonId, answers]));
    const answer = await clients.scriptRuns.submitPage({ requestId, ...body, ...lookingFrom() });
    if (button.kind !== ScriptStepKind.STAY) {
      forgetDraft(run.conversationId);
      moved();
    }
    setOutcome(NOTHING);
    takeRun(queries, answer.run);
    act(button.actions);
  };
  const failed = async (error: unknown) => {
    const fault = faultOf(error);
    if (fault.reason === "SCRIPT_STEP_OUT_OF_ORDER") {
      const { run: now } = await clients.scriptRuns.getRun({ runId: run.runId, ...lookingFrom() });
      setOutcome({ ...NOTHING, wasOvertaken: true });
      return takeRun(queries, now);
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
  return { ...outcome, press, changed };
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
