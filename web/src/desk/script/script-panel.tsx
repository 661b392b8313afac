// The script beside a chat: where it stands, its page, and what was answered.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Alert, Button, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type RefObject } from "react";
import { ContactWriteState, ScriptRunState, type ScriptRun } from "../../gen/onqueue/content/v1/script_run_pb";
import { useContentAway } from "../content-bar";
import { useDesk } from "../desk-context";
import { Dialog } from "../dialog";
import { FaultAlert } from "../fault-alert";
import { useAction } from "../use-action";
import { useWords } from "../words";
import { AnswersSoFar } from "./answers-so-far";
import { useCarryOut, type ActionsFor } from "./carry-out";
import { Unwritten } from "./contact-writes";
import { forgetDraft } from "./drafts";
import { PageForm } from "./page-form";
import type { InsertResponse } from "./response-offer";
import { isOpen, placeOf } from "./run";
import { Trail } from "./trail";
import { usePress, type Pressing } from "./use-press";
import { takeRun, type KnownRun } from "./use-script-run";

interface ScriptPanelProps {
  known: KnownRun;
  chat: ActionsFor;
  insert: InsertResponse | undefined;
}

/** The script of a conversation. */
export function ScriptPanel({ known: { run, fault, readAt }, chat, insert }: ScriptPanelProps) {
  const words = useWords();
  const isAway = useContentAway();
  return (
    <Stack component="section" gap="sm" aria-label={words.t("script.heading")} data-testid="script-panel" data-state={stateOf(run)}>
      {!run && !fault && <Loader />}
      {!run && <FaultAlert fault={fault} testId="script-read-fault" />}
      {run && fault && isAway && (
        <Text size="sm" role="status" data-testid="script-old">
          {words.t("script.old")}
        </Text>
      )}
      {run && <Run run={run} readAt={readAt} chat={chat} insert={insert} />}
    </Stack>
  );
}

function stateOf(run: ScriptRun | undefined): string {
  return run ? ScriptRunState[run.state].toLowerCase() : "unknown";
}

function Run({ run, readAt, chat, insert }: Omit<ScriptPanelProps, "known"> & { run: ScriptRun; readAt: number }) {
  const words = useWords();
  const own = useRef(false);
  const place = placeOf(run);
  const carrying = useCarryOut(chat);
  const pressing = usePress({ run, readAt, moved: () => (own.current = true), act: carrying.act });
  const wasOvertaken = useOvertaken(run, own, pressing) || pressing.wasOvertaken;
  const { page, scriptName, maySubmit } = run;
  useContactFollows(run);
  return (
    <>
      <Group justify="space-between" wrap="nowrap" gap="xs" align="flex-start">
        <div className="guest">
          <Title order={3} size="h6" dir="auto">
            {scriptName}
          </Title>
          <Trail run={run} />
        </div>
        {maySubmit && isOpen(run) && <GiveUp run={run} />}
      </Group>
      <span className="visually-hidden" role="status" data-testid="script-live">
        {page ? words.t("script.at", { page: page.title }) : words.t("script.done")}
      </span>
      {wasOvertaken && (
        <Alert color="cyan" p="xs" role="status" data-testid="script-overtaken">
          {words.t("script.overtaken")}
        </Alert>
      )}
      {carrying.shown}
      <Unwritten run={run} />
      {page ? (
        <PageForm key={place} run={run} page={page} pressing={pressing} own={own} mayPress={maySubmit} insert={insert} customerLanguage={chat.language} />
      ) : (
        <Ended run={run} own={own} />
      )}
      <AnswersSoFar run={run} />
    </>
  );
}

/** Whether somebody else, or another window, brought the run to where it is while it was looked at. */
function useOvertaken(run: ScriptRun, own: RefObject<boolean>, { took }: Pressing): boolean {
  const place = placeOf(run);
  const last = useRef(place);
  const [at, setAt] = useState<string>();
  useEffect(() => {
    if (last.current === place) return;
    if (!own.current && !took(run)) setAt(place);
    last.current = place;
    own.current = false;
  }, [place]);
  return at === place;
}

/** What was written to the contact is seen beside the chat at once. */
function useContactFollows({ steps }: ScriptRun): void {
  const queries = useQueryClient();
  const writes = steps.flatMap(({ contactWrites }) => contactWrites);
  const written = writes.filter(({ state }) => state === ContactWriteState.WRITTEN).length;
  const before = useRef(written);
  useEffect(() => {
    if (before.current === written) return;
    before.current = written;
    for (const key of ["contact", "contact-changes"]) void queries.invalidateQueries({ queryKey: [key] });
  }, [written, queries]);
}

function Ended({ run, own }: { run: ScriptRun; own: RefObject<boolean> }) {
  const words = useWords();
  const heading = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (own.current) heading.current?.focus();
  }, [own]);
  const time = run.endedAt ? words.dateTime(timestampMs(run.endedAt)) : "";
  const isGivenUp = run.state === ScriptRunState.ENDED;
  return (
    <Text ref={heading} tabIndex={-1} className="script-heading" data-testid="script-ended">
      {words.t(isGivenUp ? "script.givenUp" : "script.completed", { time })}
    </Text>
  );
}

function GiveUp({ run }: { run: ScriptRun }) {
  const words = useWords();
  const { clients } = useDesk();
  const queries = useQueryClient();
  const action = useAction();
  const [isAsking, setAsking] = useState(false);
  const end = () =>
    action.run(async () => {
      const { run: ended } = await clients.scriptRuns.endRun({ runId: run.runId, step: run.step });
      forgetDraft(run.conversationId);
      setAsking(false);
      takeRun(queries, words.locale, ended);
      void queries.invalidateQueries({ queryKey: ["script-run", run.conversationId] });
    });
  return (
    <>
      <Button size="compact-xs" variant="subtle" className="no-shrink" onClick={() => setAsking(true)} data-testid="script-give-up">
        {words.t("script.giveUp")}
      </Button>
      <Dialog title={words.t("script.giveUp")} opened={isAsking} close={() => setAsking(false)}>
        <Text mb="md">{words.t("script.giveUpQuestion")}</Text>
        <FaultAlert fault={action.fault} testId="script-give-up-fault" />
        <Group justify="flex-end">
          <Button variant="default" onClick={() => setAsking(false)} data-autofocus data-testid="script-give-up-no">
            {words.t("ask.cancel")}
          </Button>
          <Button color="red.9" onClick={end} loading={action.busy} data-testid="script-give-up-yes">
            {words.t("script.giveUp")}
          </Button>
        </Group>
      </Dialog>
    </>
  );
}
