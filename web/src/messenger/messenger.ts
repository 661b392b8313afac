// The button that a web site shows, and the panel with the chat that it opens.
import { messengerDe } from "../i18n/messenger.de";
import { messengerEn } from "../i18n/messenger.en";
import { BUBBLE, CROSS, LOOK } from "./look";
import type { FrameSays, PageSays } from "./says";

/** What the script tag says. */
export interface MessengerOptions {
  /** Where Onqueue is: the origin that the script came from. */
  origin: string;
  deploymentId: string;
  /** `messaging` for conversations that rest, rather than end, when the agent is done with them. */
  kind: string;
  language: string;
  side: string;
  /** A colour for the button, as in CSS. */
  colour: string;
  /** Who is logged in at the web site, as its server signed it; empty if it says nothing. */
  identity(): Promise<string>;
}

/** A frame that says nothing for so long cannot be reached. */
const READY_WITHIN_MS = 15_000;

/** A frame that was loaded, as a refusal by the browser is too, and says nothing for so long has been refused. */
const SPEAKS_WITHIN_MS = 2_000;

/** The messenger on one page. */
export class Messenger {
  private readonly host = document.createElement("div");
  private readonly button = document.createElement("button");
  private readonly icon = document.createElementNS("http://www.w3.org/2000/svg", "path");
  private readonly badge = document.createElement("span");
  private readonly panel = document.createElement("div");
  private readonly words: typeof messengerEn;
  private frame: HTMLIFrameElement | undefined;
  private ready = false;
  private readonly options: MessengerOptions;

  constructor(options: MessengerOptions) {
    this.options = options;
    this.words = options.language.toLowerCase().startsWith("de") ? messengerDe : messengerEn;
    this.build();
    window.addEventListener("message", (event) => this.hear(event));
    document.body.append(this.host);
  }

  readonly open = (): void => {
    this.panel.hidden = false;
    this.frame ??= this.load();
    this.say({ onqueue: "shown" });
    this.showUnread(0);
    this.frame.focus();
  };

  readonly close = (): void => {
    const had = document.activeElement === this.host;
    this.panel.hidden = true;
    this.say({ onqueue: "hidden" });
    this.showUnread(0);
    if (had) this.button.focus();
  };

  private build(): void {
    const root = this.host.attachShadow({ mode: "open" });
    const look = new CSSStyleSheet();
    look.replaceSync(LOOK);
    root.adoptedStyleSheets = [look];
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.setAttribute("viewBox", "0 0 24 24");
    picture.setAttribute("aria-hidden", "true");
    picture.append(this.icon);
    this.badge.className = "unread";
    this.button.type = "button";
    this.button.append(picture, this.badge);
    this.button.addEventListener("click", () => (this.panel.hidden ? this.open() : this.close()));
    this.panel.className = "panel";
    this.panel.hidden = true;
    root.append(this.panel, this.button);
    root.addEventListener("keydown", (event) => (event as KeyboardEvent).key === "Escape" && this.close());
    this.host.id = "onqueue-messenger";
    this.host.dataset["side"] = this.options.side;
    if (this.options.colour) this.host.style.setProperty("--colour", this.options.colour);
    this.showUnread(0);
  }

  private load(): HTMLIFrameElement {
    const { origin, deploymentId, kind } = this.options;
    const frame = document.createElement("iframe");
    frame.title = this.words.frame;
    frame.src = `${origin}/chat?deployment=${encodeURIComponent(deploymentId)}&embedded=1${kind === "messaging" ? "&kind=messaging" : ""}`;
    this.panel.append(frame);
    const look = () => this.ready || !frame.isConnected || this.refused();
    frame.addEventListener("load", () => setTimeout(look, SPEAKS_WITHIN_MS));
    setTimeout(look, READY_WITHIN_MS);
    return frame;
  }

  private refused(): void {
    const text = document.createElement("p");
    text.setAttribute("role", "status");
    text.textContent = this.words.refused;
    this.panel.replaceChildren(text);
    console.error(
      `Onqueue: ${location.origin} is not among the allowed origins of the deployment ${this.options.deploymentId}, ` +
        `or ${this.options.origin} cannot be reached. An administrator can add it under Deployments.`,
    );
  }

  private hear({ source, origin, data }: MessageEvent<Partial<FrameSays> | undefined>): void {
    if (source !== this.frame?.contentWindow || origin !== this.options.origin) return;
    if (data?.onqueue === "ready") {
      this.ready = true;
      this.say({ onqueue: this.panel.hidden ? "hidden" : "shown" });
    }
    if (data?.onqueue === "close") {
      this.close();
      this.button.focus();
    }
    if (data?.onqueue === "who") void this.identify();
    if (data?.onqueue === "unread" && typeof data.count === "number" && this.panel.hidden) this.showUnread(data.count);
  }

  /** A web site that cannot say who it is does not keep its customer from chatting. */
  private async identify(): Promise<void> {
    const assertion = await this.options.identity().catch((error: unknown) => {
      console.error("Onqueue: the web site does not say who the customer is.", error);
      return "";
    });
    this.say({ onqueue: "identity", assertion: String(assertion) });
  }

  private say(message: PageSays): void {
    // Before it is ready it may not be of that origin yet; it is told everything then.
    if (this.ready) this.frame?.contentWindow?.postMessage(message, this.options.origin);
  }

  private showUnread(count: number): void {
    const isOpen = !this.panel.hidden;
    this.badge.hidden = isOpen || count === 0;
    this.badge.textContent = count > 99 ? "99+" : String(count);
    this.icon.setAttribute("d", isOpen ? CROSS : BUBBLE);
    this.button.setAttribute("aria-expanded", String(isOpen));
    this.button.setAttribute("aria-label", isOpen ? this.words.close : this.invitation(count));
  }

  private invitation(count: number): string {
    const { open, unreadOne, unreadOther } = this.words;
    if (count === 0) return open;
    return count === 1 ? unreadOne : unreadOther.replace("{count}", String(count));
  }
}
