// Nobody loses what they typed by a wrong click: leaving a page with unsaved changes asks first.
import { Button, Group, Modal, Text } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import { useEffect, useId, type ReactNode } from "react";
import { useDesk } from "../../desk/desk-context";
import { useAdminWords } from "../words";

/** Watches over the forms among its children. */
export function UnsavedGuard({ children }: { children: ReactNode }) {
  const { unsaved } = useDesk();
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => unsaved.size > 0 && current.pathname !== next.pathname,
    enableBeforeUnload: () => unsaved.size > 0,
    withResolver: true,
  });
  return (
    <>
      {children}
      <LeaveQuestion asked={blocker.status === "blocked"} stay={() => blocker.reset?.()} leave={() => blocker.proceed?.()} />
    </>
  );
}

/** Tells the guard whether a form has unsaved changes; the answer forgets them at once. */
export function useUnsaved(dirty: boolean): () => void {
  const { unsaved } = useDesk();
  const id = useId();
  useEffect(() => {
    if (dirty) unsaved.add(id);
    else unsaved.delete(id);
    return () => void unsaved.delete(id);
  }, [unsaved, id, dirty]);
  return () => void unsaved.delete(id);
}

function LeaveQuestion({ asked, stay, leave }: { asked: boolean; stay(): void; leave(): void }) {
  const words = useAdminWords();
  return (
    <Modal
      opened={asked}
      onClose={stay}
      title={words.t("unsaved.title")}
      closeButtonProps={{ "aria-label": words.t("close") }}
      centered
      transitionProps={{ duration: 0 }}
    >
      <Text>{words.t("unsaved.question")}</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={stay} data-autofocus data-testid="unsaved-stay">
          {words.t("unsaved.stay")}
        </Button>
        <Button color="red.9" onClick={leave} data-testid="unsaved-leave">
          {words.t("unsaved.leave")}
        </Button>
      </Group>
    </Modal>
  );
}
