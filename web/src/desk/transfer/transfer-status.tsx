// That a conversation is being passed on while the agent keeps the customer.
import { Alert, Button, Group, Text } from "@mantine/core";
import type { AttendedTransfer } from "../../core/conversation";
import { useDesk } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useKept } from "../use-kept";
import { useWords } from "../words";

interface TransferStatusProps {
  conversationId: string;
  transfer: AttendedTransfer | undefined;
}

/** Where it goes, and a way to call it off. */
export function TransferStatus({ conversationId, transfer }: TransferStatusProps) {
  const words = useWords();
  const { clients } = useDesk();
  const action = useAction();
  // Calling it off leaves nothing in the log.
  const [calledOff, setCalledOff] = useKept(`chat.${conversationId}.calledOff`, "", (value) => typeof value === "string");
  if (!transfer || String(transfer.sequence) === calledOff) return null;
  const cancel = () =>
    action.run(async () => {
      await clients.interactions.cancelTransfer({ conversationId });
      setCalledOff(String(transfer.sequence));
    });
  const { agentName, queueName } = transfer;
  return (
    <Alert color="cyan" p="xs" radius={0} data-testid="transfer-status">
      <Group justify="space-between" gap="xs">
        <Text size="sm" role="status">
          {agentName ? words.t("transfer.waitsForAgent", { agent: agentName }) : words.t("transfer.waitsInQueue", { queue: queueName })}
        </Text>
        <Button size="xs" variant="default" onClick={cancel} loading={action.busy} data-testid="transfer-cancel">
          {words.t("transfer.cancel")}
        </Button>
      </Group>
      <FaultAlert fault={action.fault} testId="transfer-fault" />
    </Alert>
  );
}
