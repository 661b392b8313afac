// The customer's page: which screen is shown, and what leads from one to the next.
import { worthRepeating, type Fault } from "../core/fault";
import { browserTimers } from "../core/timers";
import type { GetPublicDeploymentResponse } from "../gen/guest/onqueue/auth/v1/deployment_pb";
import { sentenceOf } from "../i18n/reasons";
import { initialLocale, rememberLocale, type Locale } from "../i18n/translator";
import { faultOf } from "../rpc/faults";
import { chatTranslator, type ChatTranslator } from "./catalogues";
import { ChatScreen } from "./chat-screen";
import { guestClients, openClients } from "./clients";
import { CustomerConversation, type ChatState } from "./conversation";
import { button, el } from "./dom";
import { embedding } from "./embedding";
import { formScreen, type FormValues } from "./form-screen";
import { PageFrame } from "./frame";
import { chatMemory, guestLease, type ChatKind, type ChatMemory, type KeptChat } from "./kept-chat";
import { isOfIdentity, queueLabelOf, startProblem, transcriptText, type Reader } from "./sentences";
import type { Share } from "../share/shared-fetch";
import { SignedLink } from "./signed-link";
import { forgetChat, isNoDeployment, startChat } from "./start";

/** Without a server the page tries again by itself. */
const TRY_AGAIN_MS = 3_000;

/** What the address of the page says. */
export interface ChatAddress {
  deploymentId: string;
  kind: ChatKind;
}

/** The customer's page. */
export class ChatApp {
  private words: ChatTranslator = chatTranslator(initialLocale());
  private deployment: GetPublicDeploymentResponse | undefined;
  private conversation: CustomerConversation | undefined;
  private screen: ChatScreen | undefined;
  private values: FormValues = { guestName: "", queueId: "", language: "", firstMessage: "" };
  private redraw: () => void = () => {};
  private readonly around = embedding();
  private readonly link = new SignedLink(window);
  private readonly frame: PageFrame;
  private readonly open;
  private readonly memory: ChatMemory;
  private readonly share: Share;
  private readonly baseUrl: string;
  private readonly deploymentId: string;
  private readonly kind: ChatKind;

  constructor(root: HTMLElement, baseUrl: string, { deploymentId, kind }: ChatAddress, share: Share) {
    this.kind = kind;
    this.share = share;
    this.baseUrl = baseUrl;
    this.deploymentId = deploymentId;
    const hide = this.around && (() => this.around?.close());
    this.frame = new PageFrame(root, (locale) => this.switchLocale(locale), hide);
    this.open = openClients(baseUrl);
    this.memory = chatMemory(deploymentId, kind, share);
  }

  /** Shows the chat of this tab, or the one that the browser remembers, else the form. */
  async run(): Promise<void> {
    if (this.deploymentId === "") return this.showText(() => this.words.t("chat.deploymentMissing"));
    this.showText(() => this.words.t("chat.loading"));
    try {
      this.deployment ??= await this.open.deployments.getPublicDeployment({ deploymentId: this.deploymentId });
    } catch (error) {
      if (isNoDeployment(faultOf(error))) return this.showText(() => this.words.t("chat.unavailable"));
      return this.showFailure(error, () => void this.run());
    }
    await this.goOn();
  }

  /** The network came or went. */
  networkChanged(): void {
    this.frame.networkChanged();
    if (navigator.onLine) this.conversation?.networkChanged();
  }

  /** The page is looked at again. */
  wake(): void {
    this.conversation?.wake();
    this.seen();
  }

  private async goOn(): Promise<void> {
    const pending = this.memory.start.load();
    if (!pending) await this.memory.chat.recall();
    const kept = this.memory.chat.load();
    if (kept) return this.enter(kept);
    if (!pending) return this.showForm("");
    this.values = { ...pending };
    await this.start(this.values, pending.topic);
  }

  private async start(values: FormValues, topic: string): Promise<void> {
    this.showForm("", "busy");
    const identityAssertion = this.around ? await this.around.identity() : this.link.identity;
    const said = { guestName: values.guestName.trim(), firstMessage: values.firstMessage.trim() };
    const wanted = { kind: this.kind, ...values, ...said, topic, identityAssertion };
    try {
      this.enter(await startChat(this.open.conversations, this.memory, this.deploymentId, wanted));
      this.values = { ...values, firstMessage: "" };
    } catch (error) {
      const fault = faultOf(error);
      if (isOfIdentity(fault)) this.link.forget();
      this.showForm(startProblem(fault, this.words));
    }
  }

