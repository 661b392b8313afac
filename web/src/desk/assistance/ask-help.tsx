// The agent asks for a supervisor.
import { Button, Group, Stack, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { isSendable } from "../../core/message-text";
import { newUuid } from "../../core/uuid";
import { useDesk, useMay } from "../desk-context";
import { Dialog } from "../dialog";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useWords } from "../words";

/** Asks what is wrong and calls for a supervisor. */
export function AskHelp({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const may = useMay("conversation:assistance:request");
  const [opened, { open, close }] = useDisclosure(false);
  if (!may) return null;
  return (
    <>
      <Button size="xs" variant="default" onClick={open} data-testid="help">
        {words.t("help.button")}
      </Button>
      <HelpDialog conversationId={conversationId} opened={opened} close={close} />
    </>
  );
}

interface HelpProps {
  conversationId: string;
  close(): void;
  /** What the box begins with. */
  proposed?: string;
}

/** The dialog by itself. */
export function HelpDialog({ opened, ...form }: HelpProps & { opened: boolean }) {
  const words = useWords();
  return (
    <Dialog title={words.t("help.heading")} opened={opened} close={form.close}>
      <HelpForm {...form} />
    </Dialog>
  );
}

function HelpForm({ conversationId, close, proposed = "" }: HelpProps) {
  const words = useWords();
  const { clients } = useDesk();
  const action = useAction();
  const [text, setText] = useState(proposed);
  const [requestId, setRequestId] = useState(newUuid);
  const change = (next: string) => {
    setText(next);
    // The same id with other words would be refused.
    if (action.fault) setRequestId(newUuid());
  };
  const ask = () =>
    action.run(async () => {
      await clients.assistance.requestAssistance({ requestId, conversationId, text: text.trim() });
      close();
    });
  return (
    <Stack gap="sm">
      <Textarea
        label={words.t("help.text")}
        description={words.t("help.textHint")}
        autosize
        minRows={3}
        maxRows={8}
        data-autofocus
        value={text}
        onChange={(event) => change(event.currentTarget.value)}
        data-testid="help-text"
      />
      <FaultAlert fault={action.fault} testId="help-fault" />
      <Group justify="flex-end">
        <Button variant="default" onClick={close} data-testid="help-no">
          {words.t("ask.cancel")}
        </Button>
        <Button onClick={ask} disabled={!isSendable(text.trim())} loading={action.busy} data-testid="help-yes">
          {words.t("help.button")}
        </Button>
      </Group>
    </Stack>
  );
}
