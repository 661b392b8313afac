// The agent's chats: who, unread, how long the customer waits.
import { Badge, Group, Stack, Text, Title, UnstyledButton } from "@mantine/core";
import { awaitingReplySince } from "../core/conversation";
import type { ChatSnapshot } from "./desk-chat";
import { useDesk, useNow, useSnapshot } from "./desk-context";
import { isOver } from "./in-hand";
import { FATES, fateOf } from "./whereabouts";
import { useWords } from "./words";

/** All chats on the desk; ended ones stay until they are closed. */
export function ChatList() {
  const words = useWords();
  const { chats } = useSnapshot();
  return (
    <Stack component="section" gap="xs" aria-label={words.t("chats.heading")}>
      <Title order={2} size="h6">
        {words.t("chats.heading")}
      </Title>
      {chats.length === 0 && (
        <Text size="sm" c="dimmed">
          {words.t("chats.none")}
        </Text>
      )}
      {chats.map((chat) => (
        <ChatItem key={chat.conversationId} chat={chat} />
      ))}
    </Stack>
  );
}

function ChatItem({ chat }: { chat: ChatSnapshot }) {
  const words = useWords();
  const { store } = useDesk();
  const { selected } = useSnapshot();
  const { conversationId, unread, view } = chat;
  const isSelected = selected === conversationId;
  return (
    <UnstyledButton
      className="chat-item"
      data-testid="conversation-item"
      data-conversation={conversationId}
      data-unread={unread}
      data-ended={isOver(chat)}
      aria-current={isSelected ? "true" : undefined}
      onClick={() => store.select(conversationId)}
    >
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text fw={600} truncate>
          {view.guestName || words.t("offer.unnamed")}
        </Text>
        {unread > 0 && (
          <Badge
            color="red.8"
            circle
            size="lg"
            className="no-shrink"
            aria-label={words.count("chats.unread", unread)}
            data-testid="unread"
          >
            {unread}
          </Badge>
        )}
      </Group>
      <Text size="xs" c="dimmed" truncate>
        {view.topic || view.queueName}
      </Text>
      <ChatMood chat={chat} />
    </UnstyledButton>
  );
}

function ChatMood({ chat }: { chat: ChatSnapshot }) {
  const words = useWords();
  const now = useNow();
  const since = awaitingReplySince(chat.view);
  const text = () => {
    if (isOver(chat)) return words.t(FATES[fateOf(chat).what].short);
    if (chat.otherTypes) return words.t("chats.typing");
    if (chat.awaySince !== undefined) return words.t("presence.away", { time: words.duration(now - chat.awaySince) });
    if (since === undefined) return words.t("chats.answered");
    return words.t("chats.waitingReply", { time: words.duration(now - since) });
  };
  return (
    <Text size="xs" fs={chat.otherTypes ? "italic" : "normal"} data-testid="conversation-mood">
      {text()}
    </Text>
  );
}
