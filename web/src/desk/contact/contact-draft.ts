// A contact as its form holds it, and what of it has changed.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { ContactFieldType, type ContactField, type ContactFieldValue, type ContactFieldValueSchema } from "../../gen/onqueue/session/v1/contact_field_pb";
import type { Contact, ContactSchema } from "../../gen/onqueue/session/v1/contact_pb";

/** What a form shows: lists as lines, values as texts. */
export interface ContactDraft {
  name: string;
  emails: string;
  phones: string;
  language: string;
  notes: string;
  /** By key. */
  fields: Record<string, string>;
}

/** The draft of a contact. */
export function draftOf({ name, emails, phones, language, notes, fields }: Contact, known: readonly ContactField[]): ContactDraft {
  const values = known.map(({ key }) => [key, textOf(fields[key])] as const);
  return { name, emails: emails.join("\n"), phones: phones.join("\n"), language, notes, fields: Object.fromEntries(values) };
}

/** What is sent of a draft: the fields that differ from the contact as it was, and their names. `etag` is of the contact as it is. */
export function changeOf(contact: Contact, draft: ContactDraft, known: readonly ContactField[], etag: string) {
  const before = draftOf(contact, known);
  const plain = (["name", "emails", "phones", "language", "notes"] as const).filter((field) => draft[field] !== before[field]);
  const custom = known.filter(({ key }) => (draft.fields[key] ?? "") !== (before.fields[key] ?? ""));
  const values = custom.flatMap(({ key, type }) => {
    const value = valueOf(draft.fields[key] ?? "", type);
    return value ? [[key, { value }] as const] : [];
  });
  const changed: MessageInitShape<typeof ContactSchema> = {
    contactId: contact.contactId,
    etag,
    name: draft.name.trim(),
    emails: linesOf(draft.emails),
    phones: linesOf(draft.phones),
    language: draft.language.trim(),
    notes: draft.notes,
    fields: Object.fromEntries(values),
  };
  return { contact: changed, updateMask: { paths: [...plain, ...custom.map(({ key }) => `fields.${key}`)] } };
}

function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

function textOf(value: ContactFieldValue | undefined): string {
  return value?.value.case === undefined ? "" : String(value.value.value);
}

/** A value of a type; nothing for an empty text, which takes the value away. */
function valueOf(text: string, type: ContactFieldType): MessageInitShape<typeof ContactFieldValueSchema>["value"] {
  const value = text.trim();
  if (value === "") return undefined;
  switch (type) {
    case ContactFieldType.NUMBER:
      return { case: "number", value: Number(value.replace(",", ".")) };
    case ContactFieldType.BOOLEAN:
      return { case: "boolean", value: value === "true" };
    case ContactFieldType.DATE:
      return { case: "date", value };
    case ContactFieldType.CHOICE:
      return { case: "choice", value };
    default:
      return { case: "text", value };
  }
}
