// Says how an ended conversation went that no after-contact work follows.
import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { useMay, useSnapshot } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useWords } from "../words";
import { useWrapUp, useWrapUpCodes } from "./use-wrap-up";
import { WrapUpFields } from "./wrap-up-fields";

interface OptionalWrapUpProps {
  conversationId: string;
  queueId: string;
}

/** A form if the queue has codes; while after-contact work goes on, that has its own. */
export function OptionalWrapUp({ conversationId, queueId }: OptionalWrapUpProps) {
  const { agent } = useSnapshot();
  const mayWrapUp = useMay("conversation:participant:wrapup");
  const codes = useWrapUpCodes(queueId);
  const goesOn = agent?.afterContactWork.some((work) => work.conversationId === conversationId);
  if (!agent || !mayWrapUp || goesOn || codes.length === 0) return null;
  return <Form conversationId={conversationId} queueId={queueId} />;
}

function Form({ conversationId, queueId }: OptionalWrapUpProps) {
  const words = useWords();
  const wrapUp = useWrapUp(conversationId);
  const codes = useWrapUpCodes(queueId);
  return (
    <Stack component="section" className="pane-footer" gap="xs" data-testid="optional-wrap-up">
      <Title order={3} size="h6">
        {words.t("wrapUp.optional")}
      </Title>
      <WrapUpFields wrapUp={wrapUp} codes={codes} needsCode={false} />
      <FaultAlert fault={wrapUp.fault} testId="wrap-up-fault" />
      <Group gap="sm">
        <Button variant="default" onClick={wrapUp.send} disabled={wrapUp.draft.isSent} loading={wrapUp.busy} data-testid="wrap-up-save">
          {words.t("wrapUp.save")}
        </Button>
        <Text size="sm" role="status" data-testid="wrap-up-saved">
          {wrapUp.draft.isSent && words.t("wrapUp.saved")}
        </Text>
      </Group>
    </Stack>
  );
}
