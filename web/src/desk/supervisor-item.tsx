// One conversation in the supervisor's list.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Badge, Group, Text, UnstyledButton } from "@mantine/core";
import type { Conversation } from "../gen/onqueue/session/v1/conversation_pb";
import { ParticipantKind } from "../gen/onqueue/session/v1/event_pb";
import { stateName, type StateName } from "./state-names";
import { useWords } from "./words";

const COLOURS: Record<StateName, string> = {
  all: "gray",
  pending: "gray",
  queued: "orange",
  alerting: "yellow",
  connected: "green",
  ended: "gray",
};

interface SupervisorItemProps {
  conversation: Conversation;
  isSelected: boolean;
  select(): void;
}

/** Who, what, where it stands. */
export function SupervisorItem({ conversation, isSelected, select }: SupervisorItemProps) {
  const words = useWords();
  const { conversationId, guestName, topic, queueName, createdAt, state } = conversation;
  const name = stateName(state);
  const facts = [queueName, topic];
  return (
    <UnstyledButton
      className="chat-item"
      data-testid="supervisor-item"
      data-conversation={conversationId}
      data-state={name}
      aria-current={isSelected ? "true" : undefined}
      onClick={select}
    >
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text fw={600} truncate>
          {guestName || words.t("offer.unnamed")}
        </Text>
        <Badge color={COLOURS[name]} variant="light" c="var(--mantine-color-text)" tt="none" className="no-shrink">
          {words.t(`supervisor.state.${name}`)}
        </Badge>
      </Group>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="xs" c="dimmed" truncate className="grow">
          {[...new Set(facts)].filter(Boolean).join(" · ")}
        </Text>
        {createdAt && (
          <Text size="xs" c="dimmed" className="no-shrink" data-testid="supervisor-time">
            {words.dateTime(timestampMs(createdAt))}
          </Text>
        )}
      </Group>
      <Agents conversation={conversation} />
    </UnstyledButton>
  );
}

function Agents({ conversation }: { conversation: Conversation }) {
  const words = useWords();
  const agents = conversation.participants.filter(({ kind }) => kind === ParticipantKind.AGENT);
  if (agents.length === 0) return null;
  const names = [...new Set(agents.map(({ name }) => name))].join(", ");
  return <Text size="xs">{words.t("supervisor.agents", { names })}</Text>;
}
