// Scripts: the list with importing, and one script with its draft, versions and queues.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Stack, Textarea, TextInput } from "@mantine/core";
import type { Script } from "../../gen/onqueue/content/v1/script_pb";
import { useAdmin } from "../context";
import type { Fields } from "../kit/fields";
import { Name, PickOne } from "../kit/pickers";
import { ResourceList } from "../kit/resource-list";
import { ResourcePage } from "../kit/resource-page";
import { ImportScript } from "../scripts/import-script";
import { PublishPart } from "../scripts/publish-part";
import { SourceEditor } from "../scripts/source-editor";
import { UsedBy } from "../scripts/used-by";
import { VersionsPart } from "../scripts/versions-part";
import { useAdminWords } from "../words";

/** The scripts. */
export function ScriptList() {
  const words = useAdminWords();
  const { resources } = useAdmin();
  return (
    <ResourceList
      section="scripts"
      titleKey="section.scripts"
      resource={resources.scripts}
      actions={<ImportScript />}
      columns={[
        { key: "field.divisionId", cell: ({ divisionId }) => <Name resource={resources.divisions} id={divisionId} />, isExtra: true },
        {
          key: "script.version",
          cell: ({ publishedVersion }) => (publishedVersion === 0 ? words.t("script.none") : words.number(publishedVersion)),
        },
        {
          key: "script.publishedAt",
          cell: ({ publishedAt }) => publishedAt && words.dateTime(timestampMs(publishedAt)),
          isExtra: true,
        },
        { key: "script.draft", cell: ({ draftDiffers }) => words.t(draftDiffers ? "script.draftDiffers" : "script.draftSame"), isExtra: true },
      ]}
    />
  );
}

/** One script. */
export function ScriptPage({ id }: { id: string }) {
  const { resources } = useAdmin();
  return (
    <ResourcePage
      section="scripts"
      resource={resources.scripts}
      id={id}
      form={(fields) => <ScriptForm fields={fields} />}
      beside={(script, adopt) => (
        <>
          <PublishPart script={script} adopt={adopt} />
          <VersionsPart script={script} adopt={adopt} />
          <UsedBy scriptId={script.scriptId} />
        </>
      )}
    />
  );
}

function ScriptForm({ fields }: { fields: Fields<Script> }) {
  const { resources } = useAdmin();
  return (
    <Stack gap="sm">
      <TextInput {...fields.text("name")} required autoComplete="off" />
      <Textarea {...fields.text("description")} autosize minRows={2} />
      <PickOne {...fields.value("divisionId")} resource={resources.divisions} />
      <SourceEditor {...fields.value("document")} />
    </Stack>
  );
}
