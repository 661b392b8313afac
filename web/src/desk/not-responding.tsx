// Tells an agent in a narrow window, where an open chat hides their state, that nothing more comes.
import { Alert, Button, Group, Text } from "@mantine/core";
import { AgentState } from "../gen/onqueue/routing/v1/agent_pb";
import { useMay, useSnapshot } from "./desk-context";
import { FaultAlert } from "./fault-alert";
import { useGoOnQueue } from "./go-on-queue";
import { useWords } from "./words";

/** The banner above a chat; the style sheet hides it where the agent's state can be seen. */
export function NotRespondingBanner() {
  const words = useWords();
  const { agent } = useSnapshot();
  const { busy, fault, goOnQueue } = useGoOnQueue();
  const mayGoOn = useMay("routing:agent:onqueue");
  if (agent?.state !== AgentState.NOT_RESPONDING) return null;
  return (
    <Alert className="narrow-only no-shrink" color="red" p="xs" radius={0} role="alert" data-testid="not-responding">
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600}>
          {words.t("agent.state.not_responding")}
        </Text>
        {mayGoOn && (
          <Button size="xs" loading={busy} onClick={goOnQueue} data-testid="back-on-queue">
            {words.t("agent.goBack")}
          </Button>
        )}
      </Group>
      <FaultAlert fault={fault} />
    </Alert>
  );
}
