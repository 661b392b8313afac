// Wrap-up codes: the list, and one code with the queues that use it.
import { Stack, Textarea, TextInput } from "@mantine/core";
import { useAdmin } from "../context";
import { Name, PickMany, PickOne } from "../kit/pickers";
import { ResourceList } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import { useAdminWords } from "../words";

/** The wrap-up codes. */
export function WrapUpCodeList() {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourceList
      section="wrap-up-codes"
      titleKey="section.wrap-up-codes"
      resource={resources.wrapUpCodes}
      columns={[
        {
          key: "field.divisionId",
          cell: ({ divisionId }) => (divisionId === "" ? words.t("grants.everywhere") : <Name resource={resources.divisions} id={divisionId} />),
          isExtra: true,
        },
        { key: "section.queues", cell: ({ queueIds }) => words.number(queueIds.length) },
      ]}
    />
  );
}

/** One wrap-up code. */
export function WrapUpCodePage({ id }: { id: string }) {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourcePage
      section="wrap-up-codes"
      resource={resources.wrapUpCodes}
      id={id}
      form={(fields) => (
        <Stack gap="sm">
          <TextInput {...fields.text("name")} required autoComplete="off" />
          <Textarea {...fields.text("description")} autosize minRows={2} />
          <PickOne {...fields.value("divisionId")} resource={resources.divisions} none={words.t("grants.everywhere")} />
          <PickMany {...fields.value("queueIds")} resource={resources.queues} />
        </Stack>
      )}
    />
  );
}
