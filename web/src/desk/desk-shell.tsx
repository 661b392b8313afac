// What surrounds the pages of the desk: title, navigation, connection, language, signing out.
import { Alert, Box, Button, Group, Text } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import { useEffect } from "react";
import { AgentPage } from "./agent-page";
import { useDesk, useMay, useSnapshot } from "./desk-context";
import { LanguageSwitch } from "./language-switch";
import { SignOutButton } from "./sign-out-button";
import { SupervisorPage } from "./supervisor-page";
import { useKept } from "./use-kept";
import { useWords } from "./words";

type PageName = "chats" | "conversations";

const isPage = (name: string) => name === "chats" || name === "conversations";

/** The signed-in desk. */
export function DeskShell() {
  const words = useWords();
  const isAgent = useIsAgent();
  const isSupervisor = useIsSupervisor();
  const [chosen, setChosen] = useKept<PageName>("page", isAgent ? "chats" : "conversations", isPage);
  const page = chosen === "conversations" && isSupervisor ? "conversations" : "chats";
  useTitleBadge();
  return (
    <Box className="desk">
      <Header page={page} isAgent={isAgent} isSupervisor={isSupervisor} choose={setChosen} />
      <ConnectionBanner />
      <Box component="main" className="desk-main">
        {page === "conversations" && <SupervisorPage />}
        {page === "chats" && isAgent && <AgentPage />}
        {page === "chats" && !isAgent && <Text p="lg">{words.t("agent.noProfile")}</Text>}
      </Box>
    </Box>
  );
}

interface HeaderProps {
  page: PageName;
  isAgent: boolean;
  isSupervisor: boolean;
  choose(page: PageName): void;
}

function Header({ page, isAgent, isSupervisor, choose }: HeaderProps) {
  const words = useWords();
  const { me } = useDesk();
  const tab = (name: PageName, label: string) => (
    <Button
      size="xs"
      variant={page === name ? "filled" : "subtle"}
      aria-current={page === name ? "page" : undefined}
      onClick={() => choose(name)}
      data-testid={`nav-${name}`}
    >
      {label}
    </Button>
  );
  return (
    <Group component="header" className="desk-header" gap="sm">
      <Text fw={700} component="h1" size="md" className="desk-title">
        {words.t("desk.title")}
      </Text>
      <Group component="nav" gap={4} aria-label={words.t("nav.label")}>
        {isAgent && isSupervisor && tab("chats", words.t("nav.chats"))}
        {isSupervisor && tab("conversations", words.t("nav.conversations"))}
      </Group>
      <Group gap="xs" ml="auto" wrap="nowrap">
        <ConnectionDot />
        <Text size="sm" className="desk-user" data-testid="user-name">
          {me.name}
        </Text>
        <LanguageSwitch />
        <SignOutButton />
      </Group>
    </Group>
  );
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
  const count = offers.length + chats.reduce((sum, chat) => sum + chat.unread, 0);
  useEffect(() => {
    document.title = count > 0 ? words.t("desk.badge", { count }) : words.t("desk.title");
  }, [count, words]);
}
