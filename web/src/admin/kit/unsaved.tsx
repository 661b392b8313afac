// Nobody loses what they typed by a wrong click: leaving a page with unsaved changes asks first.
import { Button, Group, Modal, Text } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import { createContext, useContext, useEffect, useId, useState, type ReactNode } from "react";
import { useAdminWords } from "../words";

const UnsavedContext = createContext<Set<string>>(new Set());

/** Watches over the forms among its children. */
export function UnsavedGuard({ children }: { children: ReactNode }) {
  const [forms] = useState(() => new Set<string>());
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => forms.size > 0 && current.pathname !== next.pathname,
    enableBeforeUnload: () => forms.size > 0,
    withResolver: true,
  });
  return (
    <UnsavedContext value={forms}>
      {children}
      <LeaveQuestion asked={blocker.status === "blocked"} stay={() => blocker.reset?.()} leave={() => blocker.proceed?.()} />
    </UnsavedContext>
  );
}

/** Tells the guard whether a form has unsaved changes; the answer forgets them at once. */
export function useUnsaved(dirty: boolean): () => void {
  const forms = useContext(UnsavedContext);
  const id = useId();
  useEffect(() => {
    if (dirty) forms.add(id);
    else forms.delete(id);
    return () => void forms.delete(id);
  }, [forms, id, dirty]);
  return () => void forms.delete(id);
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
