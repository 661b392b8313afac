// What a script names and is not there, each with its place.
import { Alert, Table, Text } from "@mantine/core";
import { ScriptMentionKind, type ScriptMention } from "../../gen/onqueue/content/v1/script_pb";
import { useAdminWords, type AdminKey } from "../words";
import { PlaceText, type Place } from "./place-text";
import { useMissing } from "./use-missing";

const SENTENCES: Record<ScriptMentionKind, AdminKey> = {
  [ScriptMentionKind.UNSPECIFIED]: "script.missingOther",
  [ScriptMentionKind.QUEUE]: "script.missingQueue",
  [ScriptMentionKind.WRAP_UP_CODE]: "script.missingWrapUpCode",
  [ScriptMentionKind.RESPONSE]: "script.missingResponse",
  [ScriptMentionKind.CONTACT_FIELD]: "script.missingContactField",
};

const KINDS: Record<ScriptMentionKind, AdminKey> = {
  [ScriptMentionKind.UNSPECIFIED]: "script.problem",
  [ScriptMentionKind.QUEUE]: "section.queues",
  [ScriptMentionKind.WRAP_UP_CODE]: "section.wrap-up-codes",
  [ScriptMentionKind.RESPONSE]: "section.responses",
  [ScriptMentionKind.CONTACT_FIELD]: "section.contact-fields",
};

interface MissingNamesProps {
  mentions: readonly ScriptMention[];
  /** Leads to the place in the text; absent where the text is not shown. */
  go?(place: Place): void;
}

/** A warning; nothing where all is there. */
export function MissingNames({ mentions, go }: MissingNamesProps) {
  const words = useAdminWords();
  const { missing, unknown } = useMissing(mentions);
  const kinds = unknown.map((kind) => words.t(KINDS[kind])).join(", ");
  return (
    <div role="status">
      {missing.length > 0 && (
        <Alert color="yellow" p="xs" mt="xs" data-testid="script-missing-names">
          <Text size="sm" fw={600}>
            {words.count("script.missingCount", missing.length)}
          </Text>
          <Table layout="fixed" className="problems">
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col" className="problem-place">
                  {words.t("script.place")}
                </Table.Th>
                <Table.Th scope="col">{words.t("script.missingWhat")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {missing.map((mention) => (
                <Table.Tr key={mention.pointer} data-testid="script-missing-name" data-kind={ScriptMentionKind[mention.kind]} data-line={mention.line}>
                  <Table.Td>
                    <PlaceText place={mention} {...(go ? { go } : {})} />
                  </Table.Td>
                  <Table.Td className="guest">{words.t(SENTENCES[mention.kind], { name: mention.name })}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          <Text size="xs">{words.t("script.missingLater")}</Text>
        </Alert>
      )}
      {unknown.length > 0 && (
        <Text size="xs" data-testid="script-names-unknown">
          {words.t("script.namesUnknown", { kinds })}
        </Text>
      )}
    </div>
  );
}
