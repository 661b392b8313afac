// Keeps a transcript as a file.
import { Button, Checkbox, Group, NativeSelect, Stack } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { TranscriptAudience, TranscriptFormat } from "../gen/onqueue/session/v1/transcript_pb";
import { keepBlob } from "../rpc/attachments";
import { NO_DEADLINE } from "../rpc/transport";
import { useDesk, useMay } from "./desk-context";
import { Dialog } from "./dialog";
import { FaultAlert } from "./fault-alert";
import { useAction } from "./use-action";
import { useWords } from "./words";

const FORMATS = [
  [TranscriptFormat.TEXT, "text"],
  [TranscriptFormat.HTML, "html"],
  [TranscriptFormat.JSON, "json"],
] as const;

/** Asks for what kind of file, and has the browser keep it. */
export function ExportButton({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const may = useMay("recording:transcript:export");
  const [opened, { open, close }] = useDisclosure(false);
  if (!may) return null;
  return (
    <>
      <Button size="xs" variant="default" onClick={open} data-testid="export">
        {words.t("export.button")}
      </Button>
      <Dialog title={words.t("export.heading")} opened={opened} close={close}>
        <ExportForm conversationId={conversationId} close={close} />
      </Dialog>
    </>
  );
}

function ExportForm({ conversationId, close }: { conversationId: string; close(): void }) {
  const words = useWords();
  const { clients } = useDesk();
  const action = useAction();
  const [format, setFormat] = useState<TranscriptFormat>(TranscriptFormat.TEXT);
  const [isForGuest, setForGuest] = useState(false);
  const save = () =>
    action.run(async () => {
      const audience = isForGuest ? TranscriptAudience.GUEST : TranscriptAudience.UNSPECIFIED;
      const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      const asked = { conversationId, format, audience, language: words.locale, timeZone };
      const file = await wholeFile(clients.transcripts.exportTranscript(asked, NO_DEADLINE));
      keepBlob(file.name, file.content);
      close();
    });
  return (
    <Stack gap="sm">
      <NativeSelect
        label={words.t("export.format")}
        data={FORMATS.map(([value, name]) => ({ value: String(value), label: words.t(`export.${name}`) }))}
        value={String(format)}
        onChange={(event) => setFormat(Number(event.currentTarget.value))}
        data-testid="export-format"
      />
      <Checkbox
        label={words.t("export.forGuest")}
        description={words.t("export.forGuestHint")}
        checked={isForGuest}
        onChange={(event) => setForGuest(event.currentTarget.checked)}
        data-testid="export-guest"
      />
      <FaultAlert fault={action.fault} testId="export-fault" />
      <Group justify="flex-end">
        <Button variant="default" onClick={close} data-testid="export-no">
          {words.t("ask.cancel")}
        </Button>
        <Button onClick={save} loading={action.busy} data-testid="export-yes">
          {words.t("export.button")}
        </Button>
      </Group>
    </Stack>
  );
}

interface Part {
  fileName: string;
  mediaType: string;
  content: Uint8Array;
}

/** The file in the parts in which it comes. */
export async function wholeFile(parts: AsyncIterable<Part>): Promise<{ name: string; content: Blob }> {
  const pieces: BlobPart[] = [];
  let name = "";
  let type = "";
  for await (const { fileName, mediaType, content } of parts) {
    name ||= fileName;
    type ||= mediaType;
    pieces.push(new Uint8Array(content));
  }
  return { name, content: new Blob(pieces, { type }) };
}
