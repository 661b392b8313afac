// What is known of a contact, and what can be done with it.
import { Button, Group, Loader, Stack, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import type { ContactField, ContactFieldValue } from "../../gen/onqueue/session/v1/contact_field_pb";
import type { Contact } from "../../gen/onqueue/session/v1/contact_pb";
import type { Erasure } from "../../gen/onqueue/session/v1/erasure_pb";
import { faultOf } from "../../rpc/faults";
import { useDesk, useMay } from "../desk-context";
import { Dialog } from "../dialog";
import { FaultAlert } from "../fault-alert";
import { useWords } from "../words";
import { EraseContact } from "../records/erase-contact";
import { ContactForm } from "./contact-form";
import { ContactHistory } from "./contact-history";
import { EarlierConversations } from "./earlier-conversations";
import { MergeContact } from "./merge-contact";
import { useContactFields } from "./use-contact-fields";

interface ContactCardProps {
  contactId: string;
  /** The conversation that it stands beside. */
  conversationId: string;
  erased(receipt: Erasure): void;
}

/** One contact. */
export function ContactCard({ contactId, conversationId, erased }: ContactCardProps) {
  const words = useWords();
  const contact = useContact(contactId);
  const fields = useContactFields();
  if (contact.isPending) return <Loader />;
  if (!contact.data) return <FaultAlert fault={faultOf(contact.error)} testId="contact-fault" />;
  return (
    <Stack gap="sm" data-testid="contact" data-contact={contact.data.contactId}>
      <Title order={3} size="h6" className="guest">
        {contact.data.name || words.t("contact.unnamed")}
      </Title>
      <Facts contact={contact.data} fields={fields} />
      <ContactActions contact={contact.data} fields={fields} erased={erased} />
      <EarlierConversations contactId={contact.data.contactId} except={conversationId} />
    </Stack>
  );
}

/** A contact as it was read last. */
export function useContact(contactId: string) {
  const { clients } = useDesk();
  return useQuery({
    queryKey: ["contact", contactId],
    queryFn: async ({ signal }) => (await clients.contacts.getContact({ contactId }, { signal })).contact ?? null,
  });
}

function Facts({ contact, fields }: { contact: Contact; fields: readonly ContactField[] }) {
  const words = useWords();
  const { emails, phones, language, externalIds, notes, consents } = contact;
  const facts = [
    [words.t("contact.emails"), emails.join("\n")],
    [words.t("contact.phones"), phones.join("\n")],
    [words.t("contact.language"), language && words.languageName(language)],
    [words.t("contact.externalIds"), externalIds.map(({ system, id }) => `${system}: ${id}`).join("\n")],
    ...fields.map(({ key, name }) => [name, valueText(contact.fields[key], words)]),
    [words.t("contact.consents"), consents.map(({ purpose, given }) => consentText(purpose, given, words)).join("\n")],
    [words.t("contact.notes"), notes],
  ];
  return (
    <dl className="facts stacked">
      {facts.map(
        ([name, value], index) =>
          value && (
            <div key={index}>
              <dt>{name}</dt>
              <dd className="pre">{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

interface ActionsProps {
  contact: Contact;
  fields: readonly ContactField[];
  erased(receipt: Erasure): void;
}

function ContactActions({ contact, fields, erased }: ActionsProps) {
  const words = useWords();
  const mayErase = useMay("recording:transcript:erase");
  const [erasing, erase] = useDisclosure(false);
  const mayEdit = useMay("externalContacts:contact:edit");
  const [editing, edit] = useDisclosure(false);
  const [merging, merge] = useDisclosure(false);
  const [looking, look] = useDisclosure(false);
  return (
    <Group gap={4}>
      {mayEdit && (
        <Button size="xs" variant="default" onClick={edit.open} data-testid="contact-edit">
          {words.t("contact.edit")}
        </Button>
      )}
      {mayEdit && (
        <Button size="xs" variant="default" onClick={merge.open} data-testid="contact-merge">
          {words.t("contact.merge")}
        </Button>
      )}
      <Button size="xs" variant="default" onClick={look.open} data-testid="contact-history">
        {words.t("contact.history")}
      </Button>
      {mayErase && (
        <Button size="xs" variant="outline" color="red.9" onClick={erase.open} data-testid="contact-erase">
          {words.t("erase.button")}
        </Button>
      )}
      <Dialog title={words.t("contact.edit")} opened={editing} close={edit.close}>
        <ContactForm contact={contact} fields={fields} close={edit.close} />
      </Dialog>
      <Dialog title={words.t("contact.mergeHeading")} opened={merging} close={merge.close}>
        <MergeContact contact={contact} close={merge.close} />
      </Dialog>
      <Dialog title={words.t("contact.history")} opened={looking} close={look.close} size="lg">
        <ContactHistory contactId={contact.contactId} fields={fields} />
      </Dialog>
      <Dialog title={words.t("erase.button")} opened={erasing} close={erase.close}>
        <EraseContact contact={contact} erased={erased} close={erase.close} />
      </Dialog>
    </Group>
  );
}

type Words = ReturnType<typeof useWords>;

function consentText(purpose: string, given: boolean, words: Words): string {
  return words.t(given ? "contact.consentGiven" : "contact.consentRefused", { purpose });
}

/** A field's value as people read it. */
export function valueText(value: ContactFieldValue | undefined, words: Words): string {
  const held = value?.value;
  if (held?.case === undefined) return "";
  switch (held.case) {
    case "boolean":
      return words.t(held.value ? "contact.yes" : "contact.no");
    case "number":
      return words.number(held.value);
    default:
      return held.value;
  }
}
