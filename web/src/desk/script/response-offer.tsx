// A canned response that a page offers: what it says, and putting it into the text box.
import { Button, Loader, Paper, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Response } from "../../gen/onqueue/content/v1/response_pb";
import type { ScriptResponseOffer } from "../../gen/onqueue/content/v1/script_run_pb";
import { faultOf } from "../../rpc/faults";
import type { DeskClients } from "../clients";
import { useDesk, useMay } from "../desk-context";
import { FaultAlert } from "../fault-alert";
import { MissingValues } from "../responses/missing-values";
import { missingNames } from "../responses/trigger";
import { useAction } from "../use-action";
import { useWords } from "../words";

/** Puts a rendered response into the text box. */
export type InsertResponse = (rendered: string, responseId: string) => void;

interface OfferProps {
  conversationId: string;
  language: string;
  offer: ScriptResponseOffer;
  /** Absent where nothing can be written. */
  insert: InsertResponse | undefined;
}

/** The offer. */
export function ResponseOffer({ conversationId, language, offer, insert }: OfferProps) {
  const words = useWords();
  const { clients } = useDesk();
  const may = useMay("responses:response:view");
  const { shortcut, label, responseId } = offer;
  const read = useQuery({
    queryKey: ["responses", "offered", conversationId, language, responseId],
    enabled: may && responseId !== "",
    staleTime: 60_000,
    queryFn: ({ signal }) => readied(clients, { conversationId, language, responseId }, signal),
  });
  if (!may) return null;
  return (
    <Paper withBorder p="xs" className="offered" data-testid="script-response" data-shortcut={shortcut}>
      <Stack gap={4} align="flex-start">
        <Text size="sm" fw={600} className="guest" dir="auto">
          {label || read.data?.response.name || `/${shortcut}`}
        </Text>
        {responseId === "" && (
          <Text size="sm" lang={words.locale} data-testid="script-response-none">
            {words.t("script.noResponse", { shortcut })}
          </Text>
        )}
        {read.isLoading && <Loader size="xs" />}
        <FaultAlert fault={read.error ? faultOf(read.error) : undefined} testId="script-response-fault" />
        {read.data && <Offered {...read.data} conversationId={conversationId} insert={insert} />}
      </Stack>
    </Paper>
  );
}

interface Readied {
  response: Response;
  language: string;
  /** Its text for this conversation; with the names of substitutions while values are missing. */
  text: string;
  missing: readonly string[];
}

interface OfferedProps extends Readied {
  conversationId: string;
  insert: InsertResponse | undefined;
}

function Offered({ response, language, text, missing, conversationId, insert }: OfferedProps) {
  const words = useWords();
  const { clients } = useDesk();
  const action = useAction();
  const [isAsking, setAsking] = useState(false);
  const { responseId, name, substitutions } = response;
  const complete = (values: Record<string, string>) =>
    action.run(async () => {
      const rendered = await clients.responses.renderResponse({ responseId, language, conversationId, values });
      setAsking(false);
      insert?.(rendered.text, responseId);
    });
  return (
    <>
      <Text size="sm" className="pre guest offered-text" lang={language} dir="auto" data-testid="script-response-text">
        {text}
      </Text>
      {insert && (
        <Button
          size="compact-sm"
          variant="default"
          lang={words.locale}
          aria-label={words.t("script.insertNamed", { name })}
          onClick={() => (missing.length > 0 ? setAsking(true) : insert(text, responseId))}
          data-testid="script-response-insert"
        >
          {words.t("script.insert")}
        </Button>
      )}
      {isAsking && (
        <MissingValues
          name={name}
          names={missing}
          substitutions={substitutions}
          fault={action.fault}
          isRendering={action.busy}
          complete={complete}
          giveUp={() => setAsking(false)}
        />
      )}
    </>
  );
}

interface Asked {
  conversationId: string;
  language: string;
  responseId: string;
}

/** A response, filled in for the conversation as far as that can be. */
async function readied({ responses }: DeskClients, asked: Asked, signal: AbortSignal): Promise<Readied | null> {
  const { response } = await responses.getResponse({ responseId: asked.responseId }, { signal });
  if (!response) return null;
  try {
    const { text, language } = await responses.renderResponse(asked, { signal });
    return { response, language, text, missing: [] };
  } catch (error) {
    const { reason, metadata } = faultOf(error);
    if (reason !== "VARIABLE_MISSING") throw error;
    const variant = response.variants.find(({ language }) => language === asked.language) ?? response.variants[0];
    return { response, language: variant?.language ?? asked.language, text: variant?.text ?? "", missing: missingNames(metadata) };
  }
}
