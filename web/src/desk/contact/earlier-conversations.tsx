// The other conversations of a contact.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Button, Stack, Text, Title, UnstyledButton } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Conversation } from "../../gen/onqueue/session/v1/conversation_pb";
import { faultOf } from "../../rpc/faults";
import { useDesk } from "../desk-context";
import { Dialog } from "../dialog";
import { FaultAlert } from "../fault-alert";
import { stateName } from "../state-names";
import { TranscriptView } from "../transcript-view";
import { useWords } from "../words";

const PAGE_SIZE = 5;

/** Lists them, the newest first, and shows one that is chosen. */
export function EarlierConversations({ contactId, except }: { contactId: string; except: string }) {
  const words = useWords();
  const { clients } = useDesk();
  const [read, setRead] = useState<string>();
  const list = useInfiniteQuery({
    queryKey: ["contact-conversations", contactId],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      clients.contacts.listContactConversations({ contactId, pageSize: PAGE_SIZE, pageToken: pageParam }, { signal }),
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
  const all = list.data?.pages.flatMap((page) => page.conversations) ?? [];
  const others = all.filter(({ conversationId }) => conversationId !== except);
  return (
    <Stack component="section" gap={6} aria-label={words.t("contact.earlier")}>
      <Title order={4} size="h6">
        {words.t("contact.earlier")}
      </Title>
      {list.error && <FaultAlert fault={faultOf(list.error)} />}
      {list.isSuccess && others.length === 0 && <Text size="sm">{words.t("contact.noEarlier")}</Text>}
      {others.map((conversation) => (
        <Earlier key={conversation.conversationId} conversation={conversation} open={() => setRead(conversation.conversationId)} />
      ))}
      {list.hasNextPage && (
        <Button size="compact-sm" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {words.t("supervisor.more")}
        </Button>
      )}
      <Dialog title={words.t("transcript.heading")} opened={read !== undefined} close={() => setRead(undefined)} size="xl">
        {read !== undefined && <TranscriptView conversationId={read} />}
      </Dialog>
    </Stack>
  );
}

function Earlier({ conversation, open }: { conversation: Conversation; open(): void }) {
  const words = useWords();
  const { conversationId, createdAt, topic, queueName, state } = conversation;
  return (
    <UnstyledButton className="chat-item" onClick={open} data-testid="earlier" data-conversation={conversationId}>
      <Text size="sm">{topic || queueName}</Text>
      <Text size="xs" c="dimmed">
        {[createdAt && words.dateTime(timestampMs(createdAt)), words.t(`supervisor.state.${stateName(state)}`)].filter(Boolean).join(" · ")}
      </Text>
    </UnstyledButton>
  );
}
