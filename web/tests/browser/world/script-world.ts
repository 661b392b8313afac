// The script of the stand-in: three pages, of which the last depends on an answer, and a run for each conversation.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { ScriptMentionKind, ScriptSchema, type ScriptMentionSchema, type ScriptProblemSchema, type ScriptVersion } from "../../../src/gen/onqueue/content/v1/script_pb";
import {
  ContactWriteState,
  RunAbsence,
  ScriptFieldType,
  ScriptPageSchema,
  ScriptRunSchema,
  ScriptRunState,
  ScriptStepKind,
  ScriptStepSchema,
  type ScriptField,
  type ScriptPage,
  type ScriptRun,
  type ScriptValue,
  type SubmitPageRequest,
} from "../../../src/gen/onqueue/content/v1/script_run_pb";
import { refusal } from "./refusal";
import { Shelf } from "./shelf";
import { AGENT_USER } from "./world";

type PageInit = MessageInitShape<typeof ScriptPageSchema>;
type ProblemInit = MessageInitShape<typeof ScriptProblemSchema>;
type MentionInit = MessageInitShape<typeof ScriptMentionSchema>;

const { NEXT, BACK, STAY, END } = ScriptStepKind;
const options = (...labels: string[]) => labels.map((label) => ({ optionId: label.toLowerCase(), label }));
const back = { buttonId: "back", label: "Back", kind: BACK, available: true };

const PAGES: PageInit[] = [
  {
    pageId: "welcome",
    title: "Who is it?",
    items: [
      { item: { case: "paragraph", value: "Ask for the order.\nBe kind." } },
      {
        item: {
          case: "field",
          value: { fieldId: "order", type: ScriptFieldType.TEXT, label: "Order number", required: true, maxLength: 10, contactField: "fields.order" },
        },
      },
      { item: { case: "field", value: { fieldId: "reason", type: ScriptFieldType.CHOICE, label: "Reason", required: true, options: options("Broken", "Wrong") } } },
    ],
    buttons: [
      { buttonId: "next", label: "Go on", kind: NEXT, available: true },
      { ...back, available: false },
      { buttonId: "help", label: "Ask a supervisor", kind: STAY, available: true, actions: [{ action: { case: "assistance", value: { note: "A difficult return" } } }] },
      { buttonId: "over", label: "To Returns", kind: STAY, available: true, actions: [{ action: { case: "transfer", value: { queueName: "Service" } } }] },
    ],
  },
  {
    pageId: "details",
    title: "What happened?",
    missing: ["contact.name"],
    items: [
      { item: { case: "field", value: { fieldId: "bought", type: ScriptFieldType.DATE, label: "Bought on", earliest: "2020-01-01" } } },
      { item: { case: "field", value: { fieldId: "paid", type: ScriptFieldType.NUMBER, label: "Price", hint: "In euros.", min: 0, max: 1_000 } } },
      { item: { case: "field", value: { fieldId: "seen", type: ScriptFieldType.MULTI_CHOICE, label: "Seen", options: options("Scratch", "Dent", "Smell"), atMost: 2 } } },
      { item: { case: "field", value: { fieldId: "notes", type: ScriptFieldType.TEXT, label: "Notes", multiline: true } } },
      { item: { case: "field", value: { fieldId: "consent", type: ScriptFieldType.CHECKBOX, label: "Agrees", required: true } } },
      { item: { case: "response", value: { shortcut: "hello", label: "Greet first" } } },
    ],
    buttons: [back, { buttonId: "next", label: "Go on", kind: NEXT, available: true }],
  },
  {
    pageId: "done",
    title: "Well done",
    items: [{ item: { case: "paragraph", value: "Thank the customer." } }],
    buttons: [back, { buttonId: "end", label: "Finish", kind: END, available: true, actions: [{ action: { case: "wrapUp", value: { wrapUpCodeName: "Solved" } } }] }],
  },
];

