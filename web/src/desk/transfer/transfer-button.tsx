// Passing a conversation on, to a queue or an agent.
import { Button, Checkbox, Group, Radio, Stack, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { newUuid } from "../../core/uuid";
import { useDesk, useMay } from "../desk-context";
import { Dialog } from "../dialog";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useWords } from "../words";
import { AgentChoice, QueueChoice } from "./choices";

/** The longest note that is taken. */
const LONGEST_NOTE = 1_000;

interface TransferProps {
  conversationId: string;
  /** Where it is now. */
  queueId: string;
}

/** Asks where it goes and passes it on. */
export function TransferButton(props: TransferProps) {
  const words = useWords();
  const may = useMay("conversation:communication:blindTransfer");
  const [opened, { open, close }] = useDisclosure(false);
  if (!may) return null;
  return (
    <>
      <Button size="xs" variant="default" onClick={open} data-testid="transfer">
        {words.t("transfer.button")}
      </Button>
      <TransferDialog {...props} opened={opened} close={close} />
    </>
  );
}

/** A queue that is proposed. */
export interface ProposedQueue {
  queueId: string;
  name: string;
}

interface DialogProps extends TransferProps {
  opened: boolean;
  close(): void;
  proposed?: ProposedQueue | undefined;
}

/** The dialog by itself, with what is proposed filled in. */
export function TransferDialog({ opened, ...form }: DialogProps) {
  const words = useWords();
  return (
    <Dialog title={words.t("transfer.heading")} opened={opened} close={form.close}>
      <TransferForm {...form} />
    </Dialog>
  );
}

/** To what a conversation is passed on. */
type Kind = "queue" | "agent";

function TransferForm({ conversationId, queueId, close, proposed }: Omit<DialogProps, "opened">) {
  const words = useWords();
  const { clients } = useDesk();
  const action = useAction();
  const [requestId] = useState(newUuid);
  const mayFindQueues = useMay("routing:queue:search");
  const maySeeAgents = useMay("routing:queue:view");
  const [to, setTo] = useState<Kind>(mayFindQueues || proposed ? "queue" : "agent");
  const [queue, setQueue] = useState(proposed?.queueId ?? "");
  const [agent, setAgent] = useState("");
  const [isAttended, setAttended] = useState(false);
  const [keepsAge, setKeepsAge] = useState(false);
  const [note, setNote] = useState("");
  const target = to === "queue" ? { queueId: queue } : { queueId, userId: agent };
  const isChosen = to === "queue" ? queue !== "" : agent !== "";
  const send = () =>
    action.run(async () => {
      const rest = { attended: isAttended, keepAge: keepsAge, note: note.trim() };
      await clients.interactions.transfer({ requestId, conversationId, ...target, ...rest });
      close();
    });
  return (
    <Stack gap="sm">
      <Where to={to} choose={setTo} mayFindQueues={mayFindQueues} maySeeAgents={maySeeAgents} />
      {to === "queue" && <QueueChoice label={words.t("transfer.queue")} value={queue} valueName={proposed?.name} choose={setQueue} testId="transfer-queue" />}
      {to === "agent" && <AgentChoice label={words.t("transfer.agent")} value={agent} choose={setAgent} testId="transfer-agent" />}
      <Checkbox
        checked={isAttended}
        onChange={(event) => setAttended(event.currentTarget.checked)}
        label={words.t("transfer.attended")}
        description={words.t("transfer.attendedHint")}
        data-testid="transfer-attended"
      />
      <Checkbox
        checked={keepsAge}
        onChange={(event) => setKeepsAge(event.currentTarget.checked)}
        label={words.t("transfer.keepAge")}
        data-testid="transfer-keep-age"
      />
      <Textarea
        label={words.t("transfer.note")}
        description={words.t("transfer.noteHint")}
        maxLength={LONGEST_NOTE}
        autosize
        minRows={2}
        maxRows={6}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
        data-testid="transfer-note"
      />
      <FaultAlert fault={action.fault} testId="transfer-fault" />
      <Group justify="flex-end">
        <Button variant="default" onClick={close} data-testid="transfer-no">
          {words.t("ask.cancel")}
        </Button>
        <Button onClick={send} disabled={!isChosen} loading={action.busy} data-testid="transfer-yes">
          {words.t("transfer.button")}
        </Button>
      </Group>
    </Stack>
  );
}

interface WhereProps {
  to: Kind;
  choose(to: Kind): void;
  mayFindQueues: boolean;
  maySeeAgents: boolean;
}

function Where({ to, choose, mayFindQueues, maySeeAgents }: WhereProps) {
  const words = useWords();
  return (
    <Radio.Group value={to} onChange={(value) => choose(value as Kind)} label={words.t("transfer.to")} name="transfer-to">
      <Group gap="lg" mt={4}>
        <Radio value="queue" label={words.t("transfer.toQueue")} disabled={!mayFindQueues} data-testid="transfer-to-queue" />
        <Radio value="agent" label={words.t("transfer.toAgent")} disabled={!maySeeAgents} data-testid="transfer-to-agent" />
      </Group>
    </Radio.Group>
  );
}
