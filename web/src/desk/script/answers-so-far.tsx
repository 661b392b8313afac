// What was answered so far, by whom and when, and what came of it in the contact.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Stack, Text } from "@mantine/core";
import type { ScriptAnswer, ScriptRun, ScriptStep } from "../../gen/onqueue/content/v1/script_run_pb";
import type { DeskTranslator } from "../catalogues";
import { useWords } from "../words";
import { Write } from "./contact-writes";
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

/** The answers by page, each with who gave it last. */
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

function answerText({ value, shown }: ScriptAnswer, words: DeskTranslator): string {
  const held = value?.value;
  if (held?.case === "boolean") return words.t(held.value ? "contact.yes" : "contact.no");
  if (held?.case === "number") return held.value.toLocaleString(words.locale, { maximumFractionDigits: 20 });
  return shown;
}
