// The button to sign out, which asks first while customers are with the agent.
import { Button, Group, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useDesk, useSnapshot } from "./desk-context";
import { customersInHand } from "./in-hand";
import { useAction } from "./use-action";
import { useWords } from "./words";

/** Signs out, at once if nobody waits for the agent. */
export function SignOutButton() {
  const words = useWords();
  const { signOut, unsaved } = useDesk();
  const count = customersInHand(useSnapshot());
  const action = useAction();
  const [asking, { open, close }] = useDisclosure(false);
  const leave = () => action.run(signOut);
  // Forms come and go without this button being drawn again.
  const ask = () => (count > 0 || unsaved.size > 0 ? open() : leave());
  return (
    <>
      <Button
        size="xs"
        variant="default"
        loading={action.busy}
        onClick={ask}
        data-testid="logout"
      >
        {words.t("desk.logout")}
      </Button>
      <Modal
        opened={asking && (count > 0 || unsaved.size > 0)}
        onClose={close}
        title={words.t("desk.logout")}
        closeButtonProps={{ "aria-label": words.t("chats.close") }}
        centered
        transitionProps={{ duration: 0 }}
      >
        {count > 0 && <Text mb="md">{words.count("desk.logoutQuestion", count)}</Text>}
        {unsaved.size > 0 && <Text mb="md">{words.t("desk.logoutUnsaved")}</Text>}
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={close} data-autofocus data-testid="logout-no">
            {words.t("desk.logoutNo")}
          </Button>
          <Button color="red.9" loading={action.busy} onClick={leave} data-testid="logout-yes">
            {words.t("desk.logoutYes")}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
