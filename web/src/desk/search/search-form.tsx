// What transcripts are searched for.
import { Button, Group, Select, Stack, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useDesk, useMay } from "../desk-context";
import { AgentChoice, QueueChoice, WrapUpChoice } from "../transfer/choices";
import { useWords } from "../words";
import { hasWordOrNothing, NOTHING_ASKED, type Asked } from "./asked";

const LONGEST_TEXT = 200;
const MOST_OPTIONS = 20;
const TYPING_MS = 150;

interface SearchFormProps {
  asked: Asked;
  ask(asked: Asked): void;
  busy: boolean;
}

/** The words, and what else has to hold. */
export function SearchForm({ asked, ask, busy }: SearchFormProps) {
  const words = useWords();
  const [draft, setDraft] = useState(asked);
  const [refused, setRefused] = useState<string>();
  const isRefused = refused !== undefined && refused === draft.text;
  const change = (part: Partial<Asked>) => setDraft({ ...draft, ...part });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (hasWordOrNothing(draft.text)) ask(draft);
    else setRefused(draft.text);
  };
  const clear = () => {
    setDraft(NOTHING_ASKED);
    ask(NOTHING_ASKED);
  };
  return (
    <form onSubmit={submit} role="search" aria-label={words.t("search.heading")} data-testid="search-form">
      <Stack gap="xs">
        <TextInput
          label={words.t("search.text")}
          description={words.t("search.textHint")}
          error={isRefused && words.t("search.noWord")}
          maxLength={LONGEST_TEXT}
          value={draft.text}
          onChange={(event) => change({ text: event.currentTarget.value })}
          data-testid="search-text"
        />
        <Filters draft={draft} change={change} />
        <Group gap="xs" grow>
          <TextInput
            type="date"
            label={words.t("search.from")}
            value={draft.from}
            max={draft.to || undefined}
            onChange={(event) => change({ from: event.currentTarget.value })}
            data-testid="search-from"
          />
          <TextInput
            type="date"
            label={words.t("search.to")}
            value={draft.to}
            min={draft.from || undefined}
            onChange={(event) => change({ to: event.currentTarget.value })}
            data-testid="search-to"
          />
        </Group>
        <Group gap="xs">
          <Button type="submit" loading={busy} data-testid="search-go">
            {words.t("search.go")}
          </Button>
          <Button variant="default" onClick={clear} data-testid="search-clear">
            {words.t("search.clear")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface FiltersProps {
  draft: Asked;
  change(part: Partial<Asked>): void;
}

function Filters({ draft, change }: FiltersProps) {
  const words = useWords();
  const any = words.t("search.any");
  const may = {
    contacts: useMay("externalContacts:contact:view"),
    queues: useMay("routing:queue:search"),
    agents: useMay("routing:queue:view"),
    codes: useMay("routing:wrapupCode:view"),
  };
  return (
    <>
      {may.contacts && <ContactChoice draft={draft} change={change} />}
      {may.queues && (
        <QueueChoice label={words.t("search.queue")} none={any} value={draft.queueId} choose={(queueId) => change({ queueId })} testId="search-queue" />
      )}
      {may.agents && (
        <AgentChoice
          label={words.t("search.agent")}
          none={any}
          onlyOnQueue={false}
          value={draft.userId}
          choose={(userId) => change({ userId })}
          testId="search-agent"
        />
      )}
      {may.codes && (
        <WrapUpChoice
          label={words.t("search.wrapUp")}
          none={any}
          value={draft.wrapUpCodeId}
          choose={(wrapUpCodeId) => change({ wrapUpCodeId })}
          testId="search-wrap-up"
        />
      )}
    </>
  );
}

function ContactChoice({ draft: { contactId, contactName }, change }: FiltersProps) {
  const words = useWords();
  const { clients } = useDesk();
  const [typed, setTyped] = useState("");
  const [text] = useDebouncedValue(typed === contactName ? "" : typed.trim(), TYPING_MS);
  const found = useQuery({
    queryKey: ["contacts-by-name", text, MOST_OPTIONS],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await clients.contacts.listContacts({ text, pageSize: MOST_OPTIONS }, { signal })).contacts,
  });
  const options = (found.data ?? []).map((contact) => ({
    value: contact.contactId,
    label: [contact.name || words.t("contact.unnamed"), contact.emails[0]].filter(Boolean).join(", "),
  }));
  const isKnown = contactId === "" || options.some(({ value }) => value === contactId);
  const shown = isKnown ? options : [...options, { value: contactId, label: contactName }];
  const choose = (id: string | null) =>
    change({ contactId: id ?? "", contactName: shown.find(({ value }) => value === id)?.label ?? "" });
  return (
    <Select
      label={words.t("search.contact")}
      data={shown}
      filter={({ options: all }) => all}
      searchable
      clearable={contactId !== ""}
      clearButtonProps={{ "aria-label": words.t("choice.clear") }}
      placeholder={words.t("search.any")}
      nothingFoundMessage={words.t(found.isFetching ? "choice.loading" : "choice.nothing")}
      value={contactId === "" ? null : contactId}
      onChange={choose}
      onSearchChange={setTyped}
      comboboxProps={{ transitionProps: { duration: 0 } }}
      data-testid="search-contact"
    />
  );
}
