// Asks for after-contact work while the conversation goes on, where the queue leaves that to the agent.
import { Button, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { AfterContactMode } from "../../gen/onqueue/routing/v1/queue_pb";
import { useDesk, useMay } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useKept } from "../use-kept";
import { useWords } from "../words";

interface RequestWrapUpProps {
  conversationId: string;
  queueId: string;
}

/** A button, and after it that it was asked for. */
export function RequestWrapUp({ conversationId, queueId }: RequestWrapUpProps) {
  const words = useWords();
  const { clients } = useDesk();
  const action = useAction();
  const isOffered = useIsOffered(queueId);
  const [asked, setAsked] = useKept(`chat.${conversationId}.wrapUpRequested`, false, (value) => typeof value === "boolean");
  if (!isOffered) return null;
  if (asked) {
    return (
      <Text size="xs" role="status" data-testid="wrap-up-requested">
        {words.t("wrapUp.requested")}
      </Text>
    );
  }
  const request = () =>
    action.run(async () => {
      await clients.agents.requestWrapUp({ conversationId });
      setAsked(true);
    });
  return (
    <>
      <Button size="xs" variant="default" className="no-shrink" onClick={request} loading={action.busy} data-testid="wrap-up-request">
        {words.t("wrapUp.request")}
      </Button>
      <FaultAlert fault={action.fault} testId="wrap-up-fault" />
    </>
  );
}

function useIsOffered(queueId: string): boolean {
  const { clients } = useDesk();
  const mayWrapUp = useMay("conversation:participant:wrapup");
  const maySee = useMay("routing:queue:view");
  const queue = useQuery({
    queryKey: ["queue-of-chat", queueId],
    enabled: mayWrapUp && maySee && queueId !== "",
    queryFn: async () => (await clients.queues.getQueue({ queueId })).queue ?? null,
  });
  return queue.data?.afterContact?.mode === AfterContactMode.AGENT_REQUESTED;
}
