// Why members cannot have a conversation, and how many for each reason, in the server's words.
import { List, Text } from "@mantine/core";
import type { ReasonCount } from "../../gen/onqueue/routing/v1/decision_pb";

interface ReasonListProps {
  heading: string;
  reasons: readonly ReasonCount[];
}

/** The reasons; nothing if there are none. */
export function ReasonList({ heading, reasons }: ReasonListProps) {
  if (reasons.length === 0) return null;
  return (
    <div>
      <Text size="sm">{heading}</Text>
      <List size="sm" withPadding>
        {reasons.map(({ reason, medium, skillId, labelId, count, text }) => (
          <List.Item key={`${reason} ${medium} ${skillId} ${labelId}`} data-testid="excluded" data-reason={reason} data-count={count}>
            {text}
          </List.Item>
        ))}
      </List>
    </div>
  );
}
