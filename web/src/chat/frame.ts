// What surrounds every screen of the customer's page: title, connection, language.
import type { Connection } from "../core/follower";
import { LOCALES, type Locale } from "../i18n/translator";
import type { ChatTranslator } from "./catalogues";
import { button, el, select } from "./dom";

/** The frame around the screens. */
export class PageFrame {
  private readonly root: HTMLElement;
  private readonly badge = el("span", { class: "connection", role: "status", "data-testid": "connection" });
  private readonly banner = el("p", { class: "banner", role: "alert", "data-testid": "offline", hidden: true });
  private words: ChatTranslator | undefined;
  private connection: Connection = "stopped";
  private readonly switchLocale: (locale: Locale) => void;
  private readonly hide: (() => void) | undefined;

  /** `hide` hides the page where something is around it. */
  constructor(root: HTMLElement, switchLocale: (locale: Locale) => void, hide: (() => void) | undefined) {
    this.root = root;
    this.hide = hide;
    this.switchLocale = switchLocale;
  }

  /** Shows a screen under the title. */
  show(words: ChatTranslator, title: string, screen: HTMLElement): void {
    this.words = words;
    document.documentElement.lang = words.locale;
    document.title = title;
    const header = el("header", {}, el("h1", {}, title), this.badge, this.languageSwitch(words));
    if (this.hide) header.append(this.hideButton(words, this.hide));
    this.root.replaceChildren(header, this.banner, el("main", {}, screen));
    this.showConnection(this.connection);
  }

  /** Shows whether frames are coming. */
  showConnection(connection: Connection): void {
    this.connection = connection;
    const online = connection === "online";
    this.badge.dataset["state"] = online || connection === "stopped" ? "online" : "reconnecting";
    this.badge.textContent = connection === "reconnecting" ? (this.words?.t("connection.reconnecting") ?? "") : "";
    this.banner.hidden = navigator.onLine || connection === "stopped";
    this.banner.textContent = this.words?.t("chat.offline") ?? "";
  }

  /** The network came or went. */
  networkChanged(): void {
    this.showConnection(this.connection);
  }

  private hideButton(words: ChatTranslator, hide: () => void): HTMLElement {
    const element = button("chat-hide", "▾", "plain", hide);
    element.setAttribute("aria-label", words.t("chat.hide"));
    element.title = words.t("chat.hide");
    return element;
  }

  private languageSwitch(words: ChatTranslator): HTMLElement {
    const options = LOCALES.map(({ locale, name }) => ({ value: locale, label: name }));
    const choice = select("language-switch", options, words.locale);
    choice.setAttribute("aria-label", words.t("language.label"));
    choice.addEventListener("change", () => this.switchLocale(choice.value as Locale));
    return choice;
  }
}
