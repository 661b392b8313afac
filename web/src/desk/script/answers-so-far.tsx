// What was answered so far, by whom and when, and what came of it in the contact.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Badge, Group, Stack, Text } from "@mantine/core";
import { ContactWriteState, type ContactWrite, type ScriptAnswer, type ScriptRun, type ScriptStep } from "../../gen/onqueue/content/v1/script_run_pb";
import type { DeskKey, DeskTranslator } from "../catalogues";
import { useContactFields } from "../contact/use-contact-fields";
import { faultText, useWords } from "../words";
import { answeredSteps } from "./run";

/** The answers behind how many steps there are. */
export function AnswersSoFar({ run }: { run: ScriptRun }) {
  const words = useWords();
  return (
    <details className="so-far" data-testid="script-so-far">
      <summary>{words.count("script.soFar", answeredSteps(run).length)}</summary>
      <Answers run={run} />
    </details>
  );
}

/** The steps with answers, the latest first. */
export function Answers({ run }: { run: ScriptRun }) {
  const words = useWords();
  const steps = answeredSteps(run);
  return (
    <Stack gap="sm" mt="xs">
      {run.erasedAt && <Text size="sm">{words.t("script.erased")}</Text>}
      {!run.erasedAt && steps.length === 0 && <Text size="sm">{words.t("script.nothingYet")}</Text>}
      {steps.map((step) => (
        <Step key={String(step.number)} step={step} />
      ))}
    </Stack>
  );
}

function Step({ step }: { step: ScriptStep }) {
  const words = useWords();
  const { number, pageTitle, pageId, userName, at, answers, contactWrites, version } = step;
  const time = at ? words.dateTime(timestampMs(at)) : "";
  return (
    <section aria-label={pageTitle} className="guest" data-testid="script-step" data-number={String(number)}>
      <Text size="sm" fw={600} dir="auto">
        {pageTitle || pageId}
      </Text>
      <Text size="xs" c="dimmed">
        {words.t("script.by", { name: userName, time, version })}
      </Text>
      <dl className="facts stacked">
        {answers.map((answer) => (
          <div key={answer.fieldId} data-testid="script-answer" data-field={answer.fieldId}>
            <dt dir="auto">{answer.label || answer.fieldId}</dt>
            <dd className="pre" dir="auto">
              {answerText(answer, words)}
            </dd>
          </div>
        ))}
      </dl>
      {contactWrites.map((write) => (
        <Write key={write.contactField} write={write} />
      ))}
    </section>
  );
}

const STATES: Record<ContactWriteState, { text: DeskKey; color: string }> = {
  [ContactWriteState.UNSPECIFIED]: { text: "script.writePending", color: "gray" },
  [ContactWriteState.WRITTEN]: { text: "script.written", color: "green" },
  [ContactWriteState.NO_CONTACT]: { text: "script.writeNoContact", color: "yellow" },
  [ContactWriteState.PENDING]: { text: "script.writePending", color: "yellow" },
  [ContactWriteState.REFUSED]: { text: "script.writeRefused", color: "red" },
};

function Write({ write }: { write: ContactWrite }) {
  const words = useWords();
  const nameOf = useContactFieldName();
  const { contactField, state, reason } = write;
  const { text, color } = STATES[state];
  const why = state === ContactWriteState.REFUSED ? reasonText(reason, words) : "";
  return (
    <Group gap={6} mt={4} data-testid="script-write" data-field={contactField} data-state={ContactWriteState[state].toLowerCase()}>
      <Badge color={color} c="var(--mantine-color-text)" variant="light" tt="none" className="wraps">
        {words.t("script.write", { field: nameOf(contactField), state: words.t(text) })}
      </Badge>
      {why && <Text size="xs">{why}</Text>}
    </Group>
  );
}

function reasonText(reason: string, words: DeskTranslator): string {
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

function answerText({ value, shown }: ScriptAnswer, words: DeskTranslator): string {
  const held = value?.value;
  if (held?.case === "boolean") return words.t(held.value ? "contact.yes" : "contact.no");
  if (held?.case === "number") return held.value.toLocaleString(words.locale, { maximumFractionDigits: 20 });
  return shown;
}
