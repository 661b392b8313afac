// Making the next version of a draft, with what that changes.
import { Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { useDisclosure } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { FaultAlert } from "../../desk/fault-alert";
import { useAction } from "../../desk/use-action";
import type { Script } from "../../gen/onqueue/content/v1/script_pb";
import { faultOf } from "../../rpc/faults";
import { useAdmin, useHolds } from "../context";
import { AskDialog } from "../kit/ask-dialog";
import { present } from "../kit/resource";
import { asShown } from "../resources/scripts";
import { useAdminWords } from "../words";
import { MissingNames } from "./missing-names";

interface PublishProps {
  script: Script;
  adopt(script: Script): void;
}

/** Where it stands, and the button. */
export function PublishPart({ script, adopt }: PublishProps) {
  const words = useAdminWords();
  const holds = useHolds();
  const { publishedVersion, publishedAt, draftDiffers } = script;
  const problems = useSavedProblems(script);
  const count = problems.data?.problems.length;
  const time = publishedAt ? words.dateTime(timestampMs(publishedAt)) : "";
  return (
    <Paper component="section" className="part" withBorder p="md" mt="lg" aria-label={words.t("script.publishing")} data-testid="part-publish">
      <Title order={3} size="h4" mb="sm">
        {words.t("script.publishing")}
      </Title>
      <Stack gap="sm">
        <Text data-testid="script-published" data-version={publishedVersion}>
          {publishedVersion === 0 ? words.t("script.neverPublished") : words.t("script.published", { version: publishedVersion, time })}
        </Text>
        <FaultAlert fault={problems.error ? faultOf(problems.error) : undefined} testId="publish-fault" />
        {count !== undefined && (
          <Text size="sm" data-testid="script-ready">
            {count > 0
              ? words.count("script.notReady", count)
              : words.t(draftDiffers || publishedVersion === 0 ? "script.ready" : "script.upToDate")}
          </Text>
        )}
        <MissingNames mentions={problems.data?.mentions ?? []} />
        {holds("scripter:script:publish") && (
          <PublishButton script={script} adopt={adopt} isReady={count === 0 && (draftDiffers || publishedVersion === 0)} />
        )}
      </Stack>
    </Paper>
  );
}

function PublishButton({ script, adopt, isReady }: PublishProps & { isReady: boolean }) {
  const words = useAdminWords();
  const { clients } = useAdmin();
  const queries = useQueryClient();
  const action = useAction();
  const [asking, { open, close }] = useDisclosure(false);
  const { scriptId, etag, publishedVersion, name } = script;
  const publish = () =>
    action.run(async () => {
      const answer = await clients.scripts.publishScript({ scriptId, etag });
      close();
      adopt({ ...asShown(present(answer.script)), document: script.document });
      void queries.invalidateQueries({ queryKey: ["script", "versions", scriptId] });
      void queries.invalidateQueries({ queryKey: ["script", "list"] });
    });
  return (
    <Group>
      <Button onClick={open} disabled={!isReady} data-testid="script-publish">
        {words.t("script.publish")}
      </Button>
      <AskDialog
        opened={asking}
        title={words.t("script.publish")}
        question={words.t("script.publishQuestion", { name, version: publishedVersion + 1 })}
        yes={words.t("script.publish")}
        action={action}
        close={close}
        confirmed={publish}
      />
    </Group>
  );
}

/** What is wrong with the saved draft, and what it names. */
function useSavedProblems({ scriptId, etag }: Script) {
  const { clients } = useAdmin();
  return useQuery({
    queryKey: ["script", "problems", "saved", scriptId, etag],
    queryFn: async ({ signal }) => clients.scripts.validateScript({ scriptId }, { signal }),
  });
}
