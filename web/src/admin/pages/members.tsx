// Who serves a queue.
import { Badge, Button, Group, Loader, MultiSelect, NativeSelect, Paper, Table, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { FaultAlert } from "../../desk/fault-alert";
import { useAction } from "../../desk/use-action";
import type { MemberGroup } from "../../gen/onqueue/routing/v1/queue_pb";
import type { Member } from "../../gen/onqueue/routing/v1/queue_member_pb";
import { byName } from "../../i18n/collation";
import { faultOf } from "../../rpc/faults";
import { useAdmin, useHolds } from "../context";
import { changeMembers, placeMember, type MemberChange, type MemberPlace } from "../kit/members";
import { useNamesIn } from "../kit/names";
import { PickMany } from "../kit/pickers";
import { RemoveButton } from "../kit/languages";
import { useAdminWords } from "../words";

const PAGE_SIZE = 50;
const RINGS = ["1", "2", "3", "4", "5", "6"];

/** The members of a queue. */
export function MembersPart({ queueId, groups }: { queueId: string; groups: readonly MemberGroup[] }) {
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
  const place = (setting: MemberPlace) =>
    action.run(async () => {
      await placeMember(clients, queueId, setting);
      await queries.invalidateQueries({ queryKey: key });
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
          groups={groups}
          {...(mayManage && !action.busy ? { place } : {})}
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

interface MemberRowsProps {
  members: readonly Member[];
  groups: readonly MemberGroup[];
  place?: (setting: MemberPlace) => void;
  remove?: (userId: string) => void;
}

function MemberRows({ members, groups, place, remove }: MemberRowsProps) {
  const words = useAdminWords();
  // Routing learns a name when an agent first comes.
  const nameOf = useNamesIn(members.filter(({ name }) => name === "").map(({ userId }) => ({ userId })));
  const named = byName(
    members.map((member) => ({ ...member, name: member.name || nameOf(member.userId) })),
    ({ name }) => name,
    words.locale,
  );
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{words.t("field.name")}</Table.Th>
          <Table.Th scope="col">{words.t("field.state")}</Table.Th>
          <Table.Th scope="col">{words.t("members.ring")}</Table.Th>
          {groups.length > 0 && <Table.Th scope="col">{words.t("field.groups")}</Table.Th>}
          {remove && <Table.Th scope="col">{words.t("remove")}</Table.Th>}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {named.map(({ userId, name, joined, ring, groupIds }) => (
          <Table.Tr key={userId} data-testid="member" data-user={userId}>
            <Table.Th scope="row" className="guest">
              {name}
            </Table.Th>
            <Table.Td>
              <Badge color={joined ? "green" : "gray"} variant="light" c="var(--mantine-color-text)" tt="none">
                {words.t(joined ? "members.joined" : "members.notJoined")}
              </Badge>
            </Table.Td>
            <Table.Td>
              <NativeSelect
                size="xs"
                aria-label={words.t("members.ringOf", { name })}
                data={RINGS}
                value={String(ring || 1)}
                disabled={!place}
                onChange={(event) => place?.({ userId, ring: Number(event.currentTarget.value), groupIds })}
                data-testid="member-ring"
              />
            </Table.Td>
            {groups.length > 0 && (
              <Table.Td>
                <MultiSelect
                  size="xs"
                  aria-label={words.t("members.groupsOf", { name })}
                  data={groups.map((group) => ({ value: group.groupId, label: group.name }))}
                  value={groupIds}
                  disabled={!place}
                  onChange={(ids) => place?.({ userId, ring, groupIds: ids })}
                  comboboxProps={{ transitionProps: { duration: 0 } }}
                  data-testid="member-groups"
                />
              </Table.Td>
            )}
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
