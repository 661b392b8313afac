// Conversations that have to be kept: which, since when, why, and saying that of another.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Button, Group, Loader, Modal, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useDesk } from "../../desk/desk-context";
import { FaultAlert } from "../../desk/fault-alert";
import { HOLDS, LONGEST_REASON } from "../../desk/records/legal-hold";
import { TranscriptView } from "../../desk/transcript-view";
import { useAction } from "../../desk/use-action";
import type { LegalHold } from "../../gen/onqueue/session/v1/transcript_pb";
import { faultOf } from "../../rpc/faults";
import { useAdmin, useHolds } from "../context";
import { AskDialog } from "../kit/ask-dialog";
import { Name } from "../kit/pickers";
import { useAdminWords } from "../words";

const PAGE_SIZE = 20;
const NAMES_LAST_MS = 60_000;

/** The list, and what may be done with it. */
export function HoldsPart() {
  const words = useAdminWords();
  const [read, setRead] = useState<string>();
  const list = useHoldList();
  const holds = list.data?.pages.flatMap((page) => page.holds) ?? [];
  return (
    <Paper component="section" withBorder p="md" mt="lg" aria-label={words.t("holds.title")} data-testid="part-holds">
      <Group justify="space-between" mb="sm">
        <Title order={3} size="h4">
          {words.t("holds.title")}
        </Title>
        <BeginHold />
      </Group>
      <Text size="sm" c="dimmed" mb="sm">
        {words.t("holds.hint")}
      </Text>
      {list.isPending && <Loader size="sm" aria-label={words.t("loading")} data-testid="list-loading" />}
      {list.error && <FaultAlert fault={faultOf(list.error)} testId="holds-fault" />}
      {list.isSuccess && holds.length === 0 && <Text data-testid="holds-none">{words.t("holds.none")}</Text>}
      <Stack gap="md">
        {holds.map((hold) => (
          <Hold key={hold.conversationId} hold={hold} read={() => setRead(hold.conversationId)} />
        ))}
      </Stack>
      {list.hasNextPage && (
        <Button mt="sm" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} data-testid="holds-more">
          {words.t("list.more")}
        </Button>
      )}
      <Modal
        opened={read !== undefined}
        onClose={() => setRead(undefined)}
        title={words.t("holds.transcript")}
        closeButtonProps={{ "aria-label": words.t("close") }}
        size="xl"
        centered
        transitionProps={{ duration: 0 }}
      >
        {read !== undefined && <TranscriptView conversationId={read} />}
      </Modal>
    </Paper>
  );
}

function useHoldList() {
  const { clients } = useDesk();
  return useInfiniteQuery({
    queryKey: [...HOLDS, "list"],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => clients.transcripts.listLegalHolds({ pageSize: PAGE_SIZE, pageToken: pageParam }, { signal }),
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
}

function Hold({ hold, read }: { hold: LegalHold; read(): void }) {
  const words = useAdminWords();
  const holds = useHolds();
  const { resources } = useAdmin();
  const { conversationId, at, userId, reason } = hold;
  return (
    <Group component="article" align="flex-start" justify="space-between" gap="sm" data-testid="hold-row" data-conversation={conversationId}>
      <Stack gap={2} className="grow guest">
        <Text fw={600}>
          <ConversationName conversationId={conversationId} />
        </Text>
        <Text size="sm">{reason === "" ? words.t("holds.noReason") : reason}</Text>
        <Text size="sm" c="dimmed">
          {at && words.t("holds.since", { time: words.dateTime(timestampMs(at)) })} <Name resource={resources.users} id={userId} />
        </Text>
      </Stack>
      <Group gap="xs">
        {holds("recording:transcript:view") && (
          <Button size="xs" variant="default" onClick={read} data-testid="hold-read">
            {words.t("holds.read")}
          </Button>
        )}
        <EndHold conversationId={conversationId} />
      </Group>
    </Group>
  );
}

/** With whom it was, when and where; its number for who may not know. */
function ConversationName({ conversationId }: { conversationId: string }) {
  const words = useAdminWords();
  const { clients } = useDesk();
  const found = useQuery({
    queryKey: ["conversation", conversationId, "named"],
    staleTime: NAMES_LAST_MS,
    retry: false,
    queryFn: async ({ signal }) => (await clients.conversations.getConversation({ conversationId }, { signal })).conversation ?? null,
  });
  if (!found.data) return <code className="breaks">{conversationId}</code>;
  const { guestName, queueName, createdAt } = found.data;
  const facts = [guestName || words.t("holds.unnamed"), queueName, createdAt && words.dateTime(timestampMs(createdAt))];
  return <span title={conversationId}>{facts.filter(Boolean).join(" · ")}</span>;
}

function EndHold({ conversationId }: { conversationId: string }) {
  const words = useAdminWords();
  const { clients } = useDesk();
  const queries = useQueryClient();
  const action = useAction();
  const [asking, { open, close }] = useDisclosure(false);
  const end = async () => {
    await clients.transcripts.setLegalHold({ conversationId, held: false });
    close();
    await Promise.all([HOLDS, ["retention"]].map((queryKey) => queries.invalidateQueries({ queryKey })));
  };
  return (
    <>
      <Button size="xs" variant="default" onClick={open} data-testid="hold-end">
        {words.t("holds.end")}
      </Button>
      <AskDialog
        opened={asking}
        title={words.t("holds.end")}
        question={words.t("holds.endQuestion")}
        yes={words.t("holds.end")}
        action={action}
        close={close}
        confirmed={() => action.run(end)}
      />
    </>
  );
}

function BeginHold() {
  const words = useAdminWords();
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button variant="default" onClick={open} data-testid="hold-begin">
        {words.t("holds.begin")}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={words.t("holds.begin")}
        closeButtonProps={{ "aria-label": words.t("close") }}
        centered
        transitionProps={{ duration: 0 }}
      >
        <BeginForm close={close} />
      </Modal>
    </>
  );
}

function BeginForm({ close }: { close(): void }) {
  const words = useAdminWords();
  const { clients } = useDesk();
  const queries = useQueryClient();
  const action = useAction();
  const [number, setNumber] = useState("");
  const [reason, setReason] = useState("");
  const [isChecked, setChecked] = useState(false);
  const missing = (text: string) => (isChecked && text.trim() === "" ? words.t("violation.empty") : undefined);
  const begin = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (number.trim() === "" || reason.trim() === "") return;
    action.run(async () => {
      await clients.transcripts.setLegalHold({ conversationId: number.trim(), held: true, reason: reason.trim() });
      await Promise.all([HOLDS, ["retention"]].map((queryKey) => queries.invalidateQueries({ queryKey })));
      close();
    });
  };
  return (
    <form onSubmit={begin} noValidate>
      <Stack gap="sm">
        <TextInput
          label={words.t("holds.number")}
          description={words.t("holds.numberHint")}
          value={number}
          onChange={(event) => setNumber(event.currentTarget.value)}
          error={missing(number)}
          data-autofocus
          data-testid="hold-number"
        />
        <TextInput
          label={words.t("holds.why")}
          maxLength={LONGEST_REASON}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          error={missing(reason)}
          data-testid="hold-why"
        />
        <FaultAlert fault={action.fault} testId="hold-begin-fault" />
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-testid="hold-begin-no">
            {words.t("cancel")}
          </Button>
          <Button type="submit" loading={action.busy} data-testid="hold-begin-yes">
            {words.t("holds.begin")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
