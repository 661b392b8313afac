// What a supervisor may do in an open conversation.
import { Button, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { ConversationState, type Conversation } from "../../gen/onqueue/session/v1/conversation_pb";
import { useHeadChanged } from "../conversation-head";
import { useDesk, useMay } from "../desk-context";
import { Dialog } from "../dialog";
import { FaultAlert } from "../fault-alert";
import { useAction, type Action } from "../use-action";
import { useWords } from "../words";
import { LeaveButton } from "./leave-button";
import type { Part } from "./part";
import { useIsAgent } from "./use-is-agent";

const NO_AGENT_ID = "takeover-no-agent";

interface SuperviseBarProps {
  conversation: Conversation;
  part: Part;
}

/** The ways into the conversation, and out of it. */
export function SuperviseBar({ conversation, part }: SuperviseBarProps) {
  const words = useWords();
  const action = useAction();
  const { conversationId, state } = conversation;
  const changed = useHeadChanged(conversationId);
  const mayTakeOver = useMay("conversation:webchat:takeover");
  const isAgent = useIsAgent(mayTakeOver && state !== ConversationState.ENDED);
  if (state === ConversationState.ENDED) return null;
  return (
    <Group className="pane-bar" gap="xs" role="group" aria-label={words.t("supervise.heading")} data-testid="supervise" data-part={part}>
      <Text size="sm" role="status" className="grow">
        {words.t(`supervise.part.${part}`)}
      </Text>
      <Ways conversation={conversation} part={part} action={action} />
      {part !== "none" && part !== "agent" && <LeaveButton conversationId={conversationId} left={changed} />}
      {part !== "agent" && mayTakeOver && <TakeOver conversationId={conversationId} isAgent={isAgent} />}
      <FaultAlert fault={action.fault} testId="supervise-fault" />
      {part !== "agent" && mayTakeOver && isAgent === false && (
        <Text size="xs" id={NO_AGENT_ID} w="100%" data-testid="takeover-no-agent">
          {words.t("supervise.noAgent")}
        </Text>
      )}
    </Group>
  );
}

function Ways({ conversation, part, action }: SuperviseBarProps & { action: Action }) {
  const words = useWords();
  const { supervision } = useDesk().clients;
  const { conversationId, state } = conversation;
  const changed = useHeadChanged(conversationId);
  const may = {
    monitor: useMay("conversation:webchat:monitor") && part === "none",
    coach: useMay("conversation:webchat:coach") && (part === "none" || part === "monitor"),
    barge: useMay("conversation:webchat:barge") && part !== "barge" && part !== "agent" && state === ConversationState.CONNECTED,
  };
  const ways = [
    ["monitor", () => supervision.monitor({ conversationId })],
    ["coach", () => supervision.coach({ conversationId })],
    ["barge", () => supervision.bargeIn({ conversationId })],
  ] as const;
  // An answer names the others who supervise, not who asked.
  const enter = async (call: () => Promise<unknown>) => {
    await call();
    await changed();
  };
  return ways
    .filter(([way]) => may[way])
    .map(([way, call]) => (
      <Button
        key={way}
        size="xs"
        variant="default"
        loading={action.busy}
        onClick={() => action.run(() => enter(call))}
        data-testid={`supervise-${way}`}
      >
        {words.t(`supervise.${way}`)}
      </Button>
    ));
}

function TakeOver({ conversationId, isAgent }: { conversationId: string; isAgent: boolean | undefined }) {
  const words = useWords();
  const { clients, store } = useDesk();
  const navigate = useNavigate();
  const action = useAction();
  const [asking, { open, close }] = useDisclosure(false);
  const takeOver = () =>
    action.run(async () => {
      await clients.interactions.takeOver({ conversationId });
      close();
      store.select(conversationId);
      await navigate({ to: "/chats" });
    });
  return (
    <>
      <Button
        size="xs"
        variant="outline"
        color="red.9"
        onClick={open}
        disabled={isAgent === false}
        aria-describedby={isAgent === false ? NO_AGENT_ID : undefined}
        data-testid="takeover"
      >
        {words.t("supervise.takeOver")}
      </Button>
      <Dialog title={words.t("supervise.takeOver")} opened={asking} close={close}>
        <Text mb="md">{words.t("supervise.takeOverQuestion")}</Text>
        <FaultAlert fault={action.fault} testId="supervise-fault" />
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={close} data-testid="takeover-no">
            {words.t("ask.cancel")}
          </Button>
          <Button color="red.9" loading={action.busy} onClick={takeOver} data-testid="takeover-yes">
            {words.t("supervise.takeOver")}
          </Button>
        </Group>
      </Dialog>
    </>
  );
}
