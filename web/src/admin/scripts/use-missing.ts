// What a script names and is not there. It is no mistake: it may be made later.
import { useQuery } from "@tanstack/react-query";
import { isSameName } from "../../core/same-name";
import { ScriptMentionKind, type ScriptMention } from "../../gen/onqueue/content/v1/script_pb";
import { allPages } from "../../rpc/pages";
import type { AdminClients } from "../clients";
import { useAdmin, useHolds } from "../context";

const PAGE_SIZE = 200;

/** The kinds that other services than the scripts' own keep. */
const KEPT = [ScriptMentionKind.QUEUE, ScriptMentionKind.WRAP_UP_CODE, ScriptMentionKind.CONTACT_FIELD] as const;
type Kept = (typeof KEPT)[number];

const NEEDS: Record<Kept | ScriptMentionKind.RESPONSE, string> = {
  [ScriptMentionKind.QUEUE]: "routing:queue:view",
  [ScriptMentionKind.WRAP_UP_CODE]: "routing:wrapupCode:view",
  [ScriptMentionKind.CONTACT_FIELD]: "externalContacts:customField:view",
  [ScriptMentionKind.RESPONSE]: "responses:response:view",
};

/** What became of looking for what a document names. */
export interface Missing {
  /** What there is not. */
  missing: readonly ScriptMention[];
  /** The kinds that the user may not see, or that could not be read. */
  unknown: readonly ScriptMentionKind[];
}

/** Looks for everything that a document names. */
export function useMissing(mentions: readonly ScriptMention[]): Missing {
  const holds = useHolds();
  const names = {
    [ScriptMentionKind.QUEUE]: useNames(ScriptMentionKind.QUEUE, mentions, queues),
    [ScriptMentionKind.WRAP_UP_CODE]: useNames(ScriptMentionKind.WRAP_UP_CODE, mentions, wrapUpCodes),
    [ScriptMentionKind.CONTACT_FIELD]: useNames(ScriptMentionKind.CONTACT_FIELD, mentions, contactFields),
  };
  const isNamed = (kind: ScriptMentionKind) => mentions.some((mention) => mention.kind === kind);
  const isUnknown = (kind: Kept) => isNamed(kind) && (!holds(NEEDS[kind]) || names[kind].hasFailed);
  const isBlind = isNamed(ScriptMentionKind.RESPONSE) && !holds(NEEDS[ScriptMentionKind.RESPONSE]);
  return {
    missing: missingOf(mentions, (kind) => names[kind as Kept]?.names),
    unknown: [...KEPT.filter(isUnknown), ...(isBlind ? [ScriptMentionKind.RESPONSE] : [])],
  };
}

/** Those that are missing, where what there is of their kind is known; of responses the service has said it. */
export function missingOf(mentions: readonly ScriptMention[], namesOf: (kind: ScriptMentionKind) => readonly string[] | undefined): ScriptMention[] {
  return mentions.filter(({ kind, name, isMissing }) => {
    if (kind === ScriptMentionKind.RESPONSE) return isMissing;
    const names = namesOf(kind);
    return names !== undefined && !names.some((there) => isSameName(there, name));
  });
}

function useNames(kind: Kept, mentions: readonly ScriptMention[], read: (clients: AdminClients) => Promise<string[]>) {
  const { clients } = useAdmin();
  const holds = useHolds();
  const isNamed = mentions.some((mention) => mention.kind === kind);
  const list = useQuery({
    queryKey: ["script", "names", kind],
    enabled: isNamed && holds(NEEDS[kind]),
    staleTime: 10_000,
    queryFn: () => read(clients),
  });
  return { names: list.data, hasFailed: list.isError };
}

function queues({ queues }: AdminClients): Promise<string[]> {
  return allPages(async (pageToken) => {
    const answer = await queues.listQueues({ pageToken, pageSize: PAGE_SIZE });
    return { items: answer.queues.map(({ name }) => name), nextPageToken: answer.nextPageToken };
  });
}

function wrapUpCodes({ wrapUpCodes }: AdminClients): Promise<string[]> {
  return allPages(async (pageToken) => {
    const answer = await wrapUpCodes.listWrapUpCodes({ pageToken, pageSize: PAGE_SIZE });
    return { items: answer.wrapUpCodes.map(({ name }) => name), nextPageToken: answer.nextPageToken };
  });
}

async function contactFields({ contactFields }: AdminClients): Promise<string[]> {
  return (await contactFields.listContactFields({})).contactFields.map(({ key }) => key);
}
