// A dialog as the desk has them.
import { Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { useWords } from "./words";

interface DialogProps {
  title: string;
  opened: boolean;
  close(): void;
  size?: string;
  children: ReactNode;
}

/** A dialog over the page. */
export function Dialog({ title, opened, close, size = "md", children }: DialogProps) {
  const words = useWords();
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={title}
      size={size}
      closeButtonProps={{ "aria-label": words.t("chats.close") }}
      centered
      transitionProps={{ duration: 0 }}
    >
      {children}
    </Modal>
  );
}
