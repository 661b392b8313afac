// Finding conversations again, by what was said and by what is known of them.
import { Box, Button, Loader, Stack, Text, Title, UnstyledButton } from "@mantine/core";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { FoundTranscript, TranscriptHit } from "../../gen/onqueue/session/v1/transcript_pb";
import { faultOf } from "../../rpc/faults";
import { useDesk } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { SupervisorPane } from "../supervisor-pane";
import { useKept } from "../use-kept";
import { useWords } from "../words";
import { isAsked, NOTHING_ASKED, requestOf, type Asked } from "./asked";
import { piecesOf } from "./marked";
import { SearchForm } from "./search-form";

const PAGE_SIZE = 20;
/** Pages may be empty while more follow; so many are read for one wish. */
const MOST_EMPTY_PAGES = 5;

interface Chosen {
  conversationId: string;
  /** Empty for the conversation as a whole. */
  eventId: string;
}

/** The page. */
export function SearchPage() {
  const words = useWords();
  const [asked, ask] = useKept<Asked>("search", NOTHING_ASKED, isAsked);
  const [chosen, choose] = useState<Chosen>();
  const list = useFound(asked);
  const found = list.data?.pages.flatMap(({ transcripts }) => transcripts) ?? [];
  return (
    <Box className="columns" data-detail={chosen ? "open" : "closed"}>
      <Stack className="side" gap="sm">
        <Title order={2} size="h5">
          {words.t("search.heading")}
        </Title>
        <SearchForm asked={asked} ask={ask} busy={list.isFetching} />
        {list.error && <FaultAlert fault={faultOf(list.error)} testId="search-fault" />}
        {list.isPending && <Loader aria-label={words.t("choice.loading")} />}
        <Text size="sm" c="dimmed" role="status" data-testid="search-status">
          {list.isSuccess && statusText(found.length, list.hasNextPage, words)}
        </Text>
        {found.map((transcript) => (
          <Found key={transcript.conversation?.conversationId} found={transcript} chosen={chosen} choose={choose} />
        ))}
        {list.hasNextPage && (
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} data-testid="search-more">
            {words.t("supervisor.more")}
          </Button>
        )}
      </Stack>
      <Box className="detail">
        {chosen ? (
          <SupervisorPane
            key={`${chosen.conversationId} ${chosen.eventId}`}
            conversationId={chosen.conversationId}
            wanted={chosen.eventId || undefined}
            back={() => choose(undefined)}
            backTo={words.t("search.back")}
          />
        ) : (
          <Text c="dimmed" className="placeholder">
            {words.t("supervisor.choose")}
          </Text>
        )}
      </Box>
    </Box>
  );
}

function statusText(count: number, isMore: boolean, words: ReturnType<typeof useWords>): string {
  if (count === 0 && !isMore) return words.t("search.none");
  return isMore ? words.count("search.foundMore", count) : words.count("search.found", count);
}

interface FoundPage {
  transcripts: FoundTranscript[];
  nextPageToken: string;
}

function useFound(asked: Asked) {
  const { clients } = useDesk();
  return useInfiniteQuery({
    queryKey: ["transcripts", asked],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      let page: FoundPage = { transcripts: [], nextPageToken: pageParam };
      for (let read = 0; read < MOST_EMPTY_PAGES; read += 1) {
        const request = { ...requestOf(asked), pageSize: PAGE_SIZE, pageToken: page.nextPageToken };
        page = await clients.transcripts.searchTranscripts(request, { signal });
        if (page.transcripts.length > 0 || page.nextPageToken === "") break;
      }
      return page;
    },
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
}

interface FoundProps {
  found: FoundTranscript;
  chosen: Chosen | undefined;
  choose(chosen: Chosen): void;
}

function Found({ found: { conversation, hits }, chosen, choose }: FoundProps) {
  const words = useWords();
  if (!conversation) return null;
  const { conversationId, guestName, topic, queueName, createdAt } = conversation;
  const isChosen = (eventId: string) => chosen?.conversationId === conversationId && chosen.eventId === eventId;
  const facts = [createdAt && words.dateTime(timestampMs(createdAt)), queueName, topic];
  return (
    <Box className="found-transcript" data-testid="found-transcript" data-conversation={conversationId}>
      <UnstyledButton
        className="chat-item"
        aria-current={isChosen("") ? "true" : undefined}
        onClick={() => choose({ conversationId, eventId: "" })}
        data-testid="found-open"
      >
        <Text fw={600} truncate>
          {guestName || words.t("offer.unnamed")}
        </Text>
        <Text size="xs" c="dimmed">
          {[...new Set(facts)].filter(Boolean).join(" · ")}
        </Text>
      </UnstyledButton>
      {hits.map((hit) => (
        <UnstyledButton
          key={hit.eventId}
          className="hit"
          aria-current={isChosen(hit.eventId) ? "true" : undefined}
          onClick={() => choose({ conversationId, eventId: hit.eventId })}
          data-testid="hit"
        >
          <Excerpt hit={hit} />
        </UnstyledButton>
      ))}
    </Box>
  );
}

function Excerpt({ hit: { excerpt, marks } }: { hit: TranscriptHit }) {
  return (
    <Text size="sm" component="span" className="guest">
      {piecesOf(excerpt, marks).map(({ text, isFound }, index) => (isFound ? <mark key={index}>{text}</mark> : <span key={index}>{text}</span>))}
    </Text>
  );
}
