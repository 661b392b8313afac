// One question of a page.
import { Checkbox, NativeSelect, Radio, Stack, Textarea, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { ScriptFieldType, type ScriptField } from "../../gen/onqueue/content/v1/script_run_pb";
import { useWords } from "../words";
import type { AnswerProblem } from "./checks";
import type { Typed } from "./values";

/** More than these are chosen from a list. */
const MOST_RADIOS = 6;

interface FieldInputProps {
  field: ScriptField;
  typed: Typed | undefined;
  problem: AnswerProblem | undefined;
  disabled: boolean;
  change(typed: Typed): void;
}

/** The input that fits its kind. */
export function FieldInput(props: FieldInputProps) {
  const { field } = props;
  switch (field.type) {
    case ScriptFieldType.CHECKBOX:
      return <Tick {...props} />;
    case ScriptFieldType.MULTI_CHOICE:
      return <Many {...props} />;
    case ScriptFieldType.CHOICE:
      return field.options.length > MOST_RADIOS ? <FromList {...props} /> : <OneOfFew {...props} />;
    default:
      return <Written {...props} />;
  }
}

/** What every input has. */
function useCommon({ field, problem, disabled }: FieldInputProps) {
  const words = useWords();
  const { fieldId, label, hint, required, contactField } = field;
  const most = field.atMost === undefined ? "" : words.t("script.atMost", { most: field.atMost });
  return {
    label,
    description: notesOf([hint, contactField && words.t("script.toContact"), most]),
    error: problem && words.t(problem.key, problem.values),
    required,
    disabled,
    "data-testid": `script-field-${fieldId}`,
  };
}

/** What helps to answer, each note in a line of its own. */
function notesOf(notes: readonly string[]): ReactNode {
  const said = notes.filter(Boolean);
  if (said.length === 0) return undefined;
  return said.map((note) => (
    <span key={note} className="note">
      {note}
    </span>
  ));
}

function Written(props: FieldInputProps) {
  const { field, typed, change } = props;
  const common = useCommon(props);
  const own = { ...common, value: typeof typed === "string" ? typed : "", autoComplete: "off", dir: "auto" } as const;
  if (field.multiline) {
    return <Textarea {...own} autosize minRows={2} maxRows={8} onChange={(event) => change(event.currentTarget.value)} />;
  }
  return <TextInput {...own} {...kindOf(field)} onChange={(event) => change(event.currentTarget.value)} />;
}

function kindOf({ type, earliest, latest }: ScriptField) {
  if (type === ScriptFieldType.NUMBER) return { inputMode: "decimal" } as const;
  if (type !== ScriptFieldType.DATE) return {};
  return { type: "date", ...(earliest ? { min: earliest } : {}), ...(latest ? { max: latest } : {}) } as const;
}

function OneOfFew(props: FieldInputProps) {
  const { field, typed, change, disabled } = props;
  const common = useCommon(props);
  return (
    <Radio.Group {...common} name={`script-${field.fieldId}`} value={typeof typed === "string" ? typed : ""} onChange={change}>
      <Stack gap={6} mt={4}>
        {field.options.map(({ optionId, label }) => (
          <Radio key={optionId} value={optionId} label={label} disabled={disabled} data-testid={`script-option-${optionId}`} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

function FromList(props: FieldInputProps) {
  const { field, typed, change } = props;
  const words = useWords();
  const options = field.options.map(({ optionId, label }) => ({ value: optionId, label }));
  return (
    <NativeSelect
      {...useCommon(props)}
      data={[{ value: "", label: words.t("script.choose") }, ...options]}
      value={typeof typed === "string" ? typed : ""}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}

function Many(props: FieldInputProps) {
  const { field, typed, change, disabled } = props;
  const { required, ...common } = useCommon(props);
  const chosen = Array.isArray(typed) ? (typed as readonly string[]) : [];
  return (
    <Checkbox.Group {...common} withAsterisk={required} value={[...chosen]} onChange={change}>
      <Stack gap={6} mt={4}>
        {field.options.map(({ optionId, label }) => (
          <Checkbox key={optionId} value={optionId} label={label} disabled={disabled} data-testid={`script-option-${optionId}`} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

function Tick(props: FieldInputProps) {
  const { typed, change } = props;
  const { label, required, ...common } = useCommon(props);
  return (
    <Checkbox
      {...common}
      required={required}
      label={
        <>
          {label}
          {required && <span aria-hidden="true" className="asterisk">{" *"}</span>}
        </>
      }
      checked={typed === true}
      onChange={(event) => change(event.currentTarget.checked)}
    />
  );
}
