// The agent's own state: on or off queue, load, memberships.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Badge, Button, Group, Paper, Stack, Switch, Text, Title } from "@mantine/core";
import { AgentState, type Agent, type AgentQueue } from "../gen/onqueue/routing/v1/agent_pb";
import { byName } from "../i18n/collation";
import type { DeskKey } from "./catalogues";
import { useDesk, useMay, useSnapshot } from "./desk-context";
import type { DeskSnapshot } from "./desk-store";
import { FaultAlert } from "./fault-alert";
import { useGoOnQueue } from "./go-on-queue";
import { isOnlyAlerting, isOnlyWrappingUp } from "./in-hand";
import { NotificationButton } from "./notifications";
import { useAction } from "./use-action";
import { useWords } from "./words";

type StateName = "off_queue" | "idle" | "interacting" | "communicating" | "not_responding";

const STATES: Record<AgentState, StateName> = {
  [AgentState.UNSPECIFIED]: "off_queue",
  [AgentState.OFF_QUEUE]: "off_queue",
  [AgentState.IDLE]: "idle",
  [AgentState.INTERACTING]: "interacting",
  [AgentState.NOT_RESPONDING]: "not_responding",
  [AgentState.COMMUNICATING]: "communicating",
};

const COLOURS: Record<StateName, string> = {
  off_queue: "gray",
  idle: "teal.9",
  interacting: "cyan",
  communicating: "cyan",
  not_responding: "red",
};

/** State, load and queues of the agent. */
export function AgentPanel() {
  const { agent } = useSnapshot();
  const words = useWords();
  if (!agent) return null;
  return (
    <Paper component="section" withBorder p="sm" aria-label={words.t("agent.heading")}>
      <Stack gap="xs">
        <StateLine agent={agent} />
        <QueueToggle state={STATES[agent.state]} />
        <Queues agent={agent} />
        <NotificationButton />
      </Stack>
    </Paper>
  );
}

function StateLine({ agent }: { agent: Agent }) {
  const words = useWords();
  const state = STATES[agent.state];
  const snapshot = useSnapshot();
  const since = agent.since && words.clockTime(timestampMs(agent.since));
  return (
    <Group justify="space-between" gap="xs">
      <Badge color={COLOURS[state]} size="lg" tt="none" data-testid="agent-state" data-state={state} role="status">
        {words.t(stateKey(state, snapshot))}
      </Badge>
      <Text size="sm" c="dimmed" data-testid="agent-load">
        {words.t("agent.load", { active: agent.activeChats, maximum: agent.maximumChats })}
        {since && `, ${words.t("agent.since", { time: since })}`}
      </Text>
    </Group>
  );
}

function stateKey(state: StateName, snapshot: DeskSnapshot): DeskKey {
  if (state !== "interacting") return `agent.state.${state}`;
  if (isOnlyAlerting(snapshot)) return "agent.alerting";
  return isOnlyWrappingUp(snapshot) ? "agent.wrappingUp" : "agent.state.interacting";
}

function QueueToggle({ state }: { state: StateName }) {
  const words = useWords();
  const { clients, store } = useDesk();
  const { goOnQueue, ...action } = useGoOnQueue();
  const allowed = useMay("routing:agent:onqueue");
  if (!allowed) return null;
  const goesOff = state === "idle" || state === "interacting" || state === "communicating";
  const goOff = () => action.run(async () => store.setAgent((await clients.agents.goOffQueue({})).agent));
  const label = state === "not_responding" ? "agent.goBack" : goesOff ? "agent.goOff" : "agent.goOn";
  return (
    <>
      {state === "not_responding" && <Text size="sm">{words.t("agent.notRespondingHint")}</Text>}
      <Button
        fullWidth
        variant={goesOff ? "default" : "filled"}
        loading={action.busy}
        aria-pressed={goesOff}
        onClick={goesOff ? goOff : goOnQueue}
        data-testid="queue-toggle"
      >
        {words.t(label)}
      </Button>
      <FaultAlert fault={action.fault} />
    </>
  );
}

function Queues({ agent }: { agent: Agent }) {
  const words = useWords();
  return (
    <Stack gap={6}>
      <Title order={2} size="h6">
        {words.t("agent.queues")}
      </Title>
      {agent.queues.length === 0 && (
        <Text size="sm" c="dimmed">
          {words.t("agent.noQueues")}
        </Text>
      )}
      {byName(agent.queues, ({ name }) => name, words.locale).map((queue) => (
        <QueueLine key={queue.queueId} agent={agent} queue={queue} />
      ))}
    </Stack>
  );
}

function QueueLine({ agent, queue }: { agent: Agent; queue: AgentQueue }) {
  const words = useWords();
  const { clients, store } = useDesk();
  const action = useAction();
  const mayJoin = useMay("routing:queue:join");
  const change = async () => {
    const { queueId } = queue;
    const { member } = await (queue.joined ? clients.queues.leaveQueue({ queueId }) : clients.queues.joinQueue({ queueId }));
    store.setAgent(withMembership(agent, queueId, member?.joined ?? queue.joined));
  };
  const joinedText = words.t(queue.joined ? "agent.joined" : "agent.notJoined");
  if (!mayJoin) {
    return <Text size="sm">{`${queue.name} (${joinedText})`}</Text>;
  }
  return (
    <>
      <Switch
        label={queue.name}
        size="sm"
        checked={queue.joined}
        disabled={action.busy}
        onChange={() => action.run(change)}
        wrapperProps={{ "data-testid": "queue-membership", "data-queue": queue.queueId, "data-joined": queue.joined }}
      />
      <FaultAlert fault={action.fault} />
    </>
  );
}

function withMembership(agent: Agent, queueId: string, joined: boolean): Agent {
  const queues = agent.queues.map((queue) => (queue.queueId === queueId ? { ...queue, joined } : queue));
  return { ...agent, queues };
}
