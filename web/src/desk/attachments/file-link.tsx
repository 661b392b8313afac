// A file in the log: its name, its size, and a way to get it.
import { Button } from "@mantine/core";
import { fileSize } from "../../core/file-size";
import type { AttachmentAdded } from "../../gen/onqueue/session/v1/event_pb";
import { download } from "../../rpc/attachments";
import { useDesk } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useWords } from "../words";

interface FileLinkProps {
  conversationId: string;
  file: AttachmentAdded;
}

/** Has the browser keep the file. */
export function FileLink({ conversationId, file }: FileLinkProps) {
  const words = useWords();
  const { clients } = useDesk();
  const action = useAction();
  const { attachmentId, name, bytes, mediaType } = file;
  const size = fileSize(Number(bytes), words.locale);
  return (
    <span className="file" data-testid="file" data-attachment={attachmentId}>
      <span>{words.t("file.is", { name, size, type: mediaType })}</span>
      <Button
        size="compact-xs"
        variant="white"
        loading={action.busy}
        onClick={() => action.run(() => download(clients.attachments, conversationId, attachmentId))}
        aria-label={words.t("file.downloadNamed", { name })}
        data-testid="file-download"
      >
        {words.t("file.download")}
      </Button>
      <FaultAlert fault={action.fault} testId="file-fault" />
    </span>
  );
}
