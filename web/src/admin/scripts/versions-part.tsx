// What was published: by whom, when, what it says, and taking it up again.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Button, Group, Loader, Modal, Paper, Table, Text, Textarea, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FaultAlert } from "../../desk/fault-alert";
import { useAction } from "../../desk/use-action";
import type { Script, ScriptVersion } from "../../gen/onqueue/content/v1/script_pb";
import { keepText } from "../../rpc/attachments";
import { faultOf } from "../../rpc/faults";
import { useAdmin, useHolds } from "../context";
import { AskDialog } from "../kit/ask-dialog";
import { Name } from "../kit/pickers";
import { present } from "../kit/resource";
import { asShown } from "../resources/scripts";
import { useAdminWords } from "../words";
import { legible } from "./document";

const PAGE_SIZE = 20;
const USER = "user:";

interface VersionsProps {
  script: Script;
  adopt(script: Script): void;
}

/** The versions, the newest first. */
export function VersionsPart({ script, adopt }: VersionsProps) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const { scriptId } = script;
  const list = useInfiniteQuery({
    queryKey: ["script", "versions", scriptId],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => clients.scripts.listScriptVersions({ scriptId, pageSize: PAGE_SIZE, pageToken: pageParam }, { signal }),
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
  const versions = list.data?.pages.flatMap((page) => page.versions) ?? [];
  return (
    <Paper component="section" className="part" withBorder p="md" mt="lg" aria-label={words.t("script.versions")} data-testid="part-versions">
      <Group justify="space-between" mb="sm">
        <Title order={3} size="h4">
          {words.t("script.versions")}
        </Title>
        <DownloadButton scriptId={scriptId} version={0} />
      </Group>
      {list.isPending && <Loader size="sm" aria-label={words.t("loading")} />}
      <FaultAlert fault={list.error ? faultOf(list.error) : undefined} testId="versions-fault" />
      {list.isSuccess && versions.length === 0 && <Text size="sm">{words.t("script.neverPublished")}</Text>}
      {versions.length > 0 && <Versions versions={versions} script={script} adopt={adopt} />}
      {list.hasNextPage && (
        <Button mt="sm" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} data-testid="versions-more">
          {words.t("list.more")}
        </Button>
      )}
    </Paper>
  );
}

function Versions({ versions, script, adopt }: VersionsProps & { versions: readonly ScriptVersion[] }) {
  const words = useAdminWords();
  const holds = useHolds();
  const [shown, setShown] = useState<number>();
  return (
    <>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{words.t("script.version")}</Table.Th>
            <Table.Th scope="col">{words.t("script.publishedAt")}</Table.Th>
            <Table.Th scope="col">{words.t("script.actions")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {versions.map(({ version, publishedAt, publishedBy, digest }) => (
            <Table.Tr key={version} data-testid="script-version" data-version={version} data-digest={digest}>
              <Table.Th scope="row">{version}</Table.Th>
              <Table.Td>
                {publishedAt && words.dateTime(timestampMs(publishedAt))}
                <Text size="xs" className="guest">
                  <Publisher actor={publishedBy} />
                </Text>
              </Table.Td>
              <Table.Td>
                <Group gap="xs">
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() => setShown(version)}
                    aria-label={words.t("script.showVersion", { version })}
                    data-testid="script-version-show"
                  >
                    {words.t("script.show")}
                  </Button>
                  <DownloadButton scriptId={script.scriptId} version={version} />
                  {holds("scripter:script:edit") && <TakeUpButton script={script} version={version} adopt={adopt} />}
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Modal
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        title={words.t("script.versionOf", { name: script.name, version: shown ?? 0 })}
        size="xl"
        closeButtonProps={{ "aria-label": words.t("close") }}
        transitionProps={{ duration: 0 }}
      >
        {shown !== undefined && <Shown scriptId={script.scriptId} version={shown} />}
      </Modal>
    </>
  );
}

function Shown({ scriptId, version }: { scriptId: string; version: number }) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const read = useQuery({
    queryKey: ["script", "version", scriptId, version],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => present((await clients.scripts.getScriptVersion({ scriptId, version }, { signal })).version).document,
  });
  if (read.error) return <FaultAlert fault={faultOf(read.error)} />;
  if (read.data === undefined) return <Loader aria-label={words.t("loading")} />;
  return <Textarea className="source" label={words.t("field.document")} value={legible(read.data)} readOnly rows={24} data-testid="script-version-document" />;
}

/** Has the browser keep a version, or the draft. */
function DownloadButton({ scriptId, version }: { scriptId: string; version: number }) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const action = useAction();
  const save = () =>
    action.run(async () => {
      const { fileName, content } = await clients.scripts.exportScript({ scriptId, version });
      keepText(fileName, "application/json", content);
    });
  const isDraft = version === 0;
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        onClick={save}
        loading={action.busy}
        {...(isDraft ? {} : { "aria-label": words.t("script.downloadVersion", { version }) })}
        data-testid={isDraft ? "script-download-draft" : "script-version-download"}
      >
        {words.t(isDraft ? "script.downloadDraft" : "script.download")}
      </Button>
      <FaultAlert fault={action.fault} testId="script-download-fault" />
    </>
  );
}

/** Makes a version the draft again. */
function TakeUpButton({ script, version, adopt }: { script: Script; version: number; adopt(script: Script): void }) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const action = useAction();
  const [asking, setAsking] = useState(false);
  const { scriptId, etag } = script;
  const take = () =>
    action.run(async () => {
      const { document } = present((await clients.scripts.getScriptVersion({ scriptId, version })).version);
      const answer = await clients.scripts.updateScript({ script: { scriptId, etag, document }, updateMask: { paths: ["document"] } });
      setAsking(false);
      adopt(asShown(present(answer.script)));
    });
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => setAsking(true)}
        aria-label={words.t("script.takeUpVersion", { version })}
        data-testid="script-version-take-up"
      >
        {words.t("script.takeUp")}
      </Button>
      <AskDialog
        opened={asking}
        title={words.t("script.takeUpVersion", { version })}
        question={words.t("script.takeUpQuestion", { version })}
        yes={words.t("script.takeUp")}
        action={action}
        close={() => setAsking(false)}
        confirmed={take}
      />
    </>
  );
}

/** Who it was, by name if that may be known. */
function Publisher({ actor }: { actor: string }) {
  const { resources } = useAdmin();
  return actor.startsWith(USER) ? <Name resource={resources.users} id={actor.slice(USER.length)} /> : <>{actor}</>;
}
