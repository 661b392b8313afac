// Forgets a customer for good, and shows the receipt.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Button, Checkbox, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Contact } from "../../gen/onqueue/session/v1/contact_pb";
import type { ErasedCount, Erasure } from "../../gen/onqueue/session/v1/erasure_pb";
import { faultOf } from "../../rpc/faults";
import type { DeskKey } from "../catalogues";
import { useDesk } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useWords } from "../words";

/** How often a receipt is read while there is more to come. */
const AGAIN_MS = 2_000;

/** What names the customer no more. */
const STALE = ["conversation", "conversations", "transcripts", "contacts-by-name"];

interface EraseProps {
  contact: Contact;
  erased(receipt: Erasure): void;
  close(): void;
}

/** Asks twice: there is no way back. */
export function EraseContact({ contact, erased, close }: EraseProps) {
  const words = useWords();
  const { clients, store } = useDesk();
  const queries = useQueryClient();
  const action = useAction();
  const [isSure, setSure] = useState(false);
  const { contactId, etag } = contact;
  const erase = () =>
    action.run(async () => {
      try {
        const { erasure } = await clients.erasures.eraseContact({ contactId, etag });
        close();
        if (erasure) erased(erasure);
        store.erased(erasure?.conversationIds ?? []);
        await Promise.all(STALE.map((kind) => queries.invalidateQueries({ queryKey: [kind] })));
      } catch (error) {
        if (faultOf(error).reason === "ETAG_MISMATCH") await queries.invalidateQueries({ queryKey: ["contact", contactId] });
        throw error;
      }
    });
  return (
    <Stack gap="sm">
      <Text size="sm" className="guest">
        {words.t("erase.question", { name: contact.name || words.t("contact.unnamed") })}
      </Text>
      <Checkbox
        label={words.t("erase.sure")}
        checked={isSure}
        onChange={(event) => setSure(event.currentTarget.checked)}
        data-testid="erase-sure"
      />
      <FaultAlert fault={action.fault} testId="erase-fault" />
      <Group justify="flex-end">
        <Button variant="default" onClick={close} data-testid="erase-no">
          {words.t("ask.cancel")}
        </Button>
        <Button color="red.9" disabled={!isSure} onClick={erase} loading={action.busy} data-testid="erase-yes">
          {words.t("erase.button")}
        </Button>
      </Group>
    </Stack>
  );
}

const WHAT: Record<string, DeskKey> = {
  contact_fields: "erase.contactFields",
  contact_ids: "erase.contactIds",
  contact_changes: "erase.contactChanges",
  conversations: "erase.conversations",
  guest_ids: "erase.guestIds",
  guest_tokens: "erase.guestTokens",
  messages: "erase.messages",
  texts: "erase.texts",
  feed_facts: "erase.feedFacts",
  attachments: "erase.attachments",
  search_entries: "erase.searchEntries",
  script_answers: "erase.scriptAnswers",
};

/** What was erased, and how far it has come. */
export function ErasureReceipt({ first }: { first: Erasure }) {
  const words = useWords();
  const { clients } = useDesk();
  const { erasureId } = first;
  const read = useQuery({
    queryKey: ["erasure", erasureId],
    initialData: first,
    queryFn: async ({ signal }) => (await clients.erasures.getErasure({ erasureId }, { signal })).erasure ?? first,
    refetchInterval: ({ state }) => (state.data?.purgedAt ? false : AGAIN_MS),
  });
  const { at, erased, remaining, remainingInContent, purgedAt } = read.data;
  const facts: [string, string][] = [
    [words.t("erase.number"), erasureId],
    [words.t("contact.when"), at ? words.dateTime(timestampMs(at)) : ""],
    ...erased.map((each): [string, string] => [nameOf(each, words), words.number(Number(each.count))]),
    [words.t("erase.remaining"), words.number(remaining)],
    [words.t("erase.remainingInContent"), words.number(remainingInContent)],
    [words.t("erase.purged"), purgedAt ? words.dateTime(timestampMs(purgedAt)) : words.t("erase.notPurged")],
  ];
  return (
    <Stack component="section" gap="xs" aria-label={words.t("erase.receipt")} data-testid="receipt" data-purged={purgedAt !== undefined}>
      <Title order={3} size="h6" role="status">
        {words.t("erase.receipt")}
      </Title>
      <dl className="facts counts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="guest">{value}</dd>
          </div>
        ))}
      </dl>
    </Stack>
  );
}

function nameOf({ what }: ErasedCount, words: ReturnType<typeof useWords>): string {
  const key = WHAT[what];
  return key ? words.t(key) : what;
}
