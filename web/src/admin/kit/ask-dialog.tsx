// A question before something that cannot be taken back.
import { Button, Group, Modal, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { FaultAlert } from "../../desk/fault-alert";
import type { Action } from "../../desk/use-action";
import { useAdminWords } from "../words";

interface AskProps {
  opened: boolean;
  title: string;
  question: string;
  yes: string;
  action: Action;
  close(): void;
  confirmed(): void;
  children?: ReactNode;
}

/** Asks, and shows what became of the answer. */
export function AskDialog({ opened, title, question, yes, action, close, confirmed, children }: AskProps) {
  const words = useAdminWords();
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={title}
      closeButtonProps={{ "aria-label": words.t("close") }}
      centered
      transitionProps={{ duration: 0 }}
    >
      <Text mb="md" className="guest">
        {question}
      </Text>
      {children}
      <FaultAlert fault={action.fault} testId="ask-fault" />
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={close} data-autofocus data-testid="ask-no">
          {words.t("cancel")}
        </Button>
        <Button color="red.9" loading={action.busy} onClick={confirmed} data-testid="ask-yes">
          {yes}
        </Button>
      </Group>
    </Modal>
  );
}
