// One line of the log: a message or a notice.
import { eventTime, type ConversationView } from "../core/conversation";
import { linkify } from "../core/linkify";
import type { OutboxEntry } from "../core/outbox";
import type { AttachmentAdded, Event } from "../gen/onqueue/session/v1/event_pb";
import { sentenceOf } from "../i18n/reasons";
import type { ChatTranslator } from "./catalogues";
import { button, el } from "./dom";
import { authorText, fileText, noticeOf, type Reader } from "./sentences";

/** What a refused message offers. */
export interface EntryActions {
  retry(clientMessageId: string): void;
  discard(clientMessageId: string): void;
}

/** The line for an event; nothing for events that are not shown. */
export function eventNode(
  event: Event,
  view: ConversationView,
  reader: Reader,
  fetchFile: (attachmentId: string) => void,
): HTMLElement | undefined {
  const time = reader.words.clockTime(eventTime(event));
  const { body } = event;
  if (body.case === "message" || body.case === "attachmentAdded") {
    const from = event.participantId === reader.ownId ? "me" : "them";
    const meta = `${authorText(event, view, reader)}, ${time}`;
    const said = body.case === "message" ? textNodes(body.value.text) : [fileNode(body.value, reader.words, fetchFile)];
    return line(from, "sent", said, [el("span", { class: "meta" }, meta)]);
  }
  const notice = noticeOf(event, view, reader);
  return notice === undefined ? undefined : line("system", "sent", [notice], []);
}

function fileNode(file: AttachmentAdded, words: ChatTranslator, fetchFile: (attachmentId: string) => void): HTMLElement {
  const fetch = button("file-download", words.t("file.download"), "link", () => fetchFile(file.attachmentId));
  fetch.setAttribute("aria-label", words.t("file.downloadNamed", { name: file.name }));
  return el("span", { class: "file", "data-testid": "file" }, fileText(file, words), " ", fetch);
}

/** The line for a message on its way. */
export function entryNode(entry: OutboxEntry, words: ChatTranslator, actions: EntryActions): HTMLElement {
  return line("me", entry.state, textNodes(entry.text), entryMeta(entry, words, actions));
}

function entryMeta(entry: OutboxEntry, words: ChatTranslator, actions: EntryActions): HTMLElement[] {
  const { clientMessageId } = entry;
  if (entry.state === "sending") return [el("span", { class: "meta" }, words.t("message.sending"))];
  if (entry.state === "sent") {
    const meta = `${words.t("chat.you")}, ${words.clockTime(entry.writtenAt)}`;
    return [el("span", { class: "meta" }, meta)];
  }
  const sentence = entry.fault && sentenceOf(entry.fault);
  const reason = sentence ? words.t(sentence.key, sentence.values) : "";
  return [
    el("span", { class: "meta problem" }, words.t("message.notSent", { reason })),
    button("chat-retry", words.t("message.retry"), "link", () => actions.retry(clientMessageId)),
    button("chat-discard", words.t("message.discard"), "link", () => actions.discard(clientMessageId)),
  ];
}

function line(from: "me" | "them" | "system", state: string, text: (Node | string)[], meta: HTMLElement[]): HTMLElement {
  const attributes = { class: `line ${from}`, "data-testid": "chat-message", "data-from": from, "data-state": state };
  return el("li", attributes, el("div", { class: "bubble", dir: "auto" }, ...text), ...meta);
}

function textNodes(text: string): (Node | string)[] {
  return linkify(text).map(({ text: piece, href }) =>
    href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, piece) : piece,
  );
}
