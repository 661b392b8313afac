// The supervisors' list of agents who ask for help.
import { Badge, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useHeadChanged } from "../conversation-head";
import { useDesk, useMay } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useWords } from "../words";
import type { OpenRequest } from "./requests-board";

/** The open requests that the user may take. */
export function useRequests(): readonly OpenRequest[] {
  const { requests } = useDesk();
  return useSyncExternalStore(requests.subscribe, requests.snapshot);
}

/** Follows the requests while the user may take them. */
export function useRequestsLife(): void {
  const { requests } = useDesk();
  const may = useMay("conversation:assistance:take");
  useEffect(() => {
    if (!may) return undefined;
    const online = () => requests.networkChanged();
    const awake = () => document.visibilityState === "visible" && requests.wake();
    window.addEventListener("online", online);
    document.addEventListener("visibilitychange", awake);
    requests.start();
    return () => {
      window.removeEventListener("online", online);
      document.removeEventListener("visibilitychange", awake);
      requests.stop();
    };
  }, [requests, may]);
}

/** Who asks for help, what for, and for how long; the one who takes it gets the conversation. */
export function RequestList({ open }: { open(conversationId: string): void }) {
  const words = useWords();
  const may = useMay("conversation:assistance:take");
  const requests = useRequests();
  if (!may) return null;
  return (
    <Stack component="section" gap="xs" aria-label={words.t("requests.heading")} data-testid="requests">
      <Group gap="xs">
        <Title order={2} size="h6">
          {words.t("requests.heading")}
        </Title>
        {requests.length > 0 && <Badge color="red.8">{requests.length}</Badge>}
      </Group>
      <span className="visually-hidden" role="status">
        {requests.length > 0 && words.count("requests.count", requests.length)}
      </span>
      {requests.length === 0 && (
        <Text size="sm" c="dimmed">
          {words.t("requests.none")}
        </Text>
      )}
      {requests.map((request) => (
        <Request key={request.assistance.assistanceId} request={request} open={open} />
      ))}
    </Stack>
  );
}

function Request({ request: { assistance, since }, open }: { request: OpenRequest; open(conversationId: string): void }) {
  const words = useWords();
  const { clients, requests } = useDesk();
  const now = useOwnNow();
  const action = useAction();
  const { assistanceId, conversationId, requestedByName, queueName, text } = assistance;
  const changed = useHeadChanged(conversationId);
  const take = () =>
    action.run(async () => {
      await clients.assistance.takeAssistance({ assistanceId });
      requests.drop(assistanceId);
      void changed();
      open(conversationId);
    });
  return (
    <Paper withBorder p="xs" className="guest" data-testid="request" data-conversation={conversationId}>
      <Stack gap={4}>
        <Group justify="space-between" gap="xs">
          <Text fw={600}>{requestedByName}</Text>
          <Text size="sm" data-testid="request-waiting">
            {words.t("requests.waiting", { time: words.duration(now - since) })}
          </Text>
        </Group>
        <Text size="sm">{text}</Text>
        <Text size="xs" c="dimmed">
          {queueName}
        </Text>
        <Button
          size="xs"
          onClick={take}
          loading={action.busy}
          aria-label={words.t("requests.takeNamed", { name: requestedByName })}
          data-testid="request-take"
        >
          {words.t("requests.take")}
        </Button>
        <FaultAlert fault={action.fault} testId="request-fault" />
      </Stack>
    </Paper>
  );
}

/** The time of this page, which waiting times are counted by. */
function useOwnNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const id = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(id);
  }, []);
  return now;
}
