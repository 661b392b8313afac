// What stands beside a chat: the customer's contact, the script, or the side chat.
import { Badge, Box, Button, Group } from "@mantine/core";
import { useEffect } from "react";
import { SideChat, lastSide, unreadSide } from "./assistance/side-chat";
import { ContactPanel } from "./contact/contact-panel";
import type { ChatSnapshot, DeskChat } from "./desk-chat";
import { useDesk, useMay } from "./desk-context";
import { isOver } from "./in-hand";
import type { ScriptRun } from "../gen/onqueue/content/v1/script_run_pb";
import type { InsertResponse } from "./script/response-offer";
import { isOpen } from "./script/run";
import { ScriptPanel } from "./script/script-panel";
import { useScriptRun, type KnownRun } from "./script/use-script-run";
import { useKept } from "./use-kept";
import { useWords } from "./words";

type What = "contact" | "script" | "side" | "none";

/** What is chosen, and how to choose. */
export interface BesideChoice {
  what: What;
  choose(what: What): void;
  /** Side messages that were not looked at. */
  unread: number;
  script: KnownRun;
}

const WHATS: readonly unknown[] = ["contact", "script", "side", "none"] satisfies What[];
const isWhat = (value: unknown) => WHATS.includes(value);
const isText = (value: unknown) => typeof value === "string";

/** The choice for a chat; what is beside one chat stays beside the next that has it. */
export function useBeside(chat: ChatSnapshot): BesideChoice {
  const { me } = useDesk();
  const { conversationId } = chat;
  const mayContacts = useMay("externalContacts:contact:view");
  const usual = isWide() && mayContacts ? "contact" : "none";
  const [kept, choose] = useKept<What>("beside", usual, isWhat);
  const [read, setRead] = useKept<string>(`chat.${conversationId}.sideRead`, "0", isText);
  const script = useScriptRun({ conversationId, begins: chat.mine && !isOver(chat), isShown: kept === "script" });
  useScriptOpens(conversationId, script.run, choose);
  const what = isThere(kept, mayContacts, script) ? kept : usual;
  const last = String(lastSide(chat.view));
  useEffect(() => {
    if (what === "side" && read !== last) setRead(last);
  });
  return { what, choose, unread: what === "side" ? 0 : unreadSide(chat.view, BigInt(read), me.userId), script };
}

function isThere(what: What, mayContacts: boolean, { run }: KnownRun): boolean {
  return (what !== "contact" || mayContacts) && (what !== "script" || run !== undefined);
}

/** A script that has begun opens by itself, once, where there is room beside the chat. */
function useScriptOpens(conversationId: string, run: ScriptRun | undefined, choose: (what: What) => void): void {
  const [opened, setOpened] = useKept<string>(`chat.${conversationId}.scriptOpened`, "", isText);
  useEffect(() => {
    if (!run || !isOpen(run) || !run.maySubmit || opened === run.runId) return;
    setOpened(run.runId);
    if (isWide()) choose("script");
  });
}

/** The buttons that open and close what is beside. */
export function BesideSwitch({ beside }: { beside: BesideChoice }) {
  const words = useWords();
  const mayContacts = useMay("externalContacts:contact:view");
  const { what, choose, unread, script } = beside;
  const toggle = (one: What) => ({
    size: "xs",
    variant: "default",
    "aria-expanded": what === one,
    onClick: () => choose(what === one ? "none" : one),
  });
  const count = words.count("side.unread", unread);
  return (
    <Group className="beside-switch" gap={4} wrap="nowrap">
      {mayContacts && (
        <Button {...toggle("contact")} data-testid="beside-contact">
          {words.t("contact.heading")}
        </Button>
      )}
      {script.run && (
        <Button {...toggle("script")} data-testid="beside-script">
          {words.t("script.heading")}
        </Button>
      )}
      <Button
        {...toggle("side")}
        data-testid="beside-side"
        data-unread={unread}
        rightSection={unread > 0 && <Badge color="red.8" circle aria-label={count}>{unread}</Badge>}
      >
        {words.t("side.heading")}
      </Button>
      <span className="visually-hidden" role="status">
        {unread > 0 && count}
      </span>
    </Group>
  );
}

interface BesideProps {
  beside: BesideChoice;
  chat: ChatSnapshot;
  actions: DeskChat;
  /** Puts a response into the text box; absent where nothing can be written. */
  insert: InsertResponse | undefined;
}

/** The chosen part. */
export function Beside({ beside: { what, script }, chat, actions, insert }: BesideProps) {
  if (what === "none") return null;
  const { conversationId, view } = chat;
  const isGoingOn = !isOver(chat);
  const about = { conversationId, queueId: view.queueId, language: view.language, isHelpOpen: view.assistance !== undefined, isOpen: isGoingOn };
  return (
    <Box className="beside" data-what={what}>
      {what === "contact" && <ContactPanel conversationId={conversationId} />}
      {what === "script" && <ScriptPanel known={script} chat={about} insert={insert} />}
      {what === "side" && <SideChat chat={chat} actions={actions} mayWrite={isGoingOn} />}
    </Box>
  );
}

function isWide(): boolean {
  return window.matchMedia("(min-width: 75rem)").matches;
}
