// Adding and removing members of a queue, whose rpc replaces all of them.
import { allPages } from "../../rpc/pages";
import type { AdminClients } from "../clients";

/** How many members a queue may have. */
export const MOST_MEMBERS = 1_000;
const PAGE_SIZE = 200;

/** A change of who serves a queue. */
export interface MemberChange {
  add: readonly string[];
  remove: readonly string[];
}

/** The members after a change: those that are there, without the removed, with the added, each once. */
export function membersAfter(present: readonly string[], { add, remove }: MemberChange): string[] {
  const gone = new Set(remove);
  return [...new Set([...present.filter((id) => !gone.has(id)), ...add])];
}

/** Applies a change to the members that the queue has at this moment, so that what others changed stays. */
export async function changeMembers({ queues }: Pick<AdminClients, "queues">, queueId: string, change: MemberChange): Promise<void> {
  const present = await memberIds(queues, queueId);
  await queues.setMembers({ queueId, userIds: membersAfter(present, change) });
}

/** Where a member stands in a queue. */
export interface MemberPlace {
  userId: string;
  ring: number;
  groupIds: string[];
}

/** Gives a member another place; the others keep theirs. */
export async function placeMember({ queues }: Pick<AdminClients, "queues">, queueId: string, place: MemberPlace): Promise<void> {
  const present = await memberIds(queues, queueId);
  await queues.setMembers({ queueId, userIds: present.filter((id) => id !== place.userId), members: [place] });
}

async function memberIds(queues: AdminClients["queues"], queueId: string): Promise<string[]> {
  return allPages(async (pageToken) => {
    const { members, nextPageToken } = await queues.listMembers({ queueId, pageSize: PAGE_SIZE, pageToken });
    return { items: members.map(({ userId }) => userId), nextPageToken };
  });
}
