// A part of a long form under a heading of its own.
import { Stack, Title } from "@mantine/core";
import { useId, type ReactNode } from "react";

/** Inputs that belong together. */
export function FormSection({ title, children }: { title: string; children: ReactNode }) {
  const heading = useId();
  return (
    <Stack component="section" gap="sm" className="form-section" aria-labelledby={heading}>
      <Title order={3} size="h4" id={heading}>
        {title}
      </Title>
      {children}
    </Stack>
  );
}
