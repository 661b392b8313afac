// The chosen chat: its log, the text box, its end.
import { Alert, Box, Button, Group, Modal, Text, Title } from "@mantine/core";
import { useDisclosure, useDocumentVisibility } from "@mantine/hooks";
import { useEffect } from "react";
import { Composer } from "./composer";
import type { ChatSnapshot } from "./desk-chat";
import { useDesk, useNow } from "./desk-context";
import { FaultAlert } from "./fault-alert";
import { isOver } from "./in-hand";
import { MessageLog } from "./message-log";
import { NotRespondingBanner } from "./not-responding";
import { useAction } from "./use-action";
import { useWords } from "./words";
import { OptionalWrapUp } from "./wrap-up/optional-wrap-up";
import { RequestWrapUp } from "./wrap-up/request-wrap-up";

/** One chat. */
export function ChatPane({ chat }: { chat: ChatSnapshot }) {
  const words = useWords();
  useMarkRead(chat);
  return (
    <Box className="pane" component="section" aria-label={guestName(chat, words.t("offer.unnamed"))}>
      <NotRespondingBanner />
      <PaneHeader chat={chat} />
      <InactivityWarning endsAt={chat.view.endsAt} />
      <MessageLog chat={chat} />
      <Text size="sm" fs="italic" role="status" className="typing" data-testid="desk-typing" hidden={!chat.otherTypes}>
        {chat.otherTypes && words.t("typing.one", { name: guestName(chat, words.t("offer.unnamed")) })}
      </Text>
      {isOver(chat) ? <EndedPart chat={chat} /> : <Composer conversationId={chat.conversationId} language={chat.view.language} />}
    </Box>
  );
}

function PaneHeader({ chat }: { chat: ChatSnapshot }) {
  const words = useWords();
  const { store } = useDesk();
  const { view } = chat;
  const facts = [view.queueName, view.topic, view.language && words.languageName(view.language)];
  return (
    <Group className="pane-header" gap="sm" wrap="nowrap">
      <Button className="back" size="xs" variant="default" onClick={() => store.select(undefined)} data-testid="back">
        {words.t("chats.back")}
      </Button>
      <Box className="grow guest">
        <Title order={2} size="h5" lineClamp={2}>
          {guestName(chat, words.t("offer.unnamed"))}
        </Title>
        <Text size="sm" c="dimmed" truncate>
          {[...new Set(facts)].filter(Boolean).join(" · ")}
        </Text>
      </Box>
      {!isOver(chat) && <RequestWrapUp conversationId={chat.conversationId} queueId={view.queueId} />}
      {!isOver(chat) && <EndButton chat={chat} />}
    </Group>
  );
}

function EndButton({ chat }: { chat: ChatSnapshot }) {
  const words = useWords();
  const { clients } = useDesk();
  const action = useAction();
  const [asking, { open, close }] = useDisclosure(false);
  const end = () =>
    action.run(async () => {
      await clients.conversations.endConversation({ conversationId: chat.conversationId });
      close();
    });
  return (
    <>
      <Button size="xs" variant="outline" color="red.9" onClick={open} data-testid="desk-end">
        {words.t("chat.end")}
      </Button>
      <Modal
        opened={asking}
        onClose={close}
        title={words.t("chat.end")}
        closeButtonProps={{ "aria-label": words.t("chats.close") }}
        centered
        transitionProps={{ duration: 0 }}
      >
        <Text mb="md" className="guest">
          {words.t("chat.endQuestion", { guest: guestName(chat, words.t("offer.unnamed")) })}
        </Text>
        <FaultAlert fault={action.fault} />
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={close} data-testid="desk-end-no">
            {words.t("chat.endNo")}
          </Button>
          <Button color="red.9" loading={action.busy} onClick={end} data-autofocus data-testid="desk-end-yes">
            {words.t("chat.endYes")}
          </Button>
        </Group>
      </Modal>
    </>
  );
}

function EndedPart({ chat }: { chat: ChatSnapshot }) {
  const words = useWords();
  const { store } = useDesk();
  return (
    <>
      <OptionalWrapUp conversationId={chat.conversationId} queueId={chat.view.queueId} />
      <Group className="pane-footer" justify="space-between" data-testid="desk-ended">
        <Text size="sm">{words.t("chat.endedHint")}</Text>
        <Button onClick={() => store.closeChat(chat.conversationId)} data-testid="desk-close">
          {words.t("chats.close")}
        </Button>
      </Group>
    </>
  );
}

function InactivityWarning({ endsAt }: { endsAt: number | undefined }) {
  const words = useWords();
  const now = useNow();
  if (endsAt === undefined) return null;
  return (
    <Alert color="yellow" p="xs" radius={0} data-testid="desk-warning">
      {words.t("warning.left", { left: words.duration(endsAt - now) })}
    </Alert>
  );
}

function useMarkRead(chat: ChatSnapshot): void {
  const { store } = useDesk();
  const visibility = useDocumentVisibility();
  const { conversationId, view } = chat;
  useEffect(() => {
    if (visibility === "visible") store.chat(conversationId)?.markRead();
  }, [store, conversationId, view.events, visibility]);
}

function guestName({ view }: ChatSnapshot, unnamed: string): string {
  return view.guestName || unnamed;
}
