// The supervisor's page: all conversations, and one of them read.
import { Box, Button, Group, NativeSelect, Stack, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { ConversationState, type Conversation } from "../gen/onqueue/session/v1/conversation_pb";
import { faultOf } from "../rpc/faults";
import { RequestList } from "./assistance/request-list";
import { useDesk } from "./desk-context";
import { FaultAlert } from "./fault-alert";
import { SupervisorItem } from "./supervisor-item";
import { SupervisorPane } from "./supervisor-pane";
import { isFilter, STATE_NAMES } from "./state-names";
import { REFRESH_MS } from "./transcript";
import { useAction } from "./use-action";
import { useKept } from "./use-kept";
import { useWords } from "./words";

const PAGE_SIZE = 50;

const isText = (value: unknown) => typeof value === "string";

/** The conversations of the divisions that the supervisor may see. */
export function SupervisorPage() {
  const words = useWords();
  const [state, setState] = useKept<ConversationState>("filter", ConversationState.UNSPECIFIED, isFilter);
  const [selected, setSelected] = useKept<string | undefined>("conversation", undefined, isText);
  const list = useConversations(state);
  const asked = useAction();
  const refresh = () => asked.run(async () => void (await list.refetch()));
  const conversations = list.data?.pages.flatMap((page) => page.conversations) ?? [];
  return (
    <Box className="columns" data-detail={selected ? "open" : "closed"}>
      <Stack className="side" gap="sm">
        <RequestList open={setSelected} />
        <Title order={2} size="h5">
          {words.t("supervisor.heading")}
        </Title>
        <Filter state={state} choose={setState} refresh={refresh} busy={asked.busy || list.isPending} />
        {list.error && <FaultAlert fault={faultOf(list.error)} />}
        {list.isSuccess && conversations.length === 0 && <Text c="dimmed">{words.t("supervisor.none")}</Text>}
        <Items conversations={conversations} selected={selected} select={setSelected} />
        {list.hasNextPage && (
          <Button
            variant="default"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
            data-testid="supervisor-more"
          >
            {words.t("supervisor.more")}
          </Button>
        )}
      </Stack>
      <Box className="detail">
        {selected ? (
          <SupervisorPane
            key={selected}
            conversationId={selected}
            back={() => setSelected(undefined)}
            backTo={words.t("supervisor.back")}
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

function useConversations(state: ConversationState) {
  const { clients } = useDesk();
  return useInfiniteQuery({
    queryKey: ["conversations", state],
    refetchInterval: REFRESH_MS,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      clients.conversations.listConversations({ pageSize: PAGE_SIZE, pageToken: pageParam, state }, { signal }),
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
}

interface FilterProps {
  state: ConversationState;
  choose(state: ConversationState): void;
  refresh(): void;
  busy: boolean;
}

function Filter({ state, choose, refresh, busy }: FilterProps) {
  const words = useWords();
  const options = STATE_NAMES.map(([value, name]) => ({ value: String(value), label: words.t(`supervisor.state.${name}`) }));
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <NativeSelect
        className="grow"
        size="sm"
        label={words.t("supervisor.filter")}
        data={options}
        value={String(state)}
        onChange={(event) => choose(Number(event.currentTarget.value))}
        data-testid="supervisor-filter"
      />
      <Button variant="default" onClick={refresh} loading={busy} data-testid="supervisor-refresh">
        {words.t("supervisor.refresh")}
      </Button>
    </Group>
  );
}

interface ItemsProps {
  conversations: Conversation[];
  selected: string | undefined;
  select(conversationId: string): void;
}

function Items({ conversations, selected, select }: ItemsProps) {
  return conversations.map((conversation) => (
    <SupervisorItem
      key={conversation.conversationId}
      conversation={conversation}
      isSelected={conversation.conversationId === selected}
      select={() => select(conversation.conversationId)}
    />
  ));
}
