// With whom a conversation is: the contact beside the chat, or who it may be.
import { Button, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Erasure } from "../../gen/onqueue/session/v1/erasure_pb";
import type { ContactSuggestion, GivenId } from "../../gen/onqueue/session/v1/contact_pb";
import { faultOf } from "../../rpc/faults";
import { useHead, useHeadChanged } from "../conversation-head";
import { useDesk, useMay } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useWords } from "../words";
import { ErasureReceipt } from "../records/erase-contact";
import { ContactCard } from "./contact-card";

/** The contact of a conversation. */
export function ContactPanel({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const head = useHead(conversationId);
  const mayEdit = useMay("externalContacts:contact:edit");
  const [isChanging, setChanging] = useState(false);
  const [receipt, setReceipt] = useState<Erasure>();
  const contactId = head.data?.contactId ?? "";
  if (isNotOpen(head.error) && !receipt) return <NotOpen />;
  return (
    <Stack component="section" gap="sm" aria-label={words.t("contact.heading")} data-testid="contact-panel" data-contact={contactId}>
      {head.isPending && <Loader />}
      {head.error && <FaultAlert fault={faultOf(head.error)} />}
      {receipt && <ErasureReceipt first={receipt} />}
      {!receipt && contactId !== "" && (
        <ContactCard key={contactId} contactId={contactId} conversationId={conversationId} erased={setReceipt} />
      )}
      {!receipt && contactId !== "" && mayEdit && (
        <Button size="compact-xs" variant="subtle" onClick={() => setChanging(!isChanging)} aria-expanded={isChanging} data-testid="contact-other">
          {words.t("contact.other")}
        </Button>
      )}
      {!receipt && head.data && (contactId === "" || isChanging) && (
        <Suggestions conversationId={conversationId} formerContactId={contactId} done={() => setChanging(false)} />
      )}
    </Stack>
  );
}

/** Whether the conversation is not open to the user, or no longer. */
function isNotOpen(error: unknown): boolean {
  return Boolean(error) && faultOf(error).reason === "CONVERSATION_NOT_FOUND";
}

/** Nobody has asked for anything, so that it is no fault. */
function NotOpen() {
  const words = useWords();
  return (
    <Text size="sm" c="dimmed" role="status" data-testid="contact-not-open">
      {words.t("contact.notOpen")}
    </Text>
  );
}

interface SuggestionsProps {
  conversationId: string;
  formerContactId: string;
  done(): void;
}

function Suggestions({ conversationId, formerContactId, done }: SuggestionsProps) {
  const words = useWords();
  const { clients } = useDesk();
  const queries = useQueryClient();
  const changed = useHeadChanged(conversationId);
  const mayEdit = useMay("externalContacts:contact:edit");
  const action = useAction();
  const found = useQuery({
    queryKey: ["contact-suggestions", conversationId],
    queryFn: ({ signal }) => clients.contacts.listContactSuggestions({ conversationId }, { signal }),
  });
  const confirm = (contactId: string) =>
    action.run(async () => {
      const { conversation, contact } = await clients.contacts.confirmContact({ conversationId, contactId, formerContactId });
      if (contact) queries.setQueryData(["contact", contact.contactId], contact);
      await changed(conversation);
      done();
    });
  if (isNotOpen(found.error)) return <NotOpen />;
  const suggestions = (found.data?.suggestions ?? []).filter(({ contact }) => contact?.contactId !== formerContactId);
  return (
    <Stack gap="xs" data-testid="contact-suggestions">
      <Title order={3} size="h6">
        {words.t("contact.unknown")}
      </Title>
      {found.error && <FaultAlert fault={faultOf(found.error)} />}
      <Given given={found.data?.given ?? []} />
      {found.isSuccess && suggestions.length === 0 && <Text size="sm">{words.t("contact.noSuggestion")}</Text>}
      {suggestions.map((suggestion) => (
        <Suggestion
          key={suggestion.contact?.contactId}
          suggestion={suggestion}
          busy={action.busy}
          confirm={mayEdit ? confirm : undefined}
        />
      ))}
      {mayEdit && (
        <Button size="xs" variant="default" loading={action.busy} onClick={() => confirm("")} data-testid="contact-new">
          {words.t("contact.new")}
        </Button>
      )}
      <FaultAlert fault={action.fault} testId="contact-fault" />
    </Stack>
  );
}

function Given({ given }: { given: readonly GivenId[] }) {
  const words = useWords();
  if (given.length === 0) return null;
  return (
    <Text size="sm" className="guest">
      {words.t("contact.given", { values: given.map(({ value }) => value).join(", ") })}
    </Text>
  );
}

interface SuggestionProps {
  suggestion: ContactSuggestion;
  busy: boolean;
  confirm: ((contactId: string) => void) | undefined;
}

function Suggestion({ suggestion: { contact, matched }, busy, confirm }: SuggestionProps) {
  const words = useWords();
  if (!contact) return null;
  const name = contact.name || words.t("contact.unnamed");
  return (
    <Group gap="xs" wrap="nowrap" justify="space-between" data-testid="contact-suggestion" data-contact={contact.contactId}>
      <Text size="sm" className="guest grow">
        <strong>{name}</strong>
        {matched.length > 0 && ` – ${words.t("contact.matched", { values: matched.map(({ value }) => value).join(", ") })}`}
      </Text>
      {confirm && (
        <Button
          size="compact-sm"
          className="no-shrink"
          loading={busy}
          onClick={() => confirm(contact.contactId)}
          aria-label={words.t("contact.confirmNamed", { name })}
          data-testid="contact-confirm"
        >
          {words.t("contact.confirm")}
        </Button>
      )}
    </Group>
  );
}
