// The draft of a script as text, with what is wrong beside it.
import { Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { useRef } from "react";
import { FaultAlert } from "../../desk/fault-alert";
import type { ValueProps } from "../kit/fields";
import { useAdminWords } from "../words";
import { offsetOf, rewritten } from "./document";
import { MissingNames } from "./missing-names";
import type { Place } from "./place-text";
import { ProblemTable } from "./problem-table";
import { useProblems } from "./use-problems";

/** The text and its problems. */
export function SourceEditor({ label, value, onChange, error, disabled, ...rest }: ValueProps<string>) {
  const words = useAdminWords();
  const input = useRef<HTMLTextAreaElement>(null);
  const checked = useProblems(value);
  const go = ({ line, column }: Place) => {
    const at = offsetOf(value, line, column);
    const box = input.current;
    // A text box shows where its caret is when it gets the focus.
    box?.blur();
    box?.setSelectionRange(at, at);
    box?.focus();
  };
  const tidy = rewritten(value, 2);
  return (
    <Stack gap="sm">
      <Textarea
        ref={input}
        className="source"
        label={label}
        description={words.t("script.documentHint")}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={error}
        readOnly={disabled}
        rows={24}
        spellCheck={false}
        autoComplete="off"
        data-testid={rest["data-testid"]}
      />
      {!disabled && (
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            disabled={tidy === undefined || tidy === value}
            onClick={() => tidy !== undefined && onChange(tidy)}
            data-testid="script-tidy"
          >
            {words.t("script.tidy")}
          </Button>
        </Group>
      )}
      <section aria-label={words.t("script.problems")} data-testid="script-check" data-current={checked.isCurrent} data-problems={checked.problems.length}>
        <Text size="sm" role="status" data-testid="script-check-status">
          {statusOf(checked, words)}
        </Text>
        <FaultAlert fault={checked.fault} testId="script-check-fault" />
        {checked.problems.length > 0 && <ProblemTable problems={checked.problems} go={go} />}
        <MissingNames mentions={checked.mentions} go={go} />
      </section>
    </Stack>
  );
}

function statusOf({ problems, isCurrent, fault }: ReturnType<typeof useProblems>, words: ReturnType<typeof useAdminWords>): string {
  if (fault) return "";
  if (!isCurrent) return words.t("script.checking");
  return problems.length === 0 ? words.t("script.noProblems") : words.count("script.problemCount", problems.length);
}
