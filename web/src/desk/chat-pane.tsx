// The chosen chat: its log, the text box, its end.
import { Alert, Badge, Box, Button, Group, Modal, Text, Title } from "@mantine/core";
import { useDisclosure, useDocumentVisibility } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import { flushSync } from "react-dom";
import { AskHelp } from "./assistance/ask-help";
import { HelpStatus } from "./assistance/help-status";
import { UploadList } from "./attachments/attach";
import { Beside, BesideSwitch, useBeside, type BesideChoice } from "./beside";
import { Composer, type ComposerHandle } from "./composer";
import type { ChatSnapshot } from "./desk-chat";
import { useDesk, useNow } from "./desk-context";
import { FaultAlert } from "./fault-alert";
import { isOver } from "./in-hand";
import { MessageLog } from "./message-log";
import { NotRespondingBanner } from "./not-responding";
import { LeaveButton } from "./supervise/leave-button";
import { ScriptAbsence } from "./script/script-absence";
import { TransferButton } from "./transfer/transfer-button";
import { TransferStatus } from "./transfer/transfer-status";
import { useAction } from "./use-action";
import { useWords } from "./words";
import { FATES, fateOf } from "./whereabouts";
import { OptionalWrapUp } from "./wrap-up/optional-wrap-up";
import { RequestWrapUp } from "./wrap-up/request-wrap-up";

/** One chat. */
export function ChatPane({ chat }: { chat: ChatSnapshot }) {
  const words = useWords();
  const { store } = useDesk();
  const beside = useBeside(chat);
  useMarkRead(chat);
  const { conversationId, view } = chat;
  const actions = store.chat(conversationId);
  const isOpen = !isOver(chat);
  const composer = useRef<ComposerHandle>(null);
  const insert = (rendered: string, responseId: string) => {
    // In narrow windows the text box is behind what is beside.
    if (isNarrow()) flushSync(() => beside.choose("none"));
    composer.current?.insert(rendered, responseId);
  };
  if (!actions) return null;
  return (
    <Box className="pane" component="section" aria-label={guestName(chat, words.t("offer.unnamed"))}>
      <NotRespondingBanner />
      <PaneHeader chat={chat} beside={beside} />
      <InactivityWarning endsAt={view.endsAt} />
      {isOpen && <HelpStatus assistance={view.assistance} />}
      {isOpen && <ScriptAbsence absence={beside.script.absence} />}
      {isOpen && <TransferStatus conversationId={conversationId} transfer={view.transfer} />}
      <Box className="pane-body" data-beside={beside.what === "none" ? "closed" : "open"}>
        <Box className="talk">
          <MessageLog chat={chat} actions={actions} />
          <Text size="sm" fs="italic" role="status" className="typing" data-testid="desk-typing" hidden={!chat.otherTypes}>
            {chat.otherTypes && words.t("typing.one", { name: guestName(chat, words.t("offer.unnamed")) })}
          </Text>
          <UploadList uploads={chat.uploads} actions={actions} />
          {isOpen ? <Composer ref={composer} conversationId={conversationId} language={view.language} chat={actions} /> : <EndedPart chat={chat} />}
        </Box>
        <Beside beside={beside} chat={chat} actions={actions} insert={isOpen ? insert : undefined} />
      </Box>
    </Box>
  );
}

function PaneHeader({ chat, beside }: { chat: ChatSnapshot; beside: BesideChoice }) {
  const words = useWords();
  const { store } = useDesk();
  const { view } = chat;
  const facts = [view.queueName, view.topic, view.language && words.languageName(view.language)];
  return (
    <Group className="pane-header" gap="xs">
      <Button className="back" size="xs" variant="default" onClick={() => store.select(undefined)} data-testid="back">
        {words.t("chats.back")}
      </Button>
      <Box className="grow guest pane-title">
        <Title order={2} size="h5" lineClamp={2}>
          {guestName(chat, words.t("offer.unnamed"))}
        </Title>
        <Text size="sm" c="dimmed" truncate>
          {[...new Set(facts)].filter(Boolean).join(" · ")}
        </Text>
        <Presence chat={chat} />
      </Box>
      <BesideSwitch beside={beside} />
      {!isOver(chat) && <PaneActions chat={chat} />}
    </Group>
  );
}

/** What the agent does with the conversation; a supervisor who joined only leaves it. */
function PaneActions({ chat }: { chat: ChatSnapshot }) {
  const { conversationId, view, ownIds } = chat;
  const own = [...view.parties.values()].find(({ participantId, present }) => present && ownIds.has(participantId));
  if (own?.kind === "supervisor") return <LeaveButton conversationId={conversationId} />;
  return (
    <>
      {!view.assistance && <AskHelp conversationId={conversationId} />}
      <TransferButton conversationId={conversationId} queueId={view.queueId} />
      <RequestWrapUp conversationId={conversationId} queueId={view.queueId} />
      <EndButton chat={chat} />
    </>
  );
}

/** Whether the customer is there, and who listens. */
function Presence({ chat }: { chat: ChatSnapshot }) {
  const words = useWords();
  const { me } = useDesk();
  const now = useNow();
  const { awaySince, supervisors } = chat;
  const others = supervisors.filter(({ userId }) => userId !== me.userId);
  return (
    <Group gap="xs">
      {awaySince !== undefined && !isOver(chat) && (
        <Badge color="yellow" c="var(--mantine-color-text)" variant="light" tt="none" data-testid="guest-away">
          {words.t("presence.away", { time: words.duration(now - awaySince) })}
        </Badge>
      )}
      {others.length > 0 && (
        <Text size="xs" role="status" data-testid="supervised">
          {words.t("presence.supervised", { names: others.map(({ name }) => name).join(", ") })}
        </Text>
      )}
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
  const { what, to } = fateOf(chat);
  return (
    <>
      <OptionalWrapUp conversationId={chat.conversationId} queueId={chat.view.queueId} />
      <Group className="pane-footer" justify="space-between" data-testid="desk-ended">
        <Text size="sm" data-testid="desk-fate" data-fate={what}>
          {words.t(FATES[what].long, { to })}
        </Text>
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

function isNarrow(): boolean {
  return window.matchMedia("(max-width: 50rem)").matches;
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
