// The responses of a library as a file.
import { Button, Group, Modal, NativeSelect, Stack } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { wholeFile } from "../../desk/export-menu";
import { FaultAlert } from "../../desk/fault-alert";
import { useAction } from "../../desk/use-action";
import { ResponseFormat } from "../../gen/onqueue/content/v1/response_transfer_pb";
import { keepBlob } from "../../rpc/attachments";
import { NO_DEADLINE } from "../../rpc/transport";
import { useAdmin } from "../context";
import { PickOne } from "../kit/pickers";
import { useAdminWords } from "../words";

/** Opens the form; `libraryId` is what is chosen at first. */
export function ExportResponses({ libraryId }: { libraryId: string }) {
  const words = useAdminWords();
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button size="xs" variant="default" onClick={open} data-testid="responses-export">
        {words.t("export.responses")}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={words.t("export.responses")}
        closeButtonProps={{ "aria-label": words.t("close") }}
        transitionProps={{ duration: 0 }}
      >
        <ExportForm first={libraryId} close={close} />
      </Modal>
    </>
  );
}

function ExportForm({ first, close }: { first: string; close(): void }) {
  const words = useAdminWords();
  const { clients, resources } = useAdmin();
  const action = useAction();
  const [libraryId, setLibrary] = useState(first);
  const [format, setFormat] = useState<ResponseFormat>(ResponseFormat.CSV);
  const save = () =>
    action.run(async () => {
      const file = await wholeFile(clients.responseTransfer.exportResponses({ libraryId, format }, NO_DEADLINE));
      keepBlob(file.name, file.content);
      close();
    });
  return (
    <Stack gap="sm">
      <PickOne
        resource={resources.libraries}
        label={words.t("kind.library")}
        value={libraryId}
        onChange={setLibrary}
        data-testid="export-library"
      />
      <NativeSelect
        label={words.t("export.format")}
        data={[
          { value: String(ResponseFormat.CSV), label: words.t("export.csv") },
          { value: String(ResponseFormat.JSON), label: words.t("export.json") },
        ]}
        value={String(format)}
        onChange={(event) => setFormat(Number(event.currentTarget.value))}
        data-testid="export-responses-format"
      />
      <FaultAlert fault={action.fault} testId="export-responses-fault" />
      <Group justify="flex-end">
        <Button variant="default" onClick={close} data-testid="export-responses-no">
          {words.t("cancel")}
        </Button>
        <Button onClick={save} disabled={libraryId === ""} loading={action.busy} data-testid="export-responses-yes">
          {words.t("script.download")}
        </Button>
      </Group>
    </Stack>
  );
}
