// What the service finds wrong with a text, asked again when it changes.
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Fault } from "../../core/fault";
import type { ScriptMention, ScriptProblem } from "../../gen/onqueue/content/v1/script_pb";
import { faultOf } from "../../rpc/faults";
import { useAdmin } from "../context";
import { fitting } from "./document";

const TYPING_MS = 500;

/** What is known of a text. */
export interface Checked {
  problems: readonly ScriptProblem[];
  /** What it names outside itself. */
  mentions: readonly ScriptMention[];
  /** Whether they are those of the text as it is now. */
  isCurrent: boolean;
  fault: Fault | undefined;
}

/** Checks a text; nothing while there is none. */
export function useProblems(text: string): Checked {
  const { clients } = useAdmin();
  const [settled] = useDebouncedValue(text, TYPING_MS);
  const check = useQuery({
    queryKey: ["script", "problems", settled],
    enabled: settled.trim() !== "",
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    queryFn: ({ signal }) => clients.scripts.validateScript({ document: fitting(settled) }, { signal }),
  });
  return {
    problems: check.data?.problems ?? [],
    mentions: check.data?.mentions ?? [],
    isCurrent: settled === text && check.isSuccess && !check.isPlaceholderData,
    fault: check.error ? faultOf(check.error) : undefined,
  };
}
