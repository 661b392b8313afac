// Changing what is known of a contact.
import { Button, Group, NativeSelect, Stack, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ContactFieldType, type ContactField } from "../../gen/onqueue/session/v1/contact_field_pb";
import type { Contact } from "../../gen/onqueue/session/v1/contact_pb";
import { faultOf } from "../../rpc/faults";
import { useDesk } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useAction, type Action } from "../use-action";
import { useWords } from "../words";
import { changeOf, draftOf, type ContactDraft } from "./contact-draft";

interface ContactFormProps {
  contact: Contact;
  fields: readonly ContactField[];
  close(): void;
}

/** The form of a contact. */
export function ContactForm({ contact, fields, close }: ContactFormProps) {
  const words = useWords();
  const { clients } = useDesk();
  const queries = useQueryClient();
  const action = useAction();
  // What others change meanwhile is not this form's to put back.
  const [opened] = useState(contact);
  const [draft, setDraft] = useState(() => draftOf(contact, fields));
  const change = (part: Partial<ContactDraft>) => setDraft({ ...draft, ...part });
  const key = ["contact", contact.contactId];
  const save = () =>
    action.run(async () => {
      const asked = changeOf(opened, draft, fields, contact.etag);
      if (asked.updateMask.paths.length === 0) return close();
      try {
        const { contact: saved } = await clients.contacts.updateContact(asked);
        if (saved) queries.setQueryData(key, saved);
        close();
      } catch (error) {
        // What is written stays; saving again goes over what others changed meanwhile.
        if (faultOf(error).reason === "ETAG_MISMATCH") await queries.invalidateQueries({ queryKey: key });
        throw error;
      }
    });
  return (
    <Stack gap="sm" data-testid="contact-form">
      <TextInput
        label={words.t("contact.name")}
        maxLength={100}
        value={draft.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
        data-testid="contact-name"
      />
      <Lines label={words.t("contact.emails")} value={draft.emails} change={(emails) => change({ emails })} testId="contact-emails" />
      <Lines label={words.t("contact.phones")} value={draft.phones} change={(phones) => change({ phones })} testId="contact-phones" />
      <TextInput
        label={words.t("contact.language")}
        description={words.t("contact.languageHint")}
        value={draft.language}
        onChange={(event) => change({ language: event.currentTarget.value })}
        data-testid="contact-language"
      />
      {fields.map((field) => (
        <CustomField
          key={field.key}
          field={field}
          value={draft.fields[field.key] ?? ""}
          change={(value) => change({ fields: { ...draft.fields, [field.key]: value } })}
        />
      ))}
      <Textarea
        label={words.t("contact.notes")}
        autosize
        minRows={2}
        maxRows={8}
        maxLength={10_000}
        value={draft.notes}
        onChange={(event) => change({ notes: event.currentTarget.value })}
        data-testid="contact-notes"
      />
      <Ending action={action} save={save} close={close} />
    </Stack>
  );
}

function Ending({ action, save, close }: { action: Action; save(): void; close(): void }) {
  const words = useWords();
  return (
    <>
        <FaultAlert fault={action.fault} testId="contact-fault" />
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-testid="contact-cancel">
            {words.t("ask.cancel")}
          </Button>
          <Button onClick={save} loading={action.busy} data-testid="contact-save">
            {words.t("contact.save")}
          </Button>
        </Group>
    </>
  );
}

interface LinesProps {
  label: string;
  value: string;
  change(value: string): void;
  testId: string;
}

function Lines({ label, value, change, testId }: LinesProps) {
  const words = useWords();
  return (
    <Textarea
      label={label}
      description={words.t("contact.oneALine")}
      autosize
      minRows={1}
      maxRows={5}
      value={value}
      onChange={(event) => change(event.currentTarget.value)}
      data-testid={testId}
    />
  );
}

interface CustomFieldProps {
  field: ContactField;
  value: string;
  change(value: string): void;
}

const INPUTS: Partial<Record<ContactFieldType, string>> = {
  [ContactFieldType.NUMBER]: "number",
  [ContactFieldType.DATE]: "date",
};

function CustomField({ field: { key, name, type, choices }, value, change }: CustomFieldProps) {
  const words = useWords();
  const common = { label: name, value, "data-testid": `contact-field-${key}` };
  const options = choiceOptions(type, choices, words);
  if (options) {
    const data = [{ value: "", label: words.t("contact.noValue") }, ...options];
    return <NativeSelect {...common} data={data} onChange={(event) => change(event.currentTarget.value)} />;
  }
  const input = INPUTS[type] ?? "text";
  return <TextInput {...common} type={input} step="any" onChange={(event) => change(event.currentTarget.value)} />;
}

function choiceOptions(type: ContactFieldType, choices: readonly string[], words: ReturnType<typeof useWords>) {
  if (type === ContactFieldType.CHOICE) return choices.map((choice) => ({ value: choice, label: choice }));
  if (type !== ContactFieldType.BOOLEAN) return undefined;
  return [
    { value: "true", label: words.t("contact.yes") },
    { value: "false", label: words.t("contact.no") },
  ];
}
