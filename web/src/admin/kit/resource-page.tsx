// The page of one object: reading it, its form, making it, deleting it, and what else belongs to it.
import { Button, Loader } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { FaultAlert } from "../../desk/fault-alert";
import { faultOf } from "../../rpc/faults";
import { useHolds } from "../context";
import { useAdminWords, type AdminKey } from "../words";
import type { Describe } from "./conflict-dialog";
import { DeleteButton } from "./delete-button";
import { useFields, type Fields } from "./fields";
import { PageTitle } from "./page-title";
import type { Kind, Resource } from "./resource";
import { EditorForm } from "./save-bar";
import { maskOf } from "./draft";
import { useEditor, type Editor } from "./use-editor";

/** Stands for the id of an object that is to be made. */
export const NEW = "new";

interface PageProps<T extends object> {
  section: string;
  resource: Resource<T>;
  id: string;
  form(fields: Fields<T>, editor: Editor<T>): ReactNode;
  /** What belongs to an object that exists; `adopt` takes what was changed there. */
  beside?(item: T, adopt: (item: T) => void): ReactNode;
  describe?: Describe<T>;
}

/** One object. */
export function ResourcePage<T extends object>(props: PageProps<T>) {
  const { resource, id, section } = props;
  const words = useAdminWords();
  const isNew = id === NEW;
  const read = useQuery({
    queryKey: [resource.kind, "one", id],
    queryFn: () => (isNew ? resource.blank() : resource.get(id)),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return (
    <>
      <Link to="/administration/$section" params={{ section }} className="back-link" data-testid="back-to-list">
        {words.t("backToList")}
      </Link>
      {read.isPending && <Loader m="md" aria-label={words.t("loading")} data-testid="page-loading" />}
      {read.isError && <Failed error={read.error} again={() => void read.refetch()} />}
      {read.data && <Loaded key={id} {...props} item={read.data} />}
    </>
  );
}

function Failed({ error, again }: { error: unknown; again(): void }) {
  const words = useAdminWords();
  const fault = faultOf(error);
  return (
    <>
      <FaultAlert fault={fault} testId="page-fault" />
      {fault.status !== "not_found" && (
        <Button mt="sm" variant="default" onClick={again} data-testid="page-retry">
          {words.t("tryAgain")}
        </Button>
      )}
    </>
  );
}

function Loaded<T extends object>(props: PageProps<T> & { item: T }) {
  const { resource, id, section, item, form, beside, describe } = props;
  const words = useAdminWords();
  const holds = useHolds();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const isNew = id === NEW;
  const isReadOnly = !holds(isNew ? resource.needs.add : resource.needs.edit);
  const editor = useEditor<T>({
    initial: item,
    isNew,
    fields: resource.fields,
    rules: resource.rules,
    ...(isNew ? {} : { read: () => resource.get(id) }),
    write: (value, changed, requestId) => (isNew ? resource.create(requestId, value) : resource.update(value, maskOf(changed))),
    saved: (saved) => {
      void queries.invalidateQueries({ queryKey: [resource.kind, "list"] });
      queries.setQueryData([resource.kind, "name", resource.id(saved)], resource.name(saved));
      if (isNew) void navigate({ to: "/administration/$section/$id", params: { section, id: resource.id(saved) }, replace: true });
    },
  });
  const fields = useFields(editor, isReadOnly);
  return (
    <>
      <PageTitle title={isNew ? words.t(newKey(resource.kind)) : resource.name(editor.base)}>
        {!isNew && holds(resource.needs.remove) && <DeleteButton resource={resource} item={editor.base} section={section} />}
      </PageTitle>
      <EditorForm
        editor={editor}
        isReadOnly={isReadOnly}
        testId="resource-form"
        label={words.t(oneKey(resource.kind))}
        {...(describe ? { describe } : {})}
      >
        {form(fields, editor)}
      </EditorForm>
      {!isNew && beside?.(editor.base, editor.adopt)}
    </>
  );
}

/** What one of a kind is called. */
export function oneKey(kind: Kind): AdminKey {
  return `kind.${kind}`;
}

/** What making one of a kind is called. */
export function newKey(kind: Kind): AdminKey {
  return `new.${kind}`;
}
