// Fields of contacts: the list, and one field. Its key and its type stay as they were made.
import { Stack, TagsInput, TextInput } from "@mantine/core";
import { ContactFieldType } from "../../gen/onqueue/session/v1/contact_field_pb";
import { useAdmin } from "../context";
import { Choice, choiceText, type Choices } from "../kit/choice";
import { ResourceList } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import { useAdminWords } from "../words";

const TYPES: Choices = [
  [ContactFieldType.TEXT, "contactField.text"],
  [ContactFieldType.NUMBER, "contactField.number"],
  [ContactFieldType.BOOLEAN, "contactField.boolean"],
  [ContactFieldType.DATE, "contactField.date"],
  [ContactFieldType.CHOICE, "contactField.choice"],
];

/** The fields of contacts. */
export function ContactFieldList() {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourceList
      section="contact-fields"
      titleKey="section.contact-fields"
      resource={resources.contactFields}
      columns={[
        { key: "field.key", cell: ({ key }) => <code>{key}</code>, isExtra: true },
        { key: "field.type", cell: ({ type }) => choiceText(TYPES, type, words) },
      ]}
    />
  );
}

/** One field of contacts. */
export function ContactFieldPage({ id }: { id: string }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourcePage
      section="contact-fields"
      resource={resources.contactFields}
      id={id}
      describe={(field, { type }) => (field === "type" ? choiceText(TYPES, type, words) : undefined)}
      form={(fields, { isNew, value, set }) => (
        <Stack gap="sm">
          <TextInput {...fields.text("name")} description={words.t("contactField.nameHint")} required autoComplete="off" />
          <TextInput
            {...fields.text("key")}
            disabled={fields.isReadOnly || !isNew}
            description={words.t("contactField.keyHint")}
            required
            autoComplete="off"
            spellCheck={false}
          />
          <Choice
            {...fields.value("type")}
            disabled={fields.isReadOnly || !isNew}
            choices={TYPES}
            onChange={(type) => {
              set("type", type);
              if (type !== ContactFieldType.CHOICE) set("choices", []);
            }}
          />
          {value.type === ContactFieldType.CHOICE && (
            <TagsInput
              {...fields.value("choices")}
              description={words.t("contactField.choicesHint")}
              acceptValueOnBlur
              comboboxProps={{ transitionProps: { duration: 0 } }}
            />
          )}
        </Stack>
      )}
    />
  );
}
