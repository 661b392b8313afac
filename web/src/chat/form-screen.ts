// The form before a chat.
import type { GetPublicDeploymentResponse } from "../gen/guest/onqueue/auth/v1/deployment_pb";
import type { DeploymentQueue } from "../gen/guest/onqueue/auth/v1/trust_pb";
import { labelIn, LOCALES } from "../i18n/translator";
import type { ChatTranslator } from "./catalogues";
import { el, field, select } from "./dom";

/** What the customer entered. */
export interface FormValues {
  guestName: string;
  queueId: string;
  language: string;
  firstMessage: string;
}

/** What the form shows and does. */
export interface FormProps {
  deployment: GetPublicDeploymentResponse;
  values: FormValues;
  /** A sentence about what went wrong, or "". */
  problem: string;
  busy: boolean;
  words: ChatTranslator;
  start(values: FormValues, topic: string): void;
}

const MAX_NAME = 100;

/** Builds the form. `values` is kept up to date while the customer types. */
export function formScreen(props: FormProps): HTMLElement {
  const { words, values, deployment } = props;
  const name = el("input", {
    "data-testid": "chat-name",
    autocomplete: "name",
    required: true,
    maxlength: String(MAX_NAME),
  });
  name.value = values.guestName;
  const first = el("textarea", { "data-testid": "chat-first", rows: "3" });
  first.value = values.firstMessage;
  const queues = deployment.queues.map((queue) => ({ value: queue.queueId, label: queueLabel(queue, words) }));
  const queue = select("chat-queue", queues, values.queueId);
  const languageField = el("div", { class: "slot" });
  const showLanguages = () => languageField.replaceChildren(languageChoice(props, queue.value));
  name.addEventListener("input", () => (values.guestName = name.value));
  first.addEventListener("input", () => (values.firstMessage = first.value));
  queue.addEventListener("change", () => {
    values.queueId = queue.value;
    showLanguages();
  });
  values.queueId = queue.value;
  showLanguages();
  const fields = [
    field(words.t("chat.name"), name),
    field(words.t("chat.queue"), queue),
    languageField,
    field(words.t("chat.first"), first),
  ];
  return form(props, fields);
}

function form(props: FormProps, fields: HTMLElement[]): HTMLElement {
  const { words, values, busy } = props;
  const label = busy ? words.t("chat.starting") : words.t("chat.start");
  const submit = el("button", { type: "submit", class: "primary", "data-testid": "chat-start", disabled: busy }, label);
  const problem = el("p", { class: "problem", role: "alert", "data-testid": "chat-problem" }, props.problem);
  const element = el("form", { class: "card form", "data-testid": "chat-form", novalidate: true });
  element.append(el("p", { class: "intro" }, labelIn(props.deployment.greetings, words.locale) || words.t("chat.intro")), ...fields, problem, submit);
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    if (values.guestName.trim() !== "") return props.start(values, topicOf(props));
    problem.textContent = words.t("chat.nameMissing");
    element.querySelector("input")?.focus();
  });
  return element;
}

function languageChoice({ deployment, values, words }: FormProps, queueId: string): HTMLElement {
  const offered = deployment.queues.find((queue) => queue.queueId === queueId)?.languages ?? [];
  const tags = offered.length > 0 ? offered : [...LOCALES.map(({ locale }) => locale), ""];
  const options = tags.map((tag) => ({
    value: tag,
    label: tag === "" ? words.t("chat.anyLanguage") : words.languageName(tag),
  }));
  const wanted = tags.includes(values.language) ? values.language : (closest(tags, words.locale) ?? "");
  const choice = select("chat-language", options, wanted);
  values.language = choice.value;
  choice.addEventListener("change", () => (values.language = choice.value));
  return field(words.t("chat.chatLanguage"), choice);
}

function closest(tags: string[], locale: string): string | undefined {
  return tags.find((tag) => tag === locale) ?? tags.find((tag) => tag.toLowerCase().startsWith(`${locale}-`));
}

function topicOf({ deployment, values, words }: FormProps): string {
  const queue = deployment.queues.find(({ queueId }) => queueId === values.queueId);
  return queue ? queueLabel(queue, words) : "";
}

function queueLabel(queue: DeploymentQueue, words: ChatTranslator): string {
  return labelIn(queue.labels, words.locale);
}
