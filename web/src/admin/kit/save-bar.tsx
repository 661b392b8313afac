// The end of every form: what went wrong, saving, and going back to what was.
import { Alert, Button, Group, Text } from "@mantine/core";
import { useEffect, useRef, type FormEvent, type ReactNode } from "react";
import { FaultAlert } from "../../desk/fault-alert";
import { useAdminWords } from "../words";
import { ConflictDialog, type Describe } from "./conflict-dialog";
import type { Editor } from "./use-editor";

interface FormProps<T extends object> {
  editor: Editor<T>;
  isReadOnly: boolean;
  describe?: Describe<T>;
  children: ReactNode;
  testId: string;
  label: string;
}

/** A form that saves by Enter or its button and leads to what is wrong. */
export function EditorForm<T extends object>({ editor, isReadOnly, describe, children, testId, label }: FormProps<T>) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (editor.refusals > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-invalid="true"]')?.focus();
  }, [editor.refusals]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    editor.save();
  };
  return (
    <form ref={form} onSubmit={submit} noValidate className="editor" data-testid={testId} aria-label={label}>
      {children}
      {!isReadOnly && <SaveBar editor={editor} />}
      <ConflictDialog editor={editor} describe={describe} />
    </form>
  );
}

function SaveBar<T extends object>({ editor }: { editor: Editor<T> }) {
  const words = useAdminWords();
  const isWrong = Object.keys(editor.violations).length > 0;
  return (
    <div className="save-bar">
      <FaultAlert fault={editor.fault} testId="form-fault" />
      {isWrong && (
        <Alert color="red" p="xs" role="alert" data-testid="form-violations">
          {words.t("form.check")}
        </Alert>
      )}
      <Group gap="sm" mt="sm">
        <Button type="submit" loading={editor.busy} data-testid="save">
          {words.t(editor.isNew ? "form.create" : "form.save")}
        </Button>
        {editor.dirty && !editor.isNew && (
          <Button variant="default" onClick={editor.discard} data-testid="discard">
            {words.t("form.discard")}
          </Button>
        )}
        <Text size="sm" role="status" data-testid="saved">
          {editor.isSaved && !editor.dirty ? words.t("form.saved") : ""}
          {editor.dirty ? words.t("form.unsaved") : ""}
        </Text>
      </Group>
    </div>
  );
}
