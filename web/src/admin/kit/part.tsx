// A part of a page that is read and saved by itself, such as somebody's grants.
import { Button, Loader, Paper, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { FaultAlert } from "../../desk/fault-alert";
import { faultOf } from "../../rpc/faults";
import { useAdminWords } from "../words";
import type { Rules } from "./bounds";
import type { Describe } from "./conflict-dialog";
import type { FieldOf } from "./draft";
import { useFields, type Fields } from "./fields";
import { EditorForm } from "./save-bar";
import { useEditor, type Editor } from "./use-editor";

interface PartProps<T extends object> {
  name: string;
  title: string;
  queryKey: readonly unknown[];
  fields: readonly FieldOf<T>[];
  rules: Rules<T>;
  isReadOnly: boolean;
  read(): Promise<T>;
  write(value: T, changed: FieldOf<T>[]): Promise<T>;
  describe?: Describe<T>;
  children(fields: Fields<T>, editor: Editor<T>): ReactNode;
}

/** One part. */
export function Part<T extends object>(props: PartProps<T>) {
  const { name, title, queryKey, read } = props;
  const words = useAdminWords();
  const query = useQuery({ queryKey, queryFn: read, staleTime: Number.POSITIVE_INFINITY, gcTime: 0 });
  return (
    <Paper component="section" className="part" withBorder p="md" mt="lg" aria-label={title} data-testid={`part-${name}`}>
      <Title order={3} size="h4" mb="sm">
        {title}
      </Title>
      {query.isPending && <Loader size="sm" aria-label={words.t("loading")} />}
      {query.isError && (
        <>
          <FaultAlert fault={faultOf(query.error)} testId={`part-${name}-fault`} />
          <Button mt="sm" size="xs" variant="default" onClick={() => void query.refetch()}>
            {words.t("tryAgain")}
          </Button>
        </>
      )}
      {query.data && <PartForm {...props} initial={query.data} />}
    </Paper>
  );
}

function PartForm<T extends object>(props: PartProps<T> & { initial: T }) {
  const { name, title, initial, fields, rules, read, write, isReadOnly, describe, children } = props;
  const editor = useEditor<T>({ initial, isNew: false, fields, rules, read, write });
  const bound = useFields(editor, isReadOnly);
  return (
    <EditorForm
      editor={editor}
      isReadOnly={isReadOnly}
      testId={`form-${name}`}
      label={title}
      {...(describe ? { describe } : {})}
    >
      {children(bound, editor)}
    </EditorForm>
  );
}
