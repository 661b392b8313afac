// One conversation as the supervisor reads it: transcript, and why an agent got it.
import { Box, Button, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { EMPTY_VIEW, eventTime, withEvents, type ConversationView } from "../core/conversation";
import type { Event } from "../gen/onqueue/session/v1/event_pb";
import { faultOf } from "../rpc/faults";
import { Decisions } from "./decisions";
import { useDesk, useMay } from "./desk-context";
import { authorText, noticeText } from "./event-text";
import { WhyWaiting } from "./explanations/why-waiting";
import { FaultAlert } from "./fault-alert";
import { MessageText } from "./message-text";
import { readTranscript, REFRESH_MS } from "./transcript";
import { useWords } from "./words";

const NOBODY: ReadonlySet<string> = new Set();

/** Transcript and decisions of a conversation. */
export function SupervisorPane({ conversationId, back }: { conversationId: string; back(): void }) {
  const words = useWords();
  const queries = useQueryClient();
  const maySeeDecisions = useMay("routing:decision:view");
  const refresh = () => void queries.invalidateQueries({ queryKey: ["conversation", conversationId] });
  return (
    <Box className="pane scrolls">
      <Group className="pane-header" gap="sm" justify="space-between">
        <Button className="back" size="xs" variant="default" onClick={back} data-testid="back">
          {words.t("supervisor.back")}
        </Button>
        <Title order={2} size="h5" className="grow">
          {words.t("transcript.heading")}
        </Title>
        <Button size="xs" variant="default" onClick={refresh} data-testid="transcript-refresh">
          {words.t("supervisor.refresh")}
        </Button>
      </Group>
      <Transcript conversationId={conversationId} />
      {maySeeDecisions && <WhyWaiting conversationId={conversationId} />}
      {maySeeDecisions && <Decisions conversationId={conversationId} />}
    </Box>
  );
}

function Transcript({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const { clients } = useDesk();
  const log = useQuery({
    queryKey: ["conversation", conversationId, "events"],
    queryFn: () => readTranscript(clients, conversationId),
    refetchInterval: REFRESH_MS,
  });
  if (log.isPending) return <Loader m="md" />;
  if (!log.data) return <FaultAlert fault={faultOf(log.error)} />;
  const view = withEvents(EMPTY_VIEW, log.data);
  return (
    <>
      {log.error && <FaultAlert fault={faultOf(log.error)} />}
      <Stack component="ol" className="transcript" gap={6} data-testid="transcript">
        {view.events.length === 0 && <Text component="li">{words.t("transcript.none")}</Text>}
        {view.events.map((event) => (
          <TranscriptLine key={String(event.sequence)} event={event} view={view} />
        ))}
      </Stack>
    </>
  );
}

function TranscriptLine({ event, view }: { event: Event; view: ConversationView }) {
  const words = useWords();
  const isMessage = event.body.case === "message";
  return (
    <li
      className="transcript-line"
      data-testid="transcript-event"
      data-kind={event.body.case}
      data-sequence={String(event.sequence)}
    >
      <time className="meta" dateTime={new Date(eventTime(event)).toISOString()}>
        {words.clockTime(eventTime(event))}
      </time>
      {event.body.case === "message" && (
        <span>
          <strong>{authorText(event, view, NOBODY, words)}</strong>
          {": "}
          <span className="transcript-text" dir="auto">
            <MessageText text={event.body.value.text} />
          </span>
        </span>
      )}
      {!isMessage && <span className="notice">{noticeText(event, view, words)}</span>}
    </li>
  );
}
