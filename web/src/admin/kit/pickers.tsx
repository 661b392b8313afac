// Choosing objects of a kind by typing the beginning of their names.
import { MultiSelect, Select, type ComboboxItem } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useHolds } from "../context";
import { useAdminWords } from "../words";
import { EVERYTHING, type Resource } from "./resource";

const MOST_OPTIONS = 20;
const TYPING_MS = 150;

interface PickOneProps<T extends object> {
  resource: Resource<T>;
  label: string;
  value: string;
  onChange(id: string): void;
  error?: string | undefined;
  disabled?: boolean;
  /** What choosing nothing means; without it something has to be chosen. */
  none?: string;
  "data-testid"?: string;
}

/** Chooses one. */
export function PickOne<T extends object>({ resource, value, onChange, none, ...input }: PickOneProps<T>) {
  const words = useAdminWords();
  const [typed, setTyped] = useState("");
  const options = useOptions(resource, typed, value === "" ? [] : [value]);
  return (
    <Select
      {...input}
      data={options.items}
      filter={({ options: all }) => all}
      searchable
      clearable={none !== undefined && value !== ""}
      clearButtonProps={{ "aria-label": words.t("clear") }}
      placeholder={none ?? words.t("choose")}
      nothingFoundMessage={options.isSettled ? words.t("list.nothingFits") : words.t("loading")}
      value={value === "" ? null : value}
      onChange={(chosen) => onChange(chosen ?? "")}
      onSearchChange={setTyped}
      comboboxProps={{ transitionProps: { duration: 0 } }}
    />
  );
}

interface PickManyProps<T extends object> {
  resource: Resource<T>;
  label: string;
  value: readonly string[];
  onChange(ids: string[]): void;
  error?: string | undefined;
  disabled?: boolean;
  "data-testid"?: string;
}

/** Chooses several. */
export function PickMany<T extends object>({ resource, value, onChange, ...input }: PickManyProps<T>) {
  const words = useAdminWords();
  const [typed, setTyped] = useState("");
  const options = useOptions(resource, typed, value);
  return (
    <MultiSelect
      {...input}
      data={options.items}
      filter={({ options: all }) => all}
      searchable
      hidePickedOptions
      placeholder={value.length === 0 ? words.t("choose") : ""}
      nothingFoundMessage={options.isSettled ? words.t("list.nothingFits") : words.t("loading")}
      value={[...value]}
      onChange={onChange}
      onSearchChange={setTyped}
      comboboxProps={{ transitionProps: { duration: 0 } }}
    />
  );
}

/** The name of an object by its id; its id while the name is not known. */
export function Name<T extends object>({ resource, id }: { resource: Resource<T>; id: string }) {
  const [name] = useNames(resource, id === "" ? [] : [id]);
  return <>{name?.label ?? ""}</>;
}

/** Objects whose names begin with the text, and the chosen ones. */
function useOptions<T extends object>(resource: Resource<T>, typed: string, chosen: readonly string[]) {
  const names = useNames(resource, chosen);
  const isChosen = names.some(({ label }) => label === typed);
  const [text] = useDebouncedValue(isChosen ? "" : typed.trim(), TYPING_MS);
  const found = useQuery({
    queryKey: [resource.kind, "list", "options", text],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => resource.list({ ...EVERYTHING, text }, { pageSize: MOST_OPTIONS, pageToken: "" }, { signal }),
  });
  const items = (found.data?.items ?? []).map((item) => ({ value: resource.id(item), label: resource.name(item) }));
  const others = names.filter(({ value }) => items.every((item) => item.value !== value));
  return { items: [...items, ...others], isSettled: !found.isFetching };
}

function useNames<T extends object>(resource: Resource<T>, ids: readonly string[]): ComboboxItem[] {
  const holds = useHolds();
  const mayView = holds(resource.needs.view);
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: [resource.kind, "name", id],
      queryFn: async () => resource.name(await resource.get(id)),
      enabled: mayView,
      staleTime: 60_000,
    })),
    combine: (answers) => answers.map(({ data }, index) => ({ value: ids[index] ?? "", label: data ?? ids[index] ?? "" })),
  });
}
