// What surrounds the pages of the desk: title, navigation, connection, language, signing out.
import { Alert, Badge, Box, Button, Group, Text } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import { Link, Navigate, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import { AgentPage } from "./agent-page";
import { useRequests, useRequestsLife } from "./assistance/request-list";
import type { DeskKey } from "./catalogues";
import { ContentBar } from "./content-bar";
import { useDesk, useMay, useSnapshot } from "./desk-context";
import { LanguageSwitch } from "./language-switch";
import { sectionsFor, type SectionName } from "./sections";
import { LivePage } from "./live/live-page";
import { SearchPage } from "./search/search-page";
import { SignOutButton } from "./sign-out-button";
import { SupervisorPage } from "./supervisor-page";
import { useWords } from "./words";

const PAGE_NAMES: Record<string, DeskKey> = {
  chats: "nav.chats",
  live: "nav.live",
  conversations: "nav.conversations",
  search: "nav.search",
  administration: "nav.administration",
  account: "nav.account",
};

/** The signed-in desk. */
export function DeskShell() {
  useTitleBadge();
  useRequestsLife();
  return (
    <Box className="desk">
      <Header />
      <ConnectionBanner />
      <ContentBar />
      <Box component="main" className="desk-main">
        <Outlet />
      </Box>
    </Box>
  );
}

/** The first page that the user has. */
export function HomePage() {
  const pages = usePages();
  if (pages.chats) return <Navigate to="/chats" replace />;
  if (pages.conversations) return <Navigate to="/conversations" replace />;
  if (pages.live) return <Navigate to="/live" replace />;
  const [section] = pages.sections;
  if (section) return <Navigate to="/administration/$section" params={{ section }} replace />;
  return <NothingToDo />;
}

/** The agent's chats. */
export function ChatsPage() {
  return usePages().chats ? <AgentPage /> : <NothingToDo />;
}

/** The supervisor's conversations. */
export function ConversationsPage() {
  return usePages().conversations ? <SupervisorPage /> : <NothingToDo />;
}

/** Finding conversations again. */
export function TranscriptsPage() {
  return usePages().search ? <SearchPage /> : <NothingToDo />;
}

/** The queues as they are now. */
export function QueuesPage() {
  return usePages().live ? <LivePage /> : <NothingToDo />;
}

function NothingToDo() {
  const words = useWords();
  return <Text p="lg">{words.t("agent.noProfile")}</Text>;
}

function Header() {
  const words = useWords();
  const { me } = useDesk();
  return (
    <Group component="header" className="desk-header" gap="sm">
      <Text fw={700} component="h1" size="md" className="desk-title">
        {words.t("desk.title")}
      </Text>
      <Navigation />
      <Group gap="xs" ml="auto" wrap="nowrap">
        <ConnectionDot />
        <Link
          to="/account"
          className="desk-user"
          title={words.t("nav.account")}
          data-initials={initialsOf(me.name)}
          data-testid="user-name"
        >
          {me.name}
        </Link>
        <LanguageSwitch />
        <SignOutButton />
      </Group>
    </Group>
  );
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "").join("");
}

function Navigation() {
  const words = useWords();
  const pages = usePages();
  const [section] = pages.sections;
  const waiting = useRequests().length;
  const path = useLocation({ select: ({ pathname }) => pathname });
  const look = (page: string) => ({
    size: "xs",
    variant: path.startsWith(page) ? "filled" : "subtle",
    ...(path.startsWith(page) ? { "aria-current": "page" as const } : {}),
  });
  const only = [pages.chats, pages.live, pages.conversations, pages.search, section].filter(Boolean).length === 1;
  // Whoever has one page alone needs the way to it only from elsewhere.
  if (only && pages.chats && path.startsWith("/chats")) return null;
  return (
    <Group component="nav" gap={4} aria-label={words.t("nav.label")}>
      {pages.chats && (
        <Button {...look("/chats")} data-testid="nav-chats" renderRoot={(props) => <Link to="/chats" {...props} />}>
          {words.t("nav.chats")}
        </Button>
      )}
      {pages.live && (
        <Button {...look("/live")} data-testid="nav-live" renderRoot={(props) => <Link to="/live" {...props} />}>
          {words.t("nav.live")}
        </Button>
      )}
      {pages.conversations && (
        <Button
          {...look("/conversations")}
          data-testid="nav-conversations"
          renderRoot={(props) => <Link to="/conversations" {...props} />}
        >
          {words.t("nav.conversations")}
          {waiting > 0 && (
            <Badge ml={6} size="sm" color="red.8" circle aria-label={words.count("requests.count", waiting)} data-testid="nav-requests">
              {waiting}
            </Badge>
          )}
        </Button>
      )}
      {pages.search && (
        <Button {...look("/search")} data-testid="nav-search" renderRoot={(props) => <Link to="/search" {...props} />}>
          {words.t("nav.search")}
        </Button>
      )}
      {section && (
        <Button
          {...look("/administration")}
          data-testid="nav-administration"
          renderRoot={(props) => <Link to="/administration/$section" params={{ section }} {...props} />}
        >
          {words.t("nav.administration")}
        </Button>
      )}
    </Group>
  );
}

interface Pages {
  chats: boolean;
  live: boolean;
  conversations: boolean;
  search: boolean;
  sections: SectionName[];
}

/** The pages that the user has. */
function usePages(): Pages {
  const chats = useIsAgent();
  const conversations = useIsSupervisor();
  const live = useMay("routing:observation:view");
  const search = chats || conversations;
  return { chats, live, conversations, search, sections: sectionsFor(useDesk().me.permissions) };
}

function ConnectionDot() {
  const words = useWords();
  const online = useSnapshot().connection === "online";
  const text = words.t(online ? "connection.online" : "connection.reconnecting");
  return (
    <span role="status" data-testid="connection" data-state={online ? "online" : "reconnecting"} className="dot" title={text}>
      <span className="visually-hidden">{text}</span>
    </span>
  );
}

function ConnectionBanner() {
  const words = useWords();
  const network = useNetwork();
  const lost = useSnapshot().connection === "reconnecting";
  if (network.online && !lost) return null;
  return (
    <Alert color="yellow" radius={0} p="xs" role="alert" data-testid="offline">
      {words.t(network.online ? "desk.reconnecting" : "desk.offline")}
    </Alert>
  );
}

function useIsAgent(): boolean {
  const known = useSnapshot().agent !== undefined;
  const onQueue = useMay("routing:agent:onqueue");
  const accept = useMay("conversation:webchat:accept");
  return known || onQueue || accept;
}

function useIsSupervisor(): boolean {
  const view = useMay("conversation:communication:view");
  const read = useMay("recording:transcript:view");
  return view && read;
}

function useTitleBadge(): void {
  const words = useWords();
  const { offers, chats } = useSnapshot();
  const requests = useRequests().length;
  const page = useLocation({ select: ({ pathname }) => pathname.split("/")[1] ?? "" });
  const count = requests + offers.length + chats.reduce((sum, chat) => sum + chat.unread, 0);
  useEffect(() => {
    const key = PAGE_NAMES[page];
    const title = key ? words.t("desk.titleOf", { page: words.t(key) }) : words.t("desk.title");
    document.title = count > 0 ? words.t("desk.badge", { count, title }) : title;
  }, [count, page, words]);
}
