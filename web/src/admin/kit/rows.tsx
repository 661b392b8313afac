// A list of small things in a form, one below the other.
import { Button, Fieldset, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useAdminWords } from "../words";
import { RemoveButton } from "./languages";

interface RowsProps<V> {
  label: string;
  value: readonly V[];
  onChange(value: V[]): void;
  error: string | undefined;
  disabled: boolean;
  most: number;
  blank(): V;
  /** The inputs of one; `put` changes parts of it. */
  row(item: V, put: (part: Partial<V>) => void, at: number): ReactNode;
  "data-testid": string;
}

/** Rows that can be added and removed; their order counts. */
export function Rows<V extends object>({ label, value, onChange, error, disabled, most, blank, row, ...rest }: RowsProps<V>) {
  const words = useAdminWords();
  const testId = rest["data-testid"];
  const put = (at: number, part: Partial<V>) => onChange(value.map((each, index) => (index === at ? { ...each, ...part } : each)));
  return (
    <Fieldset legend={label} className="group" disabled={disabled} data-testid={testId}>
      <Stack gap="sm">
        {value.map((item, at) => (
          <Group key={at} gap="xs" align="flex-end" className="row" data-testid={`${testId}-row`}>
            {row(item, (part) => put(at, part), at)}
            {!disabled && (
              <RemoveButton
                label={words.t("rows.remove", { number: at + 1 })}
                remove={() => onChange(value.filter((_, index) => index !== at))}
                testId={`${testId}-remove`}
              />
            )}
          </Group>
        ))}
        {!disabled && value.length < most && (
          <Button className="add" size="xs" variant="default" onClick={() => onChange([...value, blank()])} data-testid={`${testId}-add`}>
            {words.t("rows.add")}
          </Button>
        )}
        {error && (
          <Text size="sm" c="red.9" role="alert" tabIndex={-1} data-invalid="true">
            {error}
          </Text>
        )}
      </Stack>
    </Fieldset>
  );
}
