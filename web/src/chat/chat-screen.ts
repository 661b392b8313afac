// The chat itself: status, log, text box, end.
import type { ConversationView } from "../core/conversation";
import { charactersLeft, isSendable } from "../core/message-text";
import type { Event } from "../gen/onqueue/session/v1/event_pb";
import { endNotice } from "../i18n/notices";
import type { ChatTranslator } from "./catalogues";
import type { ChatState } from "./conversation";
import { button, el } from "./dom";
import { entryNode, eventNode } from "./message-node";
import { isWaitingAgain, reasonText, type Reader } from "./sentences";
import { AttachControl, UploadList, type UploadActions } from "./upload-part";
import type { Waiting } from "./waiting";
import { waitText } from "./waiting-text";

/** What the customer may do. */
export interface ChatActions extends UploadActions {
  send(text: string): void;
  typed(text: string): void;
  retry(clientMessageId: string): void;
  discard(clientMessageId: string): void;
  end(): void;
  download(): void;
  /** Fetches a file of the log. */
  fetchFile(attachmentId: string): void;
  startAnew(): void;
}

const TICK_MS = 1_000;

/** The screen of a chat; `update` shows a new state. */
export class ChatScreen {
  readonly element: HTMLElement;
  private state: ChatState | undefined;
  private shownEvents: readonly Event[] = [];
  private asking = false;
  private readonly status = el("div", { class: "status", role: "status", "data-testid": "chat-status" });
  private readonly position = el("p", { class: "position", role: "status", "data-testid": "chat-position", hidden: true });
  private readonly notice = el("p", { class: "queue-message", role: "status", "data-testid": "chat-queue-message", hidden: true });
  private readonly warning = el("p", { class: "warning", role: "alert", "data-testid": "chat-warning", hidden: true });
  private readonly log: HTMLElement;
  private readonly pending = el("ol", { class: "lines pending" });
  private readonly lines = el("ol", { class: "lines" });
  private readonly typing = el("p", { class: "typing", role: "status", "data-testid": "chat-typing", hidden: true });
  private readonly footer = el("div", { class: "footer" });
  private readonly input: HTMLTextAreaElement;
  private readonly counter = el("span", { class: "counter", role: "status", "data-testid": "chat-counter" });
  private readonly attach: AttachControl;
  private readonly uploads: UploadList;
  private readonly ticker: number;
  private readonly words: ChatTranslator;
  private readonly reader: Reader;
  private readonly sendButton: HTMLButtonElement;
  private readonly actions: ChatActions;

  constructor(reader: Reader, draft: string, actions: ChatActions) {
    const { words } = reader;
    this.words = words;
    this.reader = reader;
    this.actions = actions;
    this.attach = new AttachControl(words, actions);
    this.uploads = new UploadList(words, actions);
    this.log = el("div", {
      class: "log",
      role: "log",
      tabindex: "0",
      "aria-label": words.t("chat.log"),
      "data-testid": "chat-log",
    });
    this.log.append(this.lines, this.pending);
    this.input = el("textarea", {
      rows: "2",
      "data-testid": "chat-input",
      "aria-label": words.t("chat.input"),
      placeholder: words.t("chat.input"),
    });
    this.input.value = draft;
    const toSend = { type: "submit", class: "primary", "data-testid": "chat-send" };
    this.sendButton = el("button", toSend, words.t("message.send"));
    this.listenToInput();
    this.showInput();
    this.element = el("section", { class: "card chat" });
    this.element.append(this.status, this.position, this.notice, this.warning, this.log, this.typing, this.uploads.element, this.footer);
    this.ticker = window.setInterval(() => this.showWarning(), TICK_MS);
  }

  /** The text that is not sent yet. */
  get draft(): string {
    return this.input.value;
  }

  close(): void {
    window.clearInterval(this.ticker);
  }

  focus(): void {
    this.input.focus();
  }

  /** Says what went wrong, until the next state. */
  complain(text: string): void {
    this.counter.classList.add("problem");
    this.counter.textContent = text;
  }

  /** Shows a state. */
  update(state: ChatState): void {
    const before = this.state;
    this.state = state;
    const stick = isAtEnd(this.log);
    this.showStatus(state.view);
    this.showWaiting(state.waiting);
    this.showWarning();
    this.showEvents(state.view);
    const mine = state.outbox.map((entry) => entryNode(entry, this.words, this.actions));
    this.pending.replaceChildren(...mine);
    this.attach.update(state.limits);
    this.uploads.update(state.uploads);
    this.typing.hidden = !state.otherTypes;
    this.typing.textContent = state.otherTypes ? this.words.t("typing.one", { name: this.otherNames(state.view) }) : "";
    if (!before || before.view.standing !== state.view.standing) this.showFooter();
    if (stick) this.log.scrollTop = this.log.scrollHeight;
  }