  private enter(kept: KeptChat): void {
    const tokens = guestLease(kept, this.memory, this.open.conversations);
    const clients = guestClients(this.baseUrl, tokens, this.share.fetch);
    const conversation = new CustomerConversation({
      conversationId: kept.conversationId,
      participantId: kept.participantId,
      client: clients.conversations,
      waits: clients.waits,
      attachments: clients.attachments,
      language: () => this.words.locale,
      tokens,
      outbox: this.memory.outbox,
      timers: browserTimers,
      changed: (state) => conversation === this.conversation && this.changed(state),
    });
    this.conversation = conversation;
    this.showChat(conversation);
    conversation.start();
  }

  private changed(state: ChatState): void {
    if (state.gone) return this.leave(this.words.t("chat.expired"));
    this.frame.showConnection(state.connection);
    this.screen?.update(state);
    this.seen();
    if (this.conversation) this.around?.update(state.view, this.conversation.participantId);
  }

  /** What is over for good and was seen so is not come back to. */
  private seen(): void {
    if (this.conversation?.state.view.standing === "ended" && !document.hidden) this.memory.chat.forget();
  }

  private leave(problem: string): void {
    this.conversation?.stop();
    this.conversation = undefined;
    this.screen?.close();
    this.screen = undefined;
    forgetChat(this.memory);
    this.frame.showConnection("stopped");
    this.showForm(problem);
  }

  private showChat(conversation: CustomerConversation): void {
    this.redraw = () => {
      const draft = this.screen?.draft ?? this.memory.draft.load() ?? "";
      this.screen?.close();
      this.screen = this.makeScreen(conversation, draft);
      this.show(this.screen.element);
      this.screen.update(conversation.state);
      this.screen.focus();
    };
    this.redraw();
  }

  private makeScreen(conversation: CustomerConversation, draft: string): ChatScreen {
    const complain = (fault: Fault | undefined) => fault && this.screen?.complain(this.sentence(fault));
    return new ChatScreen(this.reader(conversation.participantId), draft, {
      send: (text) => {
        this.memory.draft.clear();
        conversation.send(text);
      },
      typed: (text) => {
        this.memory.draft.save(text);
        conversation.typed(text);
      },
      retry: (id) => conversation.retry(id),
      discard: (id) => conversation.discard(id),
      attach: (files) => void conversation.attach(files),
      retryUpload: (id) => conversation.retryUpload(id),
      discardUpload: (id) => conversation.discardUpload(id),
      fetchFile: (id) => void conversation.download(id).then(complain),
      end: () => void conversation.end().then(complain),
      download: () => this.download(conversation),
      startAnew: () => this.leave(""),
    });
  }

  private reader(ownId: string): Reader {
    const queues = this.deployment?.queues ?? [];
    return { words: this.words, ownId, queueLabel: (queueId) => queueLabelOf(queues, queueId, this.words.locale) };
  }

  private sentence(fault: Fault): string {
    const { key, values } = sentenceOf(fault);
    return this.words.t(key, values);
  }

  private download({ state, participantId }: CustomerConversation): void {
    const text = transcriptText(state.view, this.reader(participantId));
    const href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    const date = new Date().toISOString().slice(0, 10);
    el("a", { href, download: this.words.t("transcript.file", { date }) }).click();
    setTimeout(() => URL.revokeObjectURL(href), 1_000);
  }

  private showForm(problem: string, busy?: "busy"): void {
    const { deployment } = this;
    if (!deployment) return;
    this.redraw = () =>
      this.show(
        formScreen({
          deployment,
          values: this.values,
          problem,
          busy: busy !== undefined,
          words: this.words,
          start: (values, topic) => void this.start(values, topic),
        }),
      );
    this.redraw();
  }

  private showFailure(error: unknown, again: () => void): void {
    const fault = faultOf(error);
    const timer = worthRepeating(fault, 0) ? setTimeout(again, TRY_AGAIN_MS) : undefined;
    const againNow = () => {
      clearTimeout(timer);
      again();
    };
    this.showText(
      () => this.sentence(fault),
      () => button("chat-try-again", this.words.t("chat.tryAgain"), "primary", againNow),
    );
  }

  private showText(text: () => string, action?: () => HTMLElement): void {
    this.redraw = () => {
      const paragraph = el("p", { role: "status", "data-testid": "chat-text" }, text());
      this.show(el("section", { class: "card text" }, paragraph, ...(action ? [action()] : [])));
    };
    this.redraw();
  }

  private show(screen: HTMLElement): void {
    this.frame.show(this.words, this.deployment?.name || this.words.t("chat.title"), screen);
  }

  private switchLocale(locale: Locale): void {
    rememberLocale(locale);
    this.words = chatTranslator(locale);
    this.redraw();
  }
}
