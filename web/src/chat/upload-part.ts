// The customer's files: the button to choose them, and those on their way.
import { fileSize } from "../core/file-size";
import type { UploadEntry, UploadLimits } from "../core/uploads";
import { sentenceOf } from "../i18n/reasons";
import { refusalKey } from "../i18n/refusals";
import type { ChatTranslator } from "./catalogues";
import { button, el } from "./dom";

/** What the customer does with files. */
export interface UploadActions {
  attach(files: readonly File[]): void;
  retryUpload(requestId: string): void;
  discardUpload(requestId: string): void;
}

/** Chooses files; hidden where none are taken. */
export class AttachControl {
  readonly element: HTMLElement;
  private readonly input = el("input", { type: "file", multiple: true, hidden: true, "data-testid": "attach-input" });

  constructor(words: ChatTranslator, actions: UploadActions) {
    const choose = button("attach", words.t("file.attach"), "link", () => this.input.click());
    this.input.addEventListener("change", () => {
      actions.attach([...(this.input.files ?? [])]);
      // The same file may be chosen again.
      this.input.value = "";
    });
    this.element = el("span", { class: "attach", hidden: true }, choose, this.input);
  }

  /** Follows what may be attached. */
  update(limits: UploadLimits | undefined): void {
    this.element.hidden = !limits?.enabled;
    this.input.accept = limits?.mediaTypes.join(",") ?? "";
  }
}

/** The files that the log does not show yet; lines are kept, so that what is said of them is read out once. */
export class UploadList {
  readonly element = el("ul", { class: "uploads", hidden: true });
  private readonly lines = new Map<string, { line: HTMLElement; state: HTMLElement; bar: HTMLProgressElement; shown: string; actions: HTMLElement }>();
  private readonly words: ChatTranslator;
  private readonly actions: UploadActions;

  constructor(words: ChatTranslator, actions: UploadActions) {
    this.words = words;
    this.actions = actions;
    this.element.setAttribute("aria-label", words.t("file.uploads"));
  }

  /** Shows them as they stand. */
  update(entries: readonly UploadEntry[]): void {
    this.element.hidden = entries.length === 0;
    for (const [requestId, { line }] of this.lines) {
      if (entries.some((entry) => entry.requestId === requestId)) continue;
      line.remove();
      this.lines.delete(requestId);
    }
    for (const entry of entries) this.show(entry);
  }

  private show(entry: UploadEntry): void {
    const drawn = this.lines.get(entry.requestId) ?? this.draw(entry);
    const { line, state, bar, actions } = drawn;
    bar.hidden = entry.state !== "sending";
    bar.value = entry.sent;
    if (drawn.shown === entry.state) return;
    drawn.shown = entry.state;
    line.dataset["state"] = entry.state;
    line.dataset["refusal"] = entry.refusal;
    state.textContent = standing(entry, this.words);
    state.classList.toggle("problem", entry.state === "refused" || entry.state === "failed");
    actions.replaceChildren(...this.ways(entry));
  }

  private draw({ requestId, name, bytes }: UploadEntry) {
    const { words } = this;
    const state = el("span", { role: "status", "data-testid": "upload-state" });
    const bar = el("progress", { max: String(bytes), "aria-label": words.t("file.sendingNamed", { name }) });
    const actions = el("span", {});
    const line = el("li", { "data-testid": "upload" }, `${name} (${fileSize(bytes, words.locale)}) – `, state, " ", actions, bar);
    const drawn = { line, state, bar, shown: "", actions };
    this.lines.set(requestId, drawn);
    this.element.append(line);
    return drawn;
  }

  private ways({ requestId, state, name }: UploadEntry): HTMLElement[] {
    const { words, actions } = this;
    if (state === "checking" || state === "clean") return [];
    const discard = button("upload-discard", words.t("message.discard"), "link", () => actions.discardUpload(requestId));
    discard.setAttribute("aria-label", words.t("file.discardNamed", { name }));
    if (state !== "failed") return [discard];
    return [button("upload-retry", words.t("message.retry"), "link", () => actions.retryUpload(requestId)), discard];
  }
}

function standing({ state, refusal, fault }: UploadEntry, words: ChatTranslator): string {
  if (state === "refused") return words.t(refusalKey(refusal));
  if (state !== "failed") return words.t(`file.${state}`);
  const sentence = fault && sentenceOf(fault);
  return words.t("message.notSent", { reason: sentence ? words.t(sentence.key, sentence.values) : "" });
}