  private showStatus(view: ConversationView): void {
    const text = this.statusText(view);
    this.status.dataset["state"] = view.standing;
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  private showWaiting(waiting: Waiting | undefined): void {
    const { standing, notice } = waiting ?? {};
    show(this.position, standing ? waitText(standing, this.words) : "");
    if (standing) this.position.dataset["position"] = String(standing.position);
    show(this.notice, notice?.text ?? "");
    this.notice.lang = notice?.language || document.documentElement.lang;
  }

  private statusText(view: ConversationView): string {
    if (view.standing === "ended") return this.words.t("chat.ended");
    if (view.standing === "resting") return this.words.t("chat.resting");
    if (view.standing === "connected") return this.words.t("chat.connected", { name: this.otherNames(view) });
    return this.words.t(isWaitingAgain(view) ? "chat.waitingAgain" : "chat.waiting");
  }

  private otherNames(view: ConversationView): string {
    const agents = [...view.parties.values()].filter((party) => party.kind !== "guest" && party.present);
    return agents.map((party) => party.name).join(", ") || this.words.t("chat.someone");
  }

  private showWarning(): void {
    const endsAt = this.state?.view.endsAt;
    this.warning.hidden = endsAt === undefined;
    if (endsAt === undefined) return;
    const left = this.words.duration(endsAt - Date.now());
    this.warning.textContent = this.words.t("chat.warning", { time: this.words.clockTime(endsAt), left });
  }

  private showEvents(view: ConversationView): void {
    const known = this.shownEvents.length;
    const appended = this.shownEvents.every((event, index) => view.events[index] === event);
    const fresh = appended ? view.events.slice(known) : view.events;
    if (!appended) this.lines.replaceChildren();
    for (const event of fresh) {
      const node = eventNode(event, view, this.reader, (id) => this.actions.fetchFile(id));
      if (node) this.lines.append(node);
    }
    this.shownEvents = view.events;
  }

  private showFooter(): void {
    const standing = this.state?.view.standing;
    if (standing === "ended") return this.footer.replaceChildren(this.endedPart());
    // One at rest is gone on with by writing.
    this.footer.replaceChildren(...(standing === "resting" ? [this.endedPart()] : []), this.writingPart());
  }

  private writingPart(): HTMLElement {
    const form = el("form", { class: "composer" }, this.input, this.sendButton);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.sendDraft();
      // The button is disabled now and would take the focus with it.
      this.input.focus();
    });
    return el("div", { class: "writing" }, form, el("div", { class: "below" }, this.counter, this.attach.element, this.endPart()));
  }

  private listenToInput(): void {
    this.input.addEventListener("input", () => (this.showInput(), this.actions.typed(this.input.value)));
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.sendDraft();
    });
  }

  private endPart(): HTMLElement {
    const { words } = this;
    if (this.state?.view.standing === "resting") return el("span");
    const again = (asking: boolean) => {
      this.asking = asking;
      this.showFooter();
      this.footer.querySelector<HTMLElement>(asking ? ".danger" : ".end")?.focus();
    };
    if (!this.asking) return button("chat-end", words.t("chat.end"), "link end", () => again(true));
    return el(
      "div",
      { class: "question", role: "group", "aria-label": words.t("chat.endQuestion") },
      el("span", {}, words.t("chat.endQuestion")),
      button("chat-end-yes", words.t("chat.endYes"), "danger", () => (again(false), this.actions.end())),
      button("chat-end-no", words.t("chat.endNo"), "plain", () => again(false)),
    );
  }

  private endedPart(): HTMLElement {
    const { words, actions } = this;
    const view = this.state?.view;
    const reason = view?.refusal
      ? reasonText(view.refusal, words)
      : words.t(`notice.ended.${endNotice(view?.endReason)}`);
    return el(
      "div",
      { class: "ended", role: "status", "data-testid": "chat-ended", "data-reason": endNotice(view?.endReason) },
      el("p", {}, reason),
      button("chat-download", words.t("chat.download"), "plain", () => actions.download()),
      button("chat-new", words.t("chat.new"), "primary", () => actions.startAnew()),
    );
  }

  private sendDraft(): void {
    const text = this.input.value.trim();
    if (!isSendable(text)) return;
    this.input.value = "";
    this.showInput();
    this.actions.send(text);
    this.log.scrollTop = this.log.scrollHeight;
  }

  /** Shows what follows from the text that is written. */
  private showInput(): void {
    this.sendButton.disabled = !isSendable(this.input.value.trim());
    this.showCounter();
  }

  private showCounter(): void {
    const left = charactersLeft(this.input.value);
    this.counter.classList.toggle("problem", left !== undefined && left < 0);
    if (left === undefined) this.counter.textContent = "";
    else this.counter.textContent = this.words.count(left < 0 ? "message.over" : "message.left", Math.abs(left));
  }
}

function isAtEnd(log: HTMLElement): boolean {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 60;
}

/** Shows a text where it has changed, so that nothing is read out twice. */
function show(place: HTMLElement, text: string): void {
  place.hidden = text === "";
  if (place.textContent !== text) place.textContent = text;
}
