// Bringing files into a conversation: the button, and those on their way.
import { Button, FileButton, Group, Progress, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { fileSize } from "../../core/file-size";
import type { UploadEntry } from "../../core/uploads";
import { refusalKey } from "../../i18n/refusals";
import { readLimits } from "../../rpc/attachments";
import type { DeskChat } from "../desk-chat";
import { useDesk } from "../desk-context";
import { faultText, useWords } from "../words";

interface AttachButtonProps {
  conversationId: string;
  attach: DeskChat["attach"];
}

/** Chooses files; not there where the queue takes none. */
export function AttachButton({ conversationId, attach }: AttachButtonProps) {
  const words = useWords();
  const { clients } = useDesk();
  const limits = useQuery({
    queryKey: ["attachment-limits", conversationId],
    staleTime: 60_000,
    queryFn: () => readLimits(clients.attachments, conversationId),
  });
  if (!limits.data?.enabled) return null;
  const chosen = async (files: File[]) => {
    const now = (await limits.refetch()).data ?? limits.data;
    attach(files, now);
  };
  return (
    <FileButton multiple onChange={(files) => void chosen(files)} accept={limits.data.mediaTypes.join(",")} inputProps={{ "data-testid": "attach-input" } as object}>
      {(props) => (
        <Button {...props} variant="default" data-testid="attach">
          {words.t("file.attach")}
        </Button>
      )}
    </FileButton>
  );
}

interface UploadListProps {
  uploads: readonly UploadEntry[];
  actions: Pick<DeskChat, "retryUpload" | "discardUpload">;
}

/** The files that the log does not show yet. */
export function UploadList({ uploads, actions }: UploadListProps) {
  const words = useWords();
  if (uploads.length === 0) return null;
  return (
    <Stack component="ul" className="uploads" gap={6} aria-label={words.t("file.uploads")}>
      {uploads.map((entry) => (
        <Upload key={entry.requestId} entry={entry} actions={actions} />
      ))}
    </Stack>
  );
}

function Upload({ entry, actions }: { entry: UploadEntry; actions: UploadListProps["actions"] }) {
  const words = useWords();
  const { requestId, name, bytes, sent, state } = entry;
  const share = bytes === 0 ? 0 : (100 * sent) / bytes;
  const isBad = state === "refused" || state === "failed";
  return (
    <li data-testid="upload" data-state={state} data-refusal={entry.refusal}>
      <Group gap="xs" justify="space-between" wrap="nowrap">
        <Text size="sm" className="guest grow">
          {name} ({fileSize(bytes, words.locale)}){" – "}
          <Text span inherit role="status" c={isBad ? "red.9" : "dimmed"} data-testid="upload-state">
            {standing(entry, words)}
          </Text>
        </Text>
        {state === "failed" && (
          <Button size="compact-xs" variant="light" onClick={() => actions.retryUpload(requestId)} data-testid="upload-retry">
            {words.t("message.retry")}
          </Button>
        )}
        {state !== "checking" && state !== "clean" && (
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => actions.discardUpload(requestId)}
            aria-label={words.t("file.discardNamed", { name })}
            data-testid="upload-discard"
          >
            {words.t("message.discard")}
          </Button>
        )}
      </Group>
      {state === "sending" && <Progress size="sm" value={share} color="cyan.9" aria-label={words.t("file.sendingNamed", { name })} />}
    </li>
  );
}

function standing({ state, refusal, fault }: UploadEntry, words: ReturnType<typeof useWords>): string {
  switch (state) {
    case "waiting":
      return words.t("file.waiting");
    case "sending":
      return words.t("file.sending");
    case "checking":
      return words.t("file.checking");
    case "clean":
      return words.t("file.clean");
    case "refused":
      return words.t(refusalKey(refusal));
    case "failed":
      return words.t("message.notSent", { reason: fault ? faultText(fault, words) : "" });
  }
}
