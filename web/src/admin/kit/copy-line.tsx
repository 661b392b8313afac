// A text to be copied to somewhere else.
import { Button, Group, Textarea } from "@mantine/core";
import { useRef, useState } from "react";
import { useAdminWords } from "../words";

/** Shows a text with a button that copies it. */
export function CopyLine({ label, text, testId }: { label: string; text: string; testId: string }) {
  const words = useAdminWords();
  const input = useRef<HTMLTextAreaElement>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = () => {
    input.current?.select();
    void copied(text).then(setCopied);
  };
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <Textarea
        ref={input}
        className="grow code"
        label={label}
        value={text}
        readOnly
        autosize
        onFocus={(event) => event.currentTarget.select()}
        data-testid={testId}
      />
      <Button variant="default" onClick={copy} data-testid={`${testId}-copy`}>
        <span role="status">{words.t(isCopied ? "copy.done" : "copy.button")}</span>
      </Button>
    </Group>
  );
}

// Only secure contexts have a clipboard; elsewhere the browser copies what is selected.
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
