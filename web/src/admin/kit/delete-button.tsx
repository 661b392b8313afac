// Deleting one object, after a question.
import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useAction } from "../../desk/use-action";
import { faultOf } from "../../rpc/faults";
import { useAdminWords } from "../words";
import { AskDialog } from "./ask-dialog";
import type { Resource } from "./resource";

interface DeleteProps<T extends object> {
  resource: Resource<T>;
  item: T;
  section: string;
}

/** Asks and deletes. Who decides again after somebody changed the object deletes what is there now. */
export function DeleteButton<T extends object>({ resource, item, section }: DeleteProps<T>) {
  const words = useAdminWords();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const action = useAction();
  const [asking, { open, close }] = useDisclosure(false);
  const [newer, setNewer] = useState<T>();
  const id = resource.id(item);
  const remove = async () => {
    try {
      await resource.remove(id, resource.etag(newer ?? item));
    } catch (error) {
      if (faultOf(error).reason === "ETAG_MISMATCH") setNewer(await resource.get(id));
      throw error;
    }
    void queries.invalidateQueries({ queryKey: [resource.kind, "list"] });
    await navigate({ to: "/administration/$section", params: { section }, ignoreBlocker: true });
  };
  return (
    <>
      <Button size="xs" variant="outline" color="red.9" onClick={open} data-testid="delete">
        {words.t("delete.button")}
      </Button>
      <AskDialog
        opened={asking}
        title={words.t("delete.button")}
        question={`${words.t("delete.question", { name: resource.name(newer ?? item) })} ${words.t(`delete.${resource.kind}`)}`}
        yes={words.t("delete.yes")}
        action={action}
        close={close}
        confirmed={() => action.run(remove)}
      />
    </>
  );
}