/** Scripts and runs. */
export class ScriptWorld {
  readonly scripts = new Shelf(ScriptSchema, "scriptId");
  readonly versions = new Map<string, ScriptVersion[]>();
  readonly runs = new Map<string, ScriptRun>();
  readonly submitted: SubmitPageRequest[] = [];
  /** In which languages runs were begun or looked for. */
  readonly languages: string[] = [];
  readonly imports: { divisionId: string; name: string; content: string }[] = [];
  pages: PageInit[] = PAGES;
  firstPage = "welcome";
  /** Whether the queue of conversations names a script. */
  isNamed = false;
  /** Why no run begins where none does. */
  absence = RunAbsence.NO_SCRIPT;
  /** Whether the caller only looks on. */
  readsOnly = false;
  /** What the service finds wrong with the next answers: by field, the code. */
  refuses: Record<string, string> = {};
  /** How what goes into the contact ends. */
  writes: { state: ContactWriteState; reason?: string } = { state: ContactWriteState.WRITTEN };
  /** Whether the answer to the next step is lost. */
  losesAnswer = false;
  private readonly answered = new Map<string, string>();

  start(conversationId: string): ScriptRun | undefined {
    const held = this.runs.get(conversationId);
    if (held || !this.isNamed) return held;
    const made = create(ScriptRunSchema, {
      runId: `run-${conversationId}`,
      conversationId,
      scriptId: "script-1",
      scriptName: "Return of goods",
      version: 3,
      state: ScriptRunState.OPEN,
      startedAt: timestampNow(),
      maySubmit: true,
    });
    return this.put({ ...made, page: this.page(made, this.firstPage) });
  }

  look(conversationId: string, runId: string): ScriptRun | undefined {
    const run = this.runs.get(conversationId) ?? [...this.runs.values()].find((each) => each.runId === runId);
    return run && { ...run, maySubmit: !this.readsOnly };
  }

  /** Presses a button as the caller, or as somebody else. */
  press(asked: Pick<SubmitPageRequest, "requestId" | "runId" | "step" | "pageId" | "buttonId" | "answers">, userName = "Anna Beispiel"): ScriptRun {
    const run = [...this.runs.values()].find(({ runId }) => runId === asked.runId);
    if (!run) throw refusal(Code.NotFound, "NOT_FOUND");
    const known = this.answered.get(asked.requestId);
    if (known !== undefined) return run;
    if (run.step !== asked.step || run.page?.pageId !== asked.pageId) {
      throw refusal(Code.FailedPrecondition, "SCRIPT_STEP_OUT_OF_ORDER", { step: String(run.step) });
    }
    const wrong = Object.entries(this.refuses).filter(([field]) => field in asked.answers);
    if (wrong.length > 0) {
      const fields = wrong.map(([field]) => field);
      throw refusal(Code.InvalidArgument, "FIELD_INVALID", {
        field: `answers.${fields[0]}`,
        fields: fields.join(","),
        codes: wrong.map(([, code]) => code).join(","),
      });
    }
    this.answered.set(asked.requestId, asked.runId);
    return this.step(run, asked.buttonId, asked.answers, userName);
  }

  end(runId: string): ScriptRun | undefined {
    const run = [...this.runs.values()].find((each) => each.runId === runId);
    return run && this.put({ ...run, state: ScriptRunState.ENDED, page: undefined, endedAt: timestampNow() } as ScriptRun);
  }

  /** What is wrong with a document, as far as the stand-in knows. */
  problemsIn(document: string): ProblemInit[] {
    const lines = document.split("\n");
    const at = (text: string) => lines.findIndex((line) => line.includes(text));
    try {
      const parsed = JSON.parse(document) as Record<string, unknown>;
      const unknown = Object.keys(parsed).find((key) => !["format", "name", "languages", "default_language", "pages", "description"].includes(key));
      const found: ProblemInit[] = [];
      if (unknown) {
        const line = at(`"${unknown}"`);
        const column = (lines[line] ?? "").indexOf(`"${unknown}"`) + 1;
        found.push({ code: "FIELD_UNKNOWN", message: `There is no field "${unknown}".`, pointer: `/${unknown}`, line: line + 1, column });
      }
      const pages = (parsed["pages"] ?? []) as { id: string }[];
      const lost = pages.findIndex(({ id }) => id === "lost");
      if (lost >= 0) found.push({ code: "PAGE_UNREACHABLE", message: "Nothing leads to “lost”.", pointer: `/pages/${lost}`, pageId: "lost", line: at('"lost"') + 1, column: 1 });
      return found;
    } catch {
      return [{ code: "JSON_INVALID", message: "expected value at line 1 column 1", line: 1, column: 1 }];
    }
  }

