// Ends what a supervisor does in a conversation.
import { Button } from "@mantine/core";
import { useDesk } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useWords } from "../words";

/** Leaves it. */
export function LeaveButton({ conversationId, left }: { conversationId: string; left?: () => Promise<void> }) {
  const words = useWords();
  const { clients } = useDesk();
  const action = useAction();
  const leave = () =>
    action.run(async () => {
      await clients.conversations.leaveConversation({ conversationId });
      await left?.();
    });
  return (
    <>
      <Button size="xs" variant="outline" color="red.9" onClick={leave} loading={action.busy} data-testid="leave">
        {words.t("supervise.leave")}
      </Button>
      <FaultAlert fault={action.fault} testId="leave-fault" />
    </>
  );
}
