// Finding a response while typing: what is found, which one is chosen, and filling it in.
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState, type KeyboardEvent } from "react";
import type { Fault } from "../../core/fault";
import type { FoundResponse } from "../../gen/onqueue/content/v1/response_pb";
import { faultOf } from "../../rpc/faults";
import { useDesk, useMay } from "../desk-context";
import { missingNames, triggerAt, type Place, type Trigger } from "./trigger";

const TYPING_MS = 60;
const MOST_FOUND = 6;

/** A response that cannot be filled in yet. */
export interface Incomplete {
  found: FoundResponse;
  names: string[];
  values: Record<string, string>;
}

/** What the finder needs. */
export interface FinderPorts {
  conversationId: string;
  language: string;
  text: string;
  caret: number;
  /** Puts a rendered response into the text. */
  insert(trigger: Trigger, rendered: string, responseId: string): void;
}

/** What the finder shows. */
export interface Finder {
  isOpen: boolean;
  isSearching: boolean;
  found: FoundResponse[];
  active: number;
  fault: Fault | undefined;
  incomplete: Incomplete | undefined;
  isRendering: boolean;
  /** Takes a key; whether it was meant for the finder. */
  takeKey(event: KeyboardEvent): boolean;
  choose(index: number): void;
  /** Fills in what was missing. */
  complete(values: Record<string, string>): void;
  giveUp(): void;
  /** Looks for nothing that a response brought into the text: a customer may be called “/hi”. */
  leave(place: Place): void;
}

/** The finder of a text box. */
export function useFinder({ conversationId, language, text, caret, insert }: FinderPorts): Finder {
  const mayFind = useMay("responses:response:view");
  const [left, setLeft] = useState<number>();
  const [active, setActive] = useState(0);
  const [isWanted, setWanted] = useState(false);
  const trigger = mayFind ? triggerAt(text, caret) : undefined;
  const search = useSearch(conversationId, trigger, language);
  const rendering = useRendering(conversationId, insert);
  // Several words that find nothing are words for the customer.
  const isPlainText = search.isCurrent && search.found.length === 0 && /\s/.test(trigger?.text ?? "");
  const isOpen = trigger !== undefined && trigger.start !== left && !isPlainText;
  const shown = Math.min(active, Math.max(search.found.length - 1, 0));
  const choose = (index: number) => {
    const found = search.found[index];
    if (found && trigger && !rendering.isRendering) rendering.render(trigger, found, {});
  };

  useEffect(() => {
    setActive(0);
    setWanted(false);
    rendering.forget();
  }, [trigger?.start, trigger?.text]);
  useEffect(() => {
    if (trigger?.start !== left) setLeft(undefined);
  }, [trigger?.start, left]);
  useEffect(() => {
    if (!isWanted || !search.isCurrent) return;
    setWanted(false);
    choose(shown);
  });

  const takeKey = (event: KeyboardEvent): boolean => {
    if (!isOpen || event.nativeEvent.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && search.found.length > 0) setActive((shown + step + search.found.length) % search.found.length);
    else if (event.key === "Escape") setLeft(trigger.start);
    else if (isChoice(event, search.found.length > 0 || !search.isCurrent)) setWanted(true);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return {
    isOpen,
    isSearching: !search.isCurrent && !search.fault,
    found: search.found,
    active: shown,
    fault: rendering.fault ?? search.fault,
    incomplete: rendering.incomplete,
    isRendering: rendering.isRendering,
    takeKey,
    choose,
    complete: rendering.complete,
    giveUp: rendering.giveUp,
    leave: (place) => setLeft(triggerAt(place.text, place.caret)?.start),
  };
}

/** Fills in a response, asking for what is missing. */
function useRendering(conversationId: string, insert: FinderPorts["insert"]) {
  const { clients } = useDesk();
  const [fault, setFault] = useState<Fault>();
  const [incomplete, setIncomplete] = useState<Incomplete & { trigger: Trigger }>();
  const [isRendering, setRendering] = useState(false);
  const attempt = async (trigger: Trigger, found: FoundResponse, values: Record<string, string>) => {
    const responseId = found.response?.responseId ?? "";
    const asked = { responseId, language: found.language, conversationId, values };
    try {
      const { text } = await clients.responses.renderResponse(asked);
      setIncomplete(undefined);
      insert(trigger, text, responseId);
    } catch (error) {
      const refused = faultOf(error);
      if (refused.reason !== "VARIABLE_MISSING") return setFault(refused);
      setIncomplete({ trigger, found, names: missingNames(refused.metadata), values });
    }
  };
  const render = (trigger: Trigger, found: FoundResponse, values: Record<string, string>) => {
    setRendering(true);
    setFault(undefined);
    void attempt(trigger, found, values).finally(() => setRendering(false));
  };
  return {
    fault,
    incomplete,
    isRendering,
    render,
    complete: (values: Record<string, string>) =>
      incomplete && render(incomplete.trigger, incomplete.found, { ...incomplete.values, ...values }),
    giveUp: () => setIncomplete(undefined),
    forget: () => setFault(undefined),
  };
}

/** Enter never sends while something is looked for; Tab moves on when there is nothing to choose. */
function isChoice({ key, shiftKey }: KeyboardEvent, mayChoose: boolean): boolean {
  return !shiftKey && (key === "Enter" || (key === "Tab" && mayChoose));
}

function useSearch(conversationId: string, trigger: Trigger | undefined, language: string) {
  const { clients } = useDesk();
  const typed = trigger?.text.trim() ?? "";
  const [text] = useDebouncedValue(typed, TYPING_MS);
  const search = useQuery({
    queryKey: ["responses", "search", conversationId, language, text],
    enabled: trigger !== undefined,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    queryFn: ({ signal }) => clients.responses.searchResponses({ text, language, conversationId, limit: MOST_FOUND }, { signal }),
  });
  return {
    found: search.data?.responses ?? [],
    // What was found for an earlier text is shown but not chosen from.
    isCurrent: text === typed && search.isSuccess && !search.isPlaceholderData,
    fault: search.isError ? faultOf(search.error) : undefined,
  };
}
