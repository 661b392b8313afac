// What was changed of a contact, by whom and when.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Button, Loader, Stack, Table, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { ContactField } from "../../gen/onqueue/session/v1/contact_field_pb";
import { ContactOrigin, type ContactChange } from "../../gen/onqueue/session/v1/contact_pb";
import type { DeskKey } from "../catalogues";
import { faultOf } from "../../rpc/faults";
import { useDesk } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useWords } from "../words";
import { changeText } from "./change-text";
import { useActorName } from "./use-actor-name";

const PAGE_SIZE = 20;

const ORIGINS: Record<ContactOrigin, DeskKey> = {
  [ContactOrigin.UNSPECIFIED]: "contact.byApi",
  [ContactOrigin.AGENT]: "contact.byAgent",
  [ContactOrigin.SCRIPT]: "contact.byScript",
  [ContactOrigin.API]: "contact.byApi",
  [ContactOrigin.ASSERTION]: "contact.byAssertion",
  [ContactOrigin.MERGE]: "contact.byMerge",
};

const NAMES: Record<string, DeskKey> = {
  name: "contact.name",
  emails: "contact.emails",
  phones: "contact.phones",
  language: "contact.language",
  notes: "contact.notes",
  external_ids: "contact.externalIds",
  consents: "contact.consents",
  merged: "contact.wasMerged",
  separated: "contact.wasSeparated",
};

/** The changes, the newest first. */
export function ContactHistory({ contactId, fields }: { contactId: string; fields: readonly ContactField[] }) {
  const words = useWords();
  const { clients } = useDesk();
  const list = useInfiniteQuery({
    queryKey: ["contact-changes", contactId],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      clients.contacts.listContactChanges({ contactId, pageSize: PAGE_SIZE, pageToken: pageParam }, { signal }),
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
  if (list.isPending) return <Loader />;
  const changes = list.data?.pages.flatMap((page) => page.changes) ?? [];
  return (
    <Stack gap="sm">
      {list.error && <FaultAlert fault={faultOf(list.error)} />}
      {list.isSuccess && changes.length === 0 && <Text size="sm">{words.t("contact.noHistory")}</Text>}
      {changes.length > 0 && <Changes changes={changes} fields={fields} />}
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} data-testid="history-more">
          {words.t("supervisor.more")}
        </Button>
      )}
    </Stack>
  );
}

function Changes({ changes, fields }: { changes: readonly ContactChange[]; fields: readonly ContactField[] }) {
  const words = useWords();
  const actorName = useActorName(changes.map(({ actor }) => actor));
  const nameOf = (field: string) => {
    const key = NAMES[field];
    if (key) return words.t(key);
    return fields.find((each) => `fields.${each.key}` === field)?.name ?? field;
  };
  const by = ({ actor, origin, script }: ContactChange) => {
    const name = actorName(actor);
    const through = script && words.t("contact.byThisScript", { name: script.scriptName, version: script.version });
    if (!name || (origin !== ContactOrigin.AGENT && !through)) return through ?? words.t(ORIGINS[origin]);
    return [name, through].filter(Boolean).join(", ");
  };
  return (
    <Table layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{words.t("contact.when")}</Table.Th>
          <Table.Th>{words.t("contact.what")}</Table.Th>
          <Table.Th>{words.t("contact.before")}</Table.Th>
          <Table.Th>{words.t("contact.after")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {changes.map((change) => {
          const { number, at, field, oldValue, newValue } = change;
          return (
            <Table.Tr key={String(number)} data-testid="contact-change" data-field={field}>
              <Table.Td className="guest">
                {at && words.dateTime(timestampMs(at))} ({by(change)})
              </Table.Td>
              <Table.Td>{nameOf(field)}</Table.Td>
              <Table.Td className="guest pre">{changeText(field, oldValue, fields, words)}</Table.Td>
              <Table.Td className="guest pre">{changeText(field, newValue, fields, words)}</Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}
