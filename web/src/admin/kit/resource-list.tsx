// A list of one kind of object: searching, narrowing, page after page, and what to say when there is nothing.
import { Button, Group, Loader, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { FaultAlert } from "../../desk/fault-alert";
import { faultOf } from "../../rpc/faults";
import { useHolds } from "../context";
import { useAdminWords, type AdminKey } from "../words";
import { PageTitle } from "./page-title";
import { EVERYTHING, type ListFilter, type Resource } from "./resource";
import { NEW, newKey } from "./resource-page";

const PAGE_SIZE = 50;
const TYPING_MS = 200;

/** A column after the name. */
export interface Column<T> {
  key: AdminKey;
  cell(item: T): ReactNode;
  /** Left out in narrow windows. */
  isExtra?: boolean;
}

/** Changes what the list is narrowed to. */
export type Narrow = (part: Partial<ListFilter>) => void;

interface ListProps<T extends object> {
  section: string;
  titleKey: AdminKey;
  resource: Resource<T>;
  columns: readonly Column<T>[];
  /** Inputs beside the search. */
  filters?(filter: ListFilter, narrow: Narrow): ReactNode;
  /** What may be done with all of them. */
  actions?: ReactNode;
}

/** The list of a section. */
export function ResourceList<T extends object>({ section, titleKey, resource, columns, filters, actions }: ListProps<T>) {
  const words = useAdminWords();
  const holds = useHolds();
  const [filter, narrow] = useFilter(section);
  const list = useList(resource, filter);
  return (
    <>
      <PageTitle title={words.t(titleKey)}>
        {actions}
        {holds(resource.needs.add) && (
          <Button
            size="xs"
            data-testid="create"
            renderRoot={(props) => <Link to="/administration/$section/$id" params={{ section, id: NEW }} {...props} />}
          >
            {words.t(newKey(resource.kind))}
          </Button>
        )}
      </PageTitle>
      <Group component="search" gap="sm" mb="md" align="flex-end">
        {resource.isSearchable !== false && <SearchBox initial={filter.text} changed={(text) => narrow({ text })} />}
        {filters?.(filter, narrow)}
      </Group>
      <Items section={section} resource={resource} columns={columns} list={list} isNarrowed={isNarrowed(filter)} />
    </>
  );
}

function SearchBox({ initial, changed }: { initial: string; changed(text: string): void }) {
  const words = useAdminWords();
  const [text, setText] = useState(initial);
  return (
    <TextInput
      className="search-box"
      type="search"
      label={words.t("list.search")}
      value={text}
      maxLength={200}
      onChange={(event) => {
        setText(event.currentTarget.value);
        changed(event.currentTarget.value);
      }}
      data-testid="list-search"
    />
  );
}

type List<T extends object> = ReturnType<typeof useList<T>>;

interface ItemsProps<T extends object> {
  section: string;
  resource: Resource<T>;
  columns: readonly Column<T>[];
  list: List<T>;
  isNarrowed: boolean;
}

function Items<T extends object>({ section, resource, columns, list, isNarrowed }: ItemsProps<T>) {
  const words = useAdminWords();
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (list.isPending) return <Loader m="md" aria-label={words.t("loading")} data-testid="list-loading" />;
  return (
    <>
      {list.isError && (
        <Group mb="sm">
          <FaultAlert fault={faultOf(list.error)} testId="list-fault" />
          <Button variant="default" size="xs" onClick={() => void list.refetch()} data-testid="list-retry">
            {words.t("tryAgain")}
          </Button>
        </Group>
      )}
      {items.length > 0 && <Rows section={section} resource={resource} columns={columns} items={items} />}
      <Group mt="sm" gap="sm">
        {list.hasNextPage && (
          <Button
            variant="default"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
            data-testid="list-more"
          >
            {words.t("list.more")}
          </Button>
        )}
        <Text size="sm" c="dimmed" role="status" data-testid="list-status">
          {list.isSuccess && statusText(items.length, list.hasNextPage, isNarrowed, words)}
        </Text>
      </Group>
    </>
  );
}

function statusText(count: number, hasMore: boolean, isNarrowed: boolean, words: ReturnType<typeof useAdminWords>): string {
  if (count === 0) return words.t(isNarrowed ? "list.nothingFits" : "list.empty");
  return words.count(hasMore ? "list.shown" : "list.all", count);
}

interface RowsProps<T extends object> {
  section: string;
  resource: Resource<T>;
  columns: readonly Column<T>[];
  items: T[];
}

function Rows<T extends object>({ section, resource, columns, items }: RowsProps<T>) {
  const words = useAdminWords();
  const extra = (column: Column<T>) => (column.isExtra ? "wide-only" : "");
  return (
    <Table className="list" highlightOnHover verticalSpacing="xs">
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{words.t("field.name")}</Table.Th>
          {columns.map((column) => (
            <Table.Th key={column.key} scope="col" className={extra(column)}>
              {words.t(column.key)}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((item) => (
          <Table.Tr key={resource.id(item)} data-testid="list-row" data-id={resource.id(item)}>
            <Table.Th scope="row">
              <Link to="/administration/$section/$id" params={{ section, id: resource.id(item) }} className="row-link">
                {resource.name(item)}
              </Link>
            </Table.Th>
            {columns.map((column) => (
              <Table.Td key={column.key} className={extra(column)}>
                {column.cell(item)}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** What the list is narrowed to is part of the address. */
function useFilter(section: string): [ListFilter, Narrow] {
  const search = useSearch({ from: "/administration/$section" });
  const navigate = useNavigate();
  const filter = { ...EVERYTHING, ...search };
  const narrow: Narrow = (part) => {
    const next = Object.entries({ ...filter, ...part }).filter(([, value]) => value !== "");
    void navigate({ to: "/administration/$section", params: { section }, search: Object.fromEntries(next), replace: true });
  };
  return [filter, narrow];
}

function useList<T extends object>(resource: Resource<T>, filter: ListFilter) {
  const [text] = useDebouncedValue(filter.text.trim(), TYPING_MS);
  const asked = { ...filter, text };
  return useInfiniteQuery({
    queryKey: [resource.kind, "list", asked],
    initialPageParam: "",
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) => resource.list(asked, { pageSize: PAGE_SIZE, pageToken: pageParam }, { signal }),
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
}

function isNarrowed(filter: ListFilter): boolean {
  return Object.values(filter).some((value) => value !== "");
}
