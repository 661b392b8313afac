// A transcript as it is read: every event that the reader may see, with what may be removed.
import { Loader, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { EMPTY_VIEW, eventTime, withEvents, type ConversationView } from "../core/conversation";
import type { Event } from "../gen/onqueue/session/v1/event_pb";
import { faultOf } from "../rpc/faults";
import { FileLink } from "./attachments/file-link";
import { useDesk, useMay } from "./desk-context";
import { authorText, noticeText } from "./event-text";
import { FaultAlert } from "./fault-alert";
import { MessageText } from "./message-text";
import { RedactButton } from "./redact-button";
import { readTranscript, REFRESH_MS } from "./transcript";
import { useWords } from "./words";

const NOBODY: ReadonlySet<string> = new Set();

interface TranscriptViewProps {
  conversationId: string;
  /** The event that is looked for. */
  wanted?: string | undefined;
}

/** Reads the transcript, and again while it is looked at. */
export function TranscriptView({ conversationId, wanted }: TranscriptViewProps) {
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
          <TranscriptLine
            key={String(event.sequence)}
            conversationId={conversationId}
            event={event}
            view={view}
            isWanted={event.eventId === wanted}
          />
        ))}
      </Stack>
    </>
  );
}

interface LineProps {
  conversationId: string;
  event: Event;
  view: ConversationView;
  isWanted: boolean;
}

function TranscriptLine({ conversationId, event, view, isWanted }: LineProps) {
  const words = useWords();
  const mayRedact = useMay("recording:transcript:redact");
  const shown = (line: HTMLLIElement | null) => {
    if (isWanted) line?.scrollIntoView({ block: "center" });
  };
  const isText = saidText(event) !== undefined;
  return (
    <li
      ref={shown}
      className={isWanted ? "transcript-line wanted" : "transcript-line"}
      data-testid="transcript-event"
      data-kind={event.body.case}
      data-sequence={String(event.sequence)}
    >
      <time className="meta" dateTime={new Date(eventTime(event)).toISOString()}>
        {words.clockTime(eventTime(event))}
      </time>
      <LineBody conversationId={conversationId} event={event} view={view} />
      {isText && mayRedact && <RedactButton conversationId={conversationId} eventId={event.eventId} />}
    </li>
  );
}

function LineBody({ conversationId, event, view }: Omit<LineProps, "isWanted">) {
  const words = useWords();
  const { body } = event;
  const text = saidText(event);
  if (text === undefined && body.case !== "attachmentAdded") return <span className="notice grow">{noticeText(event, view, words)}</span>;
  return (
    <span className="grow">
      <strong>{writer(event, view, words)}</strong>
      {": "}
      {body.case === "attachmentAdded" && <FileLink conversationId={conversationId} file={body.value} />}
      {text !== undefined && (
        <span className="transcript-text" dir="auto">
          <MessageText text={text} />
        </span>
      )}
    </span>
  );
}

function saidText({ body }: Event): string | undefined {
  return body.case === "message" || body.case === "sideMessage" || body.case === "coachMessage" ? body.value.text : undefined;
}

function writer(event: Event, view: ConversationView, words: ReturnType<typeof useWords>): string {
  const { body } = event;
  if (body.case === "sideMessage") return words.t("side.side", { name: body.value.name });
  if (body.case === "coachMessage") return words.t("side.coach", { name: body.value.name });
  return authorText(event, view, NOBODY, words);
}
