// What stands beside a chat: the customer's contact, or the side chat.
import { Badge, Box, Button, Group } from "@mantine/core";
import { useEffect } from "react";
import { SideChat, lastSide, unreadSide } from "./assistance/side-chat";
import { ContactPanel } from "./contact/contact-panel";
import type { ChatSnapshot, DeskChat } from "./desk-chat";
import { useDesk, useMay } from "./desk-context";
import { isOver } from "./in-hand";
import { useKept } from "./use-kept";
import { useWords } from "./words";

type What = "contact" | "side" | "none";

/** What is chosen, and how to choose. */
export interface BesideChoice {
  what: What;
  choose(what: What): void;
  /** Side messages that were not looked at. */
  unread: number;
}

const isWhat = (value: unknown) => value === "contact" || value === "side" || value === "none";
const isText = (value: unknown) => typeof value === "string";

/** The choice for a chat; what is beside one chat stays beside the next. */
export function useBeside(chat: ChatSnapshot): BesideChoice {
  const { me } = useDesk();
  const mayContacts = useMay("externalContacts:contact:view");
  const [kept, choose] = useKept<What>("beside", isWide() && mayContacts ? "contact" : "none", isWhat);
  const [read, setRead] = useKept<string>(`chat.${chat.conversationId}.sideRead`, "0", isText);
  const what = kept === "contact" && !mayContacts ? "none" : kept;
  const last = String(lastSide(chat.view));
  useEffect(() => {
    if (what === "side" && read !== last) setRead(last);
  });
  return { what, choose, unread: what === "side" ? 0 : unreadSide(chat.view, BigInt(read), me.userId) };
}

/** The buttons that open and close what is beside. */
export function BesideSwitch({ beside }: { beside: BesideChoice }) {
  const words = useWords();
  const mayContacts = useMay("externalContacts:contact:view");
  const { what, choose, unread } = beside;
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
  what: What;
  chat: ChatSnapshot;
  actions: DeskChat;
}

/** The chosen part. */
export function Beside({ what, chat, actions }: BesideProps) {
  if (what === "none") return null;
  return (
    <Box className="beside">
      {what === "contact" && <ContactPanel conversationId={chat.conversationId} />}
      {what === "side" && <SideChat chat={chat} actions={actions} mayWrite={!isOver(chat)} />}
    </Box>
  );
}

function isWide(): boolean {
  return window.matchMedia("(min-width: 75rem)").matches;
}
