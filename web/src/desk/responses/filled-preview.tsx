// What a response would say in this conversation, with what is still missing marked.
import { Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import type { FoundResponse, Substitution } from "../../gen/onqueue/content/v1/response_pb";
import { faultOf } from "../../rpc/faults";
import type { DeskClients } from "../clients";
import { useDesk } from "../desk-context";
import { marked, missingNames, partsOf } from "./trigger";

/** Who moves through the list fast asks for nothing on the way. */
const RESTING_MS = 150;

/** The text filled in; as it was found while that is not known. */
export function FilledPreview({ conversationId, found }: { conversationId: string; found: FoundResponse }) {
  const { clients } = useDesk();
  const { response, language, preview } = found;
  const asked = { conversationId, language, responseId: response?.responseId ?? "" };
  const [resting] = useDebouncedValue(asked.responseId, RESTING_MS);
  const filled = useQuery({
    queryKey: ["responses", "filled", conversationId, language, asked.responseId, response?.etag],
    enabled: asked.responseId !== "" && resting === asked.responseId,
    retry: false,
    queryFn: ({ signal }) => fill(clients, asked, response?.substitutions ?? [], signal),
  });
  const parts = partsOf(filled.data ?? preview);
  return (
    <Text size="xs" lang={language} className="found-preview pre" lineClamp={4} data-testid="found-filled" data-filled={filled.isSuccess}>
      {parts.map(({ text, isMissing }, index) => (isMissing ? <mark key={index}>{text}</mark> : text))}
    </Text>
  );
}

interface Asked {
  conversationId: string;
  language: string;
  responseId: string;
}

async function fill({ responses }: DeskClients, asked: Asked, substitutions: readonly Substitution[], signal: AbortSignal): Promise<string> {
  try {
    return (await responses.renderResponse(asked, { signal })).text;
  } catch (error) {
    const { reason, metadata } = faultOf(error);
    if (reason !== "VARIABLE_MISSING") throw error;
    const called = (name: string) => substitutions.find((each) => each.name === name)?.description || name;
    const values = Object.fromEntries(missingNames(metadata).map((name) => [name, marked(called(name))]));
    return (await responses.renderResponse({ ...asked, values }, { signal })).text;
  }
}
