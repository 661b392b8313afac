// The receipts of customers who were erased.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Accordion, Button, Group, Loader, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useDesk } from "../../desk/desk-context";
import { FaultAlert } from "../../desk/fault-alert";
import { ErasureReceipt } from "../../desk/records/erase-contact";
import type { Erasure } from "../../gen/onqueue/session/v1/erasure_pb";
import { faultOf } from "../../rpc/faults";
import { useAdmin } from "../context";
import { Name } from "../kit/pickers";
import { PageTitle } from "../kit/page-title";
import { useAdminWords } from "../words";

const PAGE_SIZE = 50;
const USER = "user:";

/** The receipts, the newest first. */
export function ErasureList() {
  const words = useAdminWords();
  const { clients } = useDesk();
  const list = useInfiniteQuery({
    queryKey: ["erasures"],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => clients.erasures.listErasures({ pageSize: PAGE_SIZE, pageToken: pageParam }, { signal }),
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
  const erasures = list.data?.pages.flatMap((page) => page.erasures) ?? [];
  return (
    <Stack gap="sm" align="flex-start">
      <PageTitle title={words.t("section.erasures")} />
      {list.isPending && <Loader aria-label={words.t("loading")} data-testid="list-loading" />}
      {list.error && <FaultAlert fault={faultOf(list.error)} testId="list-fault" />}
      {list.isSuccess && erasures.length === 0 && <Text data-testid="list-status">{words.t("erasure.none")}</Text>}
      <Accordion multiple chevronPosition="left" transitionDuration={0} w="100%">
        {erasures.map((erasure) => (
          <Receipt key={erasure.erasureId} erasure={erasure} />
        ))}
      </Accordion>
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} data-testid="list-more">
          {words.t("list.more")}
        </Button>
      )}
    </Stack>
  );
}

function Receipt({ erasure }: { erasure: Erasure }) {
  const words = useAdminWords();
  const { erasureId, at, actor, conversationIds, divisionId } = erasure;
  const { resources } = useAdmin();
  return (
    <Accordion.Item value={erasureId} data-testid="erasure" data-erasure={erasureId}>
      <Accordion.Control>
        <Group gap="md" className="guest">
          <span>{at && words.dateTime(timestampMs(at))}</span>
          <Text span size="sm">
            {words.count("erasure.conversations", conversationIds.length)}
          </Text>
          <Text span size="sm">
            <Name resource={resources.divisions} id={divisionId} />
          </Text>
          <Text span size="sm">
            <Actor actor={actor} />
          </Text>
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        <ErasureReceipt first={erasure} />
      </Accordion.Panel>
    </Accordion.Item>
  );
}

/** Who it was, by name if that may be known. */
function Actor({ actor }: { actor: string }) {
  const { resources } = useAdmin();
  return actor.startsWith(USER) ? <Name resource={resources.users} id={actor.slice(USER.length)} /> : <>{actor}</>;
}
