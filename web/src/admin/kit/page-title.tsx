// The heading of a page; a new page begins at it for those who do not see it change.
import { Group, Title } from "@mantine/core";
import { useEffect, useRef, type ReactNode } from "react";

/** The heading, with what may be done beside it. */
export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <Group justify="space-between" gap="sm" mb="md">
      <Title ref={heading} order={2} size="h3" tabIndex={-1} className="page-title" data-testid="page-title">
        {title}
      </Title>
      <Group gap="xs">{children}</Group>
    </Group>
  );
}
