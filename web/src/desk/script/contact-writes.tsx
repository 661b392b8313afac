// What came in the contact of answers that go there.
import { Alert, Badge, Group, Text } from "@mantine/core";
import { ContactWriteState, type ContactWrite, type ScriptRun } from "../../gen/onqueue/content/v1/script_run_pb";
import type { DeskKey, DeskTranslator } from "../catalogues";
import { useContactFields } from "../contact/use-contact-fields";
import { faultText, useWords } from "../words";
import { namesNoField, unwritten } from "./run";

/** Says which answers are not in the contact, or not yet; nothing once all are. */
export function Unwritten({ run }: { run: ScriptRun }) {
  const words = useWords();
  const waiting = unwritten(run);
  if (waiting.length === 0) return null;
  const isRefused = waiting.some(({ state }) => state === ContactWriteState.REFUSED);
  return (
    <Alert color={isRefused ? "red" : "yellow"} p="xs" role="status" data-testid="script-unwritten">
      <Text size="sm" fw={600}>
        {words.t("script.unwritten")}
      </Text>
      {waiting.map((write) => (
        <Write key={write.contactField} write={write} />
      ))}
    </Alert>
  );
}

const STATES: Record<ContactWriteState, { text: DeskKey; color: string }> = {
  [ContactWriteState.UNSPECIFIED]: { text: "script.writePending", color: "gray" },
  [ContactWriteState.WRITTEN]: { text: "script.written", color: "green" },
  [ContactWriteState.NO_CONTACT]: { text: "script.writeNoContact", color: "yellow" },
  [ContactWriteState.PENDING]: { text: "script.writePending", color: "yellow" },
  [ContactWriteState.REFUSED]: { text: "script.writeRefused", color: "red" },
};

/** What came of one answer. */
export function Write({ write }: { write: ContactWrite }) {
  const words = useWords();
  const nameOf = useContactFieldName();
  const { contactField, state, reason } = write;
  const { text, color } = STATES[state];
  const why = namesNoField(write) ? words.t("script.writeNoField", { field: nameOf(contactField) }) : reasonText(state, reason, words);
  return (
    <Group gap={6} mt={4} data-testid="script-write" data-field={contactField} data-state={ContactWriteState[state].toLowerCase()}>
      <Badge color={color} c="var(--mantine-color-text)" variant="light" tt="none" className="wraps">
        {words.t("script.write", { field: nameOf(contactField), state: words.t(text) })}
      </Badge>
      {why && <Text size="xs">{why}</Text>}
    </Group>
  );
}

function reasonText(state: ContactWriteState, reason: string, words: DeskTranslator): string {
  if (state !== ContactWriteState.REFUSED) return "";
  return faultText({ kind: "refused", reason, status: "", metadata: {}, retryAfterMs: undefined }, words);
}

const OWN_NAMES: Record<string, DeskKey> = {
  name: "contact.name",
  email: "contact.emails",
  phone: "contact.phones",
  language: "contact.language",
  notes: "contact.notes",
};

/** What a field of contacts is called. */
function useContactFieldName(): (contactField: string) => string {
  const words = useWords();
  const custom = useContactFields();
  return (contactField) => {
    const own = OWN_NAMES[contactField];
    if (own) return words.t(own);
    const key = contactField.replace(/^fields\./, "");
    return custom.find((field) => field.key === key)?.name ?? key;
  };
}
