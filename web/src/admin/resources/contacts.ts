// What is kept of contacts.
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ContactFieldSchema, ContactFieldType, type ContactField } from "../../gen/onqueue/session/v1/contact_field_pb";
import type { AdminClients } from "../clients";
import { all, characters, each, items, type Rule } from "../kit/bounds";
import { needsOf, present, type Resource } from "../kit/resource";

const MOST_CHOICES = 100;

const key: Rule<string> = (value) => (/^[a-z0-9_]{1,50}$/.test(value) ? undefined : { key: "violation.fieldKey" });

const once: Rule<readonly string[]> = (values) => (new Set(values).size < values.length ? { key: "violation.twice" } : undefined);

/** The fields of contacts. There are few, so all are read at once. */
export function contactFieldResource({ contactFields }: AdminClients): Resource<ContactField> {
  const listAll = async () => (await contactFields.listContactFields({})).contactFields;
  return {
    kind: "contactField",
    needs: needsOf("externalContacts:customField"),
    isSearchable: false,
    fields: ["name", "key", "type", "choices"],
    rules: { name: characters(1, 100), key, choices: all(items(0, MOST_CHOICES), each(characters(1, 100)), once) },
    blank: () => create(ContactFieldSchema, { type: ContactFieldType.TEXT }),
    id: ({ contactFieldId }) => contactFieldId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async () => ({ items: await listAll(), nextPageToken: "" }),
    get: async (id) => {
      const field = (await listAll()).find(({ contactFieldId }) => contactFieldId === id);
      if (!field) throw new ConnectError(id, Code.NotFound);
      return field;
    },
    create: async (requestId, contactField) => present((await contactFields.createContactField({ requestId, contactField })).contactField),
    update: async (contactField, paths) =>
      present((await contactFields.updateContactField({ contactField, updateMask: { paths } })).contactField),
    remove: (contactFieldId, etag) => contactFields.deleteContactField({ contactFieldId, etag }),
  };
}
