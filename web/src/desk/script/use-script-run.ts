// The run of a conversation, read when the conversation is opened and again while it is looked at.
import { skipToken, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import type { Fault } from "../../core/fault";
import { RunAbsence, type ScriptRun } from "../../gen/onqueue/content/v1/script_run_pb";
import { faultOf } from "../../rpc/faults";
import type { DeskClients } from "../clients";
import { useDesk, useMay } from "../desk-context";
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
}

/** The key under which a conversation's run is kept. */
export function runKey(conversationId: string) {
  return ["script-run", conversationId] as const;
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
  const may = useMay("scripter:publishedScript:view");
  const read = useQuery<ScriptRun | null>({
    queryKey: runKey(conversationId),
    enabled: may,
    staleTime: 1_000,
    refetchInterval: ({ state }) => (isShown && state.data ? LOOK_AGAIN_MS : false),
    queryFn: async ({ signal }) => {
      const run = await (begins ? startOrLook({ clients, queries }, conversationId, signal) : look(clients, conversationId, signal));
      return newer(heldRun(queries, conversationId), run);
    },
  });
  const { data: absence = RunAbsence.UNSPECIFIED } = useQuery<RunAbsence>({ queryKey: absenceKey(conversationId), queryFn: skipToken });
  return { run: read.data ?? undefined, fault: read.error ? faultOf(read.error) : undefined, absence: read.data ? RunAbsence.UNSPECIFIED : absence };
}

/** What every call says about whoever looks at the page. */
export function lookingFrom() {
  return { utcOffsetMinutes: -new Date().getTimezoneOffset() };
}

/** Takes over a run from an answer, unless more is known already. */
export function takeRun(queries: QueryClient, run: ScriptRun | undefined): void {
  if (!run) return;
  queries.setQueryData<ScriptRun | null>(runKey(run.conversationId), (held) => newer(held, run));
}

function heldRun(queries: QueryClient, conversationId: string): ScriptRun | null | undefined {
  return queries.getQueryData<ScriptRun | null>(runKey(conversationId));
}

interface Around {
  clients: DeskClients;
  queries: QueryClient;
}

async function startOrLook({ clients, queries }: Around, conversationId: string, signal: AbortSignal): Promise<ScriptRun | null> {
  try {
    const { run, absence } = await clients.scriptRuns.startRun({ conversationId, ...lookingFrom() }, { signal });
    queries.setQueryData<RunAbsence>(absenceKey(conversationId), absence);
    return run ?? null;
  } catch (error) {
    // Supervisors who joined read it only.
    if (faultOf(error).reason !== "CALLER_NOT_ALLOWED") throw error;
    return look(clients, conversationId, signal);
  }
}

async function look({ scriptRuns }: DeskClients, conversationId: string, signal: AbortSignal): Promise<ScriptRun | null> {
  return (await scriptRuns.getRun({ conversationId, ...lookingFrom() }, { signal })).run ?? null;
}
