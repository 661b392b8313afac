// Asks for the values that a response lacks: nothing is sent with holes.
import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import type { Fault } from "../../core/fault";
import type { Substitution } from "../../gen/onqueue/content/v1/response_pb";
import { Dialog } from "../dialog";
import { FaultAlert } from "../fault-alert";
import { useWords } from "../words";

interface MissingValuesProps {
  /** What the response is called. */
  name: string;
  /** The substitutions that have no value. */
  names: readonly string[];
  /** What they are, as far as the response says. */
  substitutions: readonly Substitution[];
  fault: Fault | undefined;
  isRendering: boolean;
  complete(values: Record<string, string>): void;
  giveUp(): void;
}

/** The dialog. */
export function MissingValues({ name, names, substitutions, fault, isRendering, complete, giveUp }: MissingValuesProps) {
  const words = useWords();
  const [values, setValues] = useState<Record<string, string>>({});
  const isComplete = names.every((each) => (values[each] ?? "").trim() !== "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    if (isComplete) complete(values);
  };
  return (
    <Dialog title={words.t("finder.missingTitle")} opened close={giveUp}>
      <form onSubmit={submit} noValidate data-testid="missing-values">
        <Stack gap="sm">
          <Text>{words.t("finder.missing", { name })}</Text>
          {names.map((each, index) => (
            <TextInput
              key={each}
              label={substitutions.find((substitution) => substitution.name === each)?.description || each}
              description={each}
              required
              value={values[each] ?? ""}
              onChange={(event) => setValues({ ...values, [each]: event.currentTarget.value })}
              {...(index === 0 ? { "data-autofocus": true } : {})}
              data-testid={`missing-${each}`}
            />
          ))}
          <FaultAlert fault={fault} testId="missing-fault" />
          <Group justify="flex-end">
            <Button variant="default" onClick={giveUp} data-testid="missing-cancel">
              {words.t("finder.cancel")}
            </Button>
            <Button type="submit" disabled={!isComplete} loading={isRendering} data-testid="missing-insert">
              {words.t("finder.insert")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
