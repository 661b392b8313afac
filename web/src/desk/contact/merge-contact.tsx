// Makes one contact of two, and two of one again.
import { Button, Group, Loader, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Contact } from "../../gen/onqueue/session/v1/contact_pb";
import { faultOf } from "../../rpc/faults";
import { useDesk } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useWords } from "../words";

const MOST_SHOWN = 10;
const TYPING_MS = 150;

interface MergeProps {
  /** Which stays. */
  contact: Contact;
  close(): void;
}

/** Finds the other one by name. */
export function MergeContact({ contact, close }: MergeProps) {
  const words = useWords();
  const { clients } = useDesk();
  const queries = useQueryClient();
  const action = useAction();
  const [typed, setTyped] = useState("");
  const [text] = useDebouncedValue(typed.trim(), TYPING_MS);
  const found = useQuery({
    queryKey: ["contacts-by-name", text],
    enabled: text !== "",
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await clients.contacts.listContacts({ text, pageSize: MOST_SHOWN }, { signal })).contacts,
  });
  const { contactId, etag } = contact;
  const takeOver = (merged: Contact | undefined) => {
    if (merged) queries.setQueryData(["contact", contactId], merged);
    void queries.invalidateQueries({ queryKey: ["contact-conversations", contactId] });
    close();
  };
  const merge = (other: Contact) =>
    action.run(async () => {
      const answer = await clients.contacts.mergeContacts({ contactId, etag, mergedContactId: other.contactId, mergedEtag: other.etag });
      takeOver(answer.contact);
    });
  const separate = (aliasId: string) =>
    action.run(async () => {
      await clients.contacts.separateContact({ contactId: aliasId, etag });
      await queries.invalidateQueries({ queryKey: ["contact", contactId] });
      takeOver(undefined);
    });
  const others = (text === "" ? [] : (found.data ?? [])).filter((other) => other.contactId !== contactId);
  return (
    <Stack gap="sm">
      <Text size="sm">{words.t("contact.mergeHint", { name: contact.name || words.t("contact.unnamed") })}</Text>
      <TextInput
        label={words.t("contact.find")}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        data-autofocus
        data-testid="merge-find"
      />
      {found.isFetching && <Loader size="sm" />}
      {found.error && <FaultAlert fault={faultOf(found.error)} />}
      {text !== "" && found.isSuccess && others.length === 0 && <Text size="sm">{words.t("choice.nothing")}</Text>}
      {others.map((other) => (
        <Other key={other.contactId} other={other} busy={action.busy} merge={() => merge(other)} />
      ))}
      {contact.aliasIds.map((aliasId, index) => (
        <Alias key={aliasId} aliasId={aliasId} number={index + 1} busy={action.busy} separate={() => separate(aliasId)} />
      ))}
      <FaultAlert fault={action.fault} testId="contact-fault" />
    </Stack>
  );
}

function Other({ other, busy, merge }: { other: Contact; busy: boolean; merge(): void }) {
  const words = useWords();
  return (
    <Group justify="space-between" wrap="nowrap" data-testid="merge-found" data-contact={other.contactId}>
      <Text size="sm" className="guest grow">
        {[other.name || words.t("contact.unnamed"), other.emails[0], other.phones[0]].filter(Boolean).join(", ")}
      </Text>
      <Button size="compact-sm" className="no-shrink" loading={busy} onClick={merge} data-testid="merge-yes">
        {words.t("contact.merge")}
      </Button>
    </Group>
  );
}

interface AliasProps {
  aliasId: string;
  number: number;
  busy: boolean;
  separate(): void;
}

function Alias({ aliasId, number, busy, separate }: AliasProps) {
  const words = useWords();
  return (
    <Group justify="space-between" wrap="nowrap" data-testid="alias" data-contact={aliasId}>
      <Text size="sm" className="grow">
        {words.t("contact.alias", { number })}
      </Text>
      <Button size="compact-sm" variant="default" loading={busy} onClick={separate} data-testid="separate">
        {words.t("contact.separate")}
      </Button>
    </Group>
  );
}
