// Who serves a queue.
import { Badge, Button, Group, Loader, Paper, Table, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { FaultAlert } from "../../desk/fault-alert";
import { useAction } from "../../desk/use-action";
import type { Member } from "../../gen/onqueue/routing/v1/queue_member_pb";
import { faultOf } from "../../rpc/faults";
import { useAdmin, useHolds } from "../context";
import { changeMembers, type MemberChange } from "../kit/members";
import { PickMany } from "../kit/pickers";
import { RemoveButton } from "../kit/languages";
import { useAdminWords } from "../words";

const PAGE_SIZE = 50;

/** The members of a queue. */
export function MembersPart({ queueId }: { queueId: string }) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const holds = useHolds();
  const queries = useQueryClient();
  const action = useAction();
  const key = ["members", queueId];
  const list = useInfiniteQuery({
    queryKey: key,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      clients.queues.listMembers({ queueId, pageSize: PAGE_SIZE, pageToken: pageParam }, { signal }),
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
  const members = list.data?.pages.flatMap((page) => page.members) ?? [];
  const change = (what: MemberChange, done?: () => void) =>
    action.run(async () => {
      await changeMembers(clients, queueId, what);
      await queries.invalidateQueries({ queryKey: key });
      done?.();
    });
  const mayManage = holds("routing:queueMember:manage");
  return (
    <Paper component="section" className="part" withBorder p="md" mt="lg" aria-label={words.t("members.title")} data-testid="part-members">
      <Title order={3} size="h4" mb="sm">
        {words.t("members.title")}
      </Title>
      {mayManage && holds("authorization:user:view") && <AddMembers isBusy={action.busy} add={(add, done) => change({ add, remove: [] }, done)} />}
      <FaultAlert fault={action.fault} testId="members-fault" />
      {list.isPending && <Loader size="sm" aria-label={words.t("loading")} />}
      {list.isError && <FaultAlert fault={faultOf(list.error)} />}
      {members.length > 0 && (
        <MemberRows
          members={members}
          {...(mayManage ? { remove: (userId: string) => change({ add: [], remove: [userId] }) } : {})}
        />
      )}
      <Group mt="sm">
        {list.hasNextPage && (
          <Button
            variant="default"
            size="xs"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
            data-testid="members-more"
          >
            {words.t("list.more")}
          </Button>
        )}
        <Text size="sm" c="dimmed" role="status" data-testid="members-status">
          {list.isSuccess && words.count(list.hasNextPage ? "members.shown" : "members.all", members.length)}
        </Text>
      </Group>
    </Paper>
  );
}

interface AddProps {
  isBusy: boolean;
  add(userIds: string[], done: () => void): void;
}

function AddMembers({ isBusy, add }: AddProps) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  const [chosen, setChosen] = useState<string[]>([]);
  return (
    <Group align="flex-end" gap="xs" mb="md" className="row">
      <PickMany resource={resources.users} label={words.t("members.find")} value={chosen} onChange={setChosen} data-testid="members-find" />
      <Button loading={isBusy} disabled={chosen.length === 0} onClick={() => add(chosen, () => setChosen([]))} data-testid="members-add">
        {words.t("members.add")}
      </Button>
    </Group>
  );
}

function MemberRows({ members, remove }: { members: readonly Member[]; remove?: (userId: string) => void }) {
  const words = useAdminWords();
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{words.t("field.name")}</Table.Th>
          <Table.Th scope="col">{words.t("field.state")}</Table.Th>
          {remove && <Table.Th scope="col">{words.t("members.change")}</Table.Th>}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {members.map(({ userId, name, joined }) => (
          <Table.Tr key={userId} data-testid="member" data-user={userId}>
            <Table.Th scope="row" className="guest">
              {name}
            </Table.Th>
            <Table.Td>
              <Badge color={joined ? "green" : "gray"} variant="light" c="var(--mantine-color-text)" tt="none">
                {words.t(joined ? "members.joined" : "members.notJoined")}
              </Badge>
            </Table.Td>
            {remove && (
              <Table.Td>
                <RemoveButton label={words.t("members.remove", { name })} remove={() => remove(userId)} testId="member-remove" />
              </Table.Td>
            )}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
