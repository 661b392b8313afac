// After-contact work that goes on: its clock, how it went, and its end.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Button, Group, Paper, Progress, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import type { AfterContactWork } from "../../gen/onqueue/routing/v1/agent_pb";
import { useDesk, useMay, useNow, useSnapshot } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useWords } from "../words";
import { isMandatory, timeOf } from "./after-contact";
import { useWrapUp, useWrapUpCodes } from "./use-wrap-up";
import { WrapUpFields } from "./wrap-up-fields";

/** All after-contact work of the agent, the oldest first. */
export function WrapUpList() {
  const words = useWords();
  const { agent } = useSnapshot();
  const work = agent?.afterContactWork ?? [];
  if (work.length === 0) return null;
  return (
    <Stack component="section" gap="xs" aria-label={words.t("wrapUp.heading")} data-testid="wrap-ups">
      <Title order={2} size="h6">
        {words.t("wrapUp.heading")}
      </Title>
      {work.map((each) => (
        <WrapUpCard key={each.conversationId} work={each} />
      ))}
    </Stack>
  );
}

function WrapUpCard({ work }: { work: AfterContactWork }) {
  const words = useWords();
  const { conversationId, mode, mayEndEarly } = work;
  return (
    <Paper
      component="article"
      withBorder
      p="sm"
      aria-label={words.t("wrapUp.of", { guest: useGuestName(conversationId) })}
      data-testid="wrap-up"
      data-conversation={conversationId}
      data-mode={mode}
      data-may-end={mayEndEarly}
    >
      <Stack gap="xs">
        <WrapUpHeading work={work} />
        <Clock work={work} />
        <WrapUpForm work={work} />
      </Stack>
    </Paper>
  );
}

function WrapUpHeading({ work }: { work: AfterContactWork }) {
  const { store } = useDesk();
  const words = useWords();
  const { chats } = useSnapshot();
  const { conversationId, queueName } = work;
  const guest = useGuestName(conversationId);
  const isHere = chats.some((chat) => chat.conversationId === conversationId);
  return (
    <Group justify="space-between" wrap="nowrap" gap="xs">
      <div className="guest">
        <Text fw={600}>{guest}</Text>
        <Text size="xs" c="dimmed">
          {queueName}
        </Text>
      </div>
      {isHere && (
        <Button size="xs" variant="subtle" className="no-shrink" onClick={() => store.select(conversationId)} data-testid="wrap-up-open">
          {words.t("wrapUp.open")}
        </Button>
      )}
    </Group>
  );
}

function useGuestName(conversationId: string): string {
  const words = useWords();
  const { clients } = useDesk();
  const chat = useSnapshot().chats.find((each) => each.conversationId === conversationId);
  // After a reload an ended chat is on the desk no more.
  const read = useQuery({
    queryKey: ["guest-of", conversationId],
    enabled: !chat?.view.guestName,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => (await clients.conversations.getConversation({ conversationId })).conversation?.guestName ?? "",
  });
  return chat?.view.guestName || read.data || words.t("offer.unnamed");
}

function Clock({ work }: { work: AfterContactWork }) {
  const words = useWords();
  const { elapsed, left, part } = timeOf(work, useNow());
  if (left === undefined) {
    return (
      <Text size="sm" role="timer" data-testid="wrap-up-clock">
        {words.t("wrapUp.since", { time: words.duration(elapsed) })}
      </Text>
    );
  }
  return (
    <div>
      <Text size="sm" role="timer" data-testid="wrap-up-clock">
        {words.t("wrapUp.left", { time: words.duration(left) })}
      </Text>
      <Progress value={part * 100} size="sm" transitionDuration={0} aria-hidden="true" />
    </div>
  );
}

function WrapUpForm({ work }: { work: AfterContactWork }) {
  const words = useWords();
  const mayWrapUp = useMay("conversation:participant:wrapup");
  const wrapUp = useWrapUp(work.conversationId);
  const codes = useWrapUpCodes(work.queueId);
  const [asked, setAsked] = useState(false);
  if (!mayWrapUp) return null;
  const needsCode = isMandatory(work) && codes.length > 0;
  const send = () => {
    setAsked(true);
    if (!needsCode || wrapUp.draft.codeId !== "") wrapUp.send();
  };
  return (
    <>
      <WrapUpFields wrapUp={wrapUp} codes={codes} needsCode={needsCode && asked} />
      <FaultAlert fault={wrapUp.fault} testId="wrap-up-fault" />
      {work.mayEndEarly ? (
        <Button onClick={send} loading={wrapUp.busy} data-testid="wrap-up-done">
          {words.t("wrapUp.done")}
        </Button>
      ) : (
        <Forced work={work} send={send} busy={wrapUp.busy} saved={wrapUp.draft.isSent} />
      )}
    </>
  );
}

interface ForcedProps {
  work: AfterContactWork;
  send(): void;
  busy: boolean;
  saved: boolean;
}

/** What is said may be saved, but the work goes on until its time is over. */
function Forced({ work, send, busy, saved }: ForcedProps) {
  const words = useWords();
  const why = useId();
  const time = work.endsAt ? words.clockTime(timestampMs(work.endsAt)) : "";
  return (
    <>
      <Group grow gap="xs">
        <Button variant="default" onClick={send} loading={busy} data-testid="wrap-up-save">
          {words.t("wrapUp.save")}
        </Button>
        <Button disabled aria-describedby={why} data-testid="wrap-up-done">
          {words.t("wrapUp.done")}
        </Button>
      </Group>
      <Text size="xs" role="status" data-testid="wrap-up-saved">
        {saved && words.t("wrapUp.saved")}
      </Text>
      <Text size="xs" c="dimmed" id={why} data-testid="wrap-up-forced">
        {words.t("wrapUp.forced", { time })}
      </Text>
    </>
  );
}
