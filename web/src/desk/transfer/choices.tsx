// Choosing a queue, an agent or a wrap-up code by name.
import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { AgentState, type Agent } from "../../gen/onqueue/routing/v1/agent_pb";
import { byName } from "../../i18n/collation";
import { allPages } from "../../rpc/pages";
import type { DeskClients } from "../clients";
import { useDesk } from "../desk-context";
import { useWords } from "../words";

const MOST_OPTIONS = 20;
const TYPING_MS = 150;

interface ChoiceProps {
  label: string;
  value: string;
  choose(id: string): void;
  testId: string;
  /** What choosing nothing means; without it something has to be chosen. */
  none?: string;
}

/** Chooses a queue by the beginning of a word of its name; `valueName` is what one is called that is chosen from the start. */
export function QueueChoice({ valueName = "", ...props }: ChoiceProps & { valueName?: string | undefined }) {
  const { clients } = useDesk();
  const [typed, setTyped] = useState(valueName);
  const [chosenName, setChosenName] = useState(valueName);
  const [text] = useDebouncedValue(typed === chosenName ? "" : typed.trim(), TYPING_MS);
  const found = useQuery({
    queryKey: ["queues-by-name", text],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await clients.queues.searchQueues({ text, pageSize: MOST_OPTIONS }, { signal })).queues,
  });
  const options = (found.data ?? []).map(({ queueId, name }) => ({ value: queueId, label: name }));
  const isKnown = props.value === "" || options.some(({ value }) => value === props.value);
  const shown = isKnown ? options : [...options, { value: props.value, label: chosenName }];
  const choose = (id: string) => {
    setChosenName(shown.find(({ value }) => value === id)?.label ?? "");
    props.choose(id);
  };
  return <Choice {...props} choose={choose} options={shown} isLoading={found.isFetching} search={setTyped} />;
}

/** Chooses an agent, of whom it says whether they are on queue. */
export function AgentChoice({ onlyOnQueue = true, ...props }: ChoiceProps & { onlyOnQueue?: boolean }) {
  const words = useWords();
  const { clients, me } = useDesk();
  const agents = useQuery({ queryKey: ["agents"], staleTime: 5_000, queryFn: () => readAgents(clients) });
  const others = (agents.data ?? []).filter(({ userId }) => !onlyOnQueue || userId !== me.userId);
  const options = byName(others, ({ name }) => name, words.locale).map((agent) => ({
    value: agent.userId,
    label: onlyOnQueue ? words.t(isThere(agent) ? "transfer.agentHere" : "transfer.agentAway", facts(agent)) : agent.name,
    disabled: onlyOnQueue && !isThere(agent),
  }));
  return <Choice {...props} options={options} isLoading={agents.isFetching} />;
}

/** Chooses a wrap-up code. */
export function WrapUpChoice(props: ChoiceProps) {
  const { clients } = useDesk();
  const codes = useQuery({
    queryKey: ["wrap-up-codes", "all"],
    queryFn: () =>
      allPages(async (pageToken) => {
        const { wrapUpCodes, nextPageToken } = await clients.wrapUpCodes.listWrapUpCodes({ pageToken, pageSize: 200 });
        return { items: wrapUpCodes, nextPageToken };
      }),
  });
  const options = (codes.data ?? []).map(({ wrapUpCodeId, name }) => ({ value: wrapUpCodeId, label: name }));
  return <Choice {...props} options={options} isLoading={codes.isFetching} />;
}

interface DrawnChoiceProps extends ChoiceProps {
  options: { value: string; label: string; disabled?: boolean }[];
  isLoading: boolean;
  /** Told what is typed, where the server finds what fits. */
  search?(typed: string): void;
}

function Choice({ label, value, choose, testId, none, options, isLoading, search }: DrawnChoiceProps) {
  const words = useWords();
  return (
    <Select
      label={label}
      data={options}
      {...(search ? { onSearchChange: search, filter: ({ options: all }) => all } : {})}
      searchable
      clearable={none !== undefined && value !== ""}
      clearButtonProps={{ "aria-label": words.t("choice.clear") }}
      placeholder={none ?? words.t("choice.choose")}
      nothingFoundMessage={words.t(isLoading ? "choice.loading" : "choice.nothing")}
      value={value === "" ? null : value}
      onChange={(chosen) => choose(chosen ?? "")}
      comboboxProps={{ transitionProps: { duration: 0 } }}
      data-testid={testId}
    />
  );
}

function readAgents({ agents }: DeskClients): Promise<Agent[]> {
  return allPages(async (pageToken) => {
    const page = await agents.listAgents({ pageToken, pageSize: 200 });
    return { items: page.agents, nextPageToken: page.nextPageToken };
  });
}

function isThere({ state }: Agent): boolean {
  return state === AgentState.IDLE || state === AgentState.INTERACTING || state === AgentState.COMMUNICATING;
}

function facts({ name, activeChats, maximumChats }: Agent) {
  return { name, active: activeChats, maximum: maximumChats };
}