  /** What a document names, as far as the stand-in knows: the queues that it hands conversations to. */
  mentionsIn(document: string): MentionInit[] {
    if (this.problemsIn(document).length > 0) return [];
    const { pages = [] } = JSON.parse(document) as { pages?: { id: string; buttons?: { id: string; actions?: { queue?: string }[] }[] }[] };
    return pages.flatMap(({ id: pageId, buttons = [] }, page) =>
      buttons.flatMap(({ id: itemId, actions = [] }, button) =>
        actions.flatMap(({ queue: name }, action) => {
          const pointer = `/pages/${page}/buttons/${button}/actions/${action}/queue`;
          return name === undefined ? [] : [{ kind: ScriptMentionKind.QUEUE, name, pointer, pageId, itemId, line: 1, column: 1 }];
        }),
      ),
    );
  }

  private step(run: ScriptRun, buttonId: string, answers: Record<string, ScriptValue>, userName: string): ScriptRun {
    const { page } = run;
    const button = page?.buttons.find((each) => each.buttonId === buttonId);
    if (!page || !button) throw refusal(Code.InvalidArgument, "FIELD_INVALID", { field: "button_id" });
    const kept = button.kind === NEXT || button.kind === END ? answers : {};
    const fields = page.items.flatMap(({ item }) => (item.case === "field" ? [item.value] : []));
    const bound = fields.filter(({ fieldId, contactField }) => contactField !== "" && fieldId in kept);
    const step = create(ScriptStepSchema, {
      number: run.step + 1n,
      kind: button.kind,
      pageId: page.pageId,
      pageTitle: page.title,
      buttonId,
      answers: Object.entries(kept).map(([fieldId, value]) => answerOf(fields, fieldId, value)),
      at: timestampNow(),
      userId: AGENT_USER,
      userName,
      version: run.version,
      contactWrites: bound.map(({ contactField }) => ({ contactField, ...this.writes })),
    });
    const moved = { ...run, step: run.step + 1n, steps: [...run.steps, step] };
    if (button.kind === END) return this.put({ ...moved, state: ScriptRunState.COMPLETED, page: undefined, endedAt: timestampNow() } as ScriptRun);
    const order = this.pages.map(({ pageId }) => pageId ?? "");
    const by = { [NEXT]: 1, [BACK]: -1 }[button.kind as number] ?? 0;
    return this.put({ ...moved, page: this.page(moved, order[order.indexOf(page.pageId) + by] ?? page.pageId) });
  }

  private page(run: ScriptRun, pageId: string): ScriptPage {
    const init = this.pages.find((each) => each.pageId === pageId);
    const page = create(ScriptPageSchema, { language: "en", ...init });
    const given = run.steps.flatMap((step) => (step.pageId === pageId ? step.answers : []));
    for (const { item } of page.items) {
      if (item.case !== "field") continue;
      const { fieldId } = item.value;
      const value = given.findLast((answer) => answer.fieldId === fieldId)?.value;
      if (value) item.value = { ...item.value, value };
    }
    return page;
  }

  private put(run: ScriptRun): ScriptRun {
    this.runs.set(run.conversationId, run);
    return run;
  }
}

function answerOf(fields: readonly ScriptField[], fieldId: string, value: ScriptValue) {
  const field = fields.find((each) => each.fieldId === fieldId);
  const labelled = (id: string) => field?.options.find(({ optionId }) => optionId === id)?.label ?? id;
  const { value: held } = value;
  const shown = held.case === "many" ? held.value.ids.map(labelled).join(", ") : labelled(String(held.value ?? ""));
  return { fieldId, value, label: field?.label ?? fieldId, shown };
}
