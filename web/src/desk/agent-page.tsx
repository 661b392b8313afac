// The agent's page: state, offers and chats on the left, the chosen chat on the right.
import { Box, Stack, Text } from "@mantine/core";
import { AgentPanel } from "./agent-panel";
import { ChatList } from "./chat-list";
import { ChatPane } from "./chat-pane";
import { useSnapshot } from "./desk-context";
import type { DeskKey } from "./catalogues";
import type { DeskSnapshot } from "./desk-store";
import { isOnlyAlerting } from "./in-hand";
import { OfferList } from "./offer-list";
import { useOfferNotifications } from "./notifications";
import { useWords } from "./words";
import { WrapUpList } from "./wrap-up/wrap-up-list";

/** The page of an agent. */
export function AgentPage() {
  const words = useWords();
  const snapshot = useSnapshot();
  const { chats, selected } = snapshot;
  useOfferNotifications();
  const chat = chats.find(({ conversationId }) => conversationId === selected);
  return (
    <Box className="columns" data-detail={chat ? "open" : "closed"}>
      <Stack className="side" gap="md">
        <AgentPanel />
        <OfferList />
        <WrapUpList />
        <ChatList />
      </Stack>
      <Box className="detail">
        {chat ? (
          <ChatPane key={chat.conversationId} chat={chat} />
        ) : (
          <Text c="dimmed" className="placeholder">
            {words.t(placeholderKey(snapshot))}
          </Text>
        )}
      </Box>
    </Box>
  );
}

function placeholderKey(snapshot: DeskSnapshot): DeskKey {
  if (isOnlyAlerting(snapshot)) return "chats.answerOffer";
  return snapshot.chats.length > 0 ? "chats.choose" : "chats.noneHint";
}
