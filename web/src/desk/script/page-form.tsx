// A page of a script: what the agent is told, what is asked, and where it goes on.
import { Alert, Button, Group, Stack, Text, Title } from "@mantine/core";
import { useEffect, useRef, useState, type FormEvent, type RefObject } from "react";
import { ScriptStepKind, type ScriptButton, type ScriptItem, type ScriptPage, type ScriptRun } from "../../gen/onqueue/content/v1/script_run_pb";
import { FaultAlert } from "../fault-alert";
import { useWords } from "../words";
import { draftAt, keepDraft } from "./drafts";
import { FieldInput } from "./field-input";
import { ResponseOffer, type InsertResponse } from "./response-offer";
import { fieldsOf } from "./run";
import { keepsAnswers, type Pressing } from "./use-press";
import { startOf, type Typed, type TypedValues } from "./values";

interface PageFormProps {
  run: ScriptRun;
  page: ScriptPage;
  pressing: Pressing;
  /** Whether the agent's own press led here: then the page begins at its heading. */
  own: RefObject<boolean>;
  /** Whether steps may be taken. */
  mayPress: boolean;
  /** Absent where nothing can be written. */
  insert: InsertResponse | undefined;
  /** What canned responses are offered in: the page itself is in the agent's language. */
  customerLanguage: string;
}

/** One page, from its heading to its buttons. */
export function PageForm({ run, page, pressing, own, mayPress, insert, customerLanguage }: PageFormProps) {
  const [typed, change] = useTyped(run, page);
  const heading = useRef<HTMLHeadingElement>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (own.current) heading.current?.focus();
  }, [own]);
  useEffect(() => {
    if (pressing.refusals > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-error="true"] input')?.focus();
  }, [pressing.refusals]);
  const put = (fieldId: string, value: Typed) => {
    change({ ...typed, [fieldId]: value });
    pressing.changed(fieldId);
  };
  const first = page.buttons.find(keepsAnswers);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    if (first && mayPress) pressing.press(first, typed);
  };
  return (
    <form ref={form} onSubmit={submit} noValidate aria-label={page.title} lang={page.language} data-testid="script-page" data-page={page.pageId}>
      <Stack gap="sm">
        <Title ref={heading} order={4} size="h5" tabIndex={-1} className="script-heading guest" dir="auto" data-testid="script-title">
          {page.title}
        </Title>
        {page.items.map((item, index) => (
          <div key={index}>
            <Item
              item={item}
              run={run}
              typed={typed}
              put={put}
              pressing={pressing}
              mayPress={mayPress}
              insert={insert}
              customerLanguage={customerLanguage}
            />
          </div>
        ))}
        <Problems page={page} pressing={pressing} />
        {mayPress && <Buttons buttons={page.buttons} first={first} typed={typed} pressing={pressing} />}
      </Stack>
    </form>
  );
}

interface ItemProps extends Omit<PageFormProps, "own" | "page"> {
  item: ScriptItem;
  typed: TypedValues;
  put(fieldId: string, value: Typed): void;
}

/** A paragraph, a question or an offered response. */
function Item({ item: { item }, run, typed, put, pressing, mayPress, insert, customerLanguage }: ItemProps) {
  if (item.case === "paragraph") {
    return (
      <Text className="pre guest" dir="auto">
        {item.value}
      </Text>
    );
  }
  if (item.case === "response") {
    return <ResponseOffer conversationId={run.conversationId} language={customerLanguage} offer={item.value} insert={insert} />;
  }
  if (item.case !== "field") return null;
  const { fieldId } = item.value;
  return (
    <FieldInput
      field={item.value}
      typed={typed[fieldId]}
      problem={pressing.problems[fieldId]}
      disabled={!mayPress}
      change={(value) => put(fieldId, value)}
    />
  );
}

/** What is not known, and what went wrong. */
function Problems({ page, pressing }: { page: ScriptPage; pressing: Pressing }) {
  const words = useWords();
  const count = Object.keys(pressing.problems).length;
  return (
    <div lang={words.locale}>
      {page.missing.length > 0 && (
        <Text size="xs" c="dimmed" data-testid="script-missing">
          {words.t("script.missing", { names: page.missing.join(", ") })}
        </Text>
      )}
      <FaultAlert fault={pressing.fault} testId="script-fault" />
      {count > 0 && (
        <Alert color="red" p="xs" role="alert" data-testid="script-problems">
          {words.count("script.problems", count)}
        </Alert>
      )}
    </div>
  );
}

interface ButtonsProps {
  buttons: readonly ScriptButton[];
  /** The one that Enter presses. */
  first: ScriptButton | undefined;
  typed: TypedValues;
  pressing: Pressing;
}

function Buttons({ buttons, first, typed, pressing }: ButtonsProps) {
  return (
    <Group gap="xs">
      {buttons.map((button) => {
        const { buttonId, label, available, kind } = button;
        const isFirst = button === first;
        return (
          <Button
            key={buttonId}
            size="sm"
            type={isFirst ? "submit" : "button"}
            variant={isFirst ? "filled" : kind === ScriptStepKind.BACK ? "subtle" : "default"}
            disabled={!available}
            loading={pressing.busy === buttonId}
            onClick={isFirst ? undefined : () => pressing.press(button, typed)}
            className="script-button"
            data-testid={`script-button-${buttonId}`}
          >
            {label}
          </Button>
        );
      })}
    </Group>
  );
}

/** What is typed, kept for this page of the run: also while one goes back to another. */
function useTyped(run: ScriptRun, page: ScriptPage): [TypedValues, (typed: TypedValues) => void] {
  const [typed, setTyped] = useState<TypedValues>(() => ({ ...startOf(fieldsOf(page)), ...draftAt(run, page.pageId) }));
  const change = (next: TypedValues) => {
    setTyped(next);
    keepDraft(run, page.pageId, next);
  };
  return [typed, change];
}
