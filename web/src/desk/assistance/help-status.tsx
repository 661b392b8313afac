// How a request for a supervisor stands.
import { Alert, Button, Group, Text } from "@mantine/core";
import type { OpenAssistance } from "../../core/conversation";
import { useDesk, useNow } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useWords } from "../words";

/** Whether somebody comes, for how long it waits, and a way to be done with it. */
export function HelpStatus({ assistance }: { assistance: OpenAssistance | undefined }) {
  const words = useWords();
  const { clients, me } = useDesk();
  const now = useNow();
  const action = useAction();
  if (!assistance) return null;
  const { assistanceId, text, requestedAt, takenByUserId, takenByName } = assistance;
  const close = () => action.run(async () => void (await clients.assistance.closeAssistance({ assistanceId })));
  const standing = () => {
    if (takenByUserId === me.userId) return words.t("help.takenByYou");
    if (takenByName !== "") return words.t("help.taken", { name: takenByName });
    return words.t("help.waiting", { time: words.duration(now - requestedAt) });
  };
  return (
    <Alert color="orange" p="xs" radius={0} data-testid="help-status" data-state={takenByUserId === "" ? "open" : "taken"}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="sm" className="guest">
          <strong>{standing()}</strong> {text}
        </Text>
        <Button size="xs" variant="default" className="no-shrink" onClick={close} loading={action.busy} data-testid="help-close">
          {words.t("help.close")}
        </Button>
      </Group>
      <FaultAlert fault={action.fault} testId="help-fault" />
    </Alert>
  );
}
