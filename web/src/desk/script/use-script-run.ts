// The run of a conversation, read when the conversation is opened and again while it is looked at.
import { skipToken, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import type { Fault } from "../../core/fault";
import { RunAbsence, type ScriptRun } from "../../gen/onqueue/content/v1/script_run_pb";
import { faultOf } from "../../rpc/faults";
import type { DeskClients } from "../clients";
import { useDesk, useMay } from "../desk-context";
import { useWords } from "../words";
import { newer } from "./run";

/** So soon does one see what somebody else, or another window, has done. */
export const LOOK_AGAIN_MS = 4_000;

/** What is known of a conversation's script. */
export interface KnownRun {
  /** Absent while it is not known, and where the queue names no script. */
  run: ScriptRun | undefined;
  fault: Fault | undefined;
  /** Why there is no run, as far as whoever begins one was told. */
  absence: RunAbsence;
  /** When it was read last, in milliseconds. */
  readAt: number;
}

/** The key under which a conversation's run is kept in one language. */
export function runKey(conversationId: string, language: string) {
  return ["script-run", conversationId, language] as const;
}

function absenceKey(conversationId: string) {
  return ["script-absence", conversationId] as const;
}

interface Asked {
  conversationId: string;
  /** Whether the script begins if it has not; otherwise it is only looked at. */
  begins: boolean;
  /** Whether somebody looks at it. */
  isShown: boolean;
}

/** Begins the script of a conversation, or goes on with it. */
export function useScriptRun({ conversationId, begins, isShown }: Asked): KnownRun {
  const { clients } = useDesk();
  const queries = useQueryClient();
  const { locale } = useWords();
  const may = useMay("scripter:publishedScript:view");
  const read = useQuery<ScriptRun | null>({
    queryKey: runKey(conversationId, locale),
    enabled: may,
    staleTime: 1_000,
    // What is known in another language is shown until it is there in this one.
    placeholderData: (before) => (before?.conversationId === conversationId ? before : undefined),
    refetchInterval: ({ state }) => (isShown && state.data ? LOOK_AGAIN_MS : false),
    queryFn: async ({ signal }) => {
      const run = await (begins ? startOrLook({ clients, queries }, { conversationId, language: locale }, signal) : look(clients, { conversationId, language: locale }, signal));
      return newer(heldRun(queries, { conversationId, language: locale }), run);
    },
  });
  const { data: absence = RunAbsence.UNSPECIFIED } = useQuery<RunAbsence>({ queryKey: absenceKey(conversationId), queryFn: skipToken });
  return {
    run: read.data ?? undefined,
    fault: read.error ? faultOf(read.error) : undefined,
    absence: read.data ? RunAbsence.UNSPECIFIED : absence,
    readAt: read.dataUpdatedAt,
  };
}

/** What every call says about whoever looks at the page. */
export function lookingFrom(language: string) {
  return { language, utcOffsetMinutes: -new Date().getTimezoneOffset() };
}

/** Takes over a run from an answer, unless more is known already. */
export function takeRun(queries: QueryClient, language: string, run: ScriptRun | undefined): void {
  if (!run) return;
  queries.setQueryData<ScriptRun | null>(runKey(run.conversationId, language), (held) => newer(held, run));
}

function heldRun(queries: QueryClient, { conversationId, language }: Wanted): ScriptRun | null | undefined {
  return queries.getQueryData<ScriptRun | null>(runKey(conversationId, language));
}

interface Around {
  clients: DeskClients;
  queries: QueryClient;
}

interface Wanted {
  conversationId: string;
  language: string;
}

async function startOrLook({ clients, queries }: Around, wanted: Wanted, signal: AbortSignal): Promise<ScriptRun | null> {
  const { conversationId, language } = wanted;
  try {
    const { run, absence } = await clients.scriptRuns.startRun({ conversationId, ...lookingFrom(language) }, { signal });
    queries.setQueryData<RunAbsence>(absenceKey(conversationId), absence);
    return run ?? null;
  } catch (error) {
    // Supervisors who joined read it only.
    if (faultOf(error).reason !== "CALLER_NOT_ALLOWED") throw error;
    return look(clients, wanted, signal);
  }
}

async function look({ scriptRuns }: DeskClients, { conversationId, language }: Wanted, signal: AbortSignal): Promise<ScriptRun | null> {
  return (await scriptRuns.getRun({ conversationId, ...lookingFrom(language) }, { signal })).run ?? null;
}
