// What a script's button has the page do, with the agent's own permissions: ask for help, pass on, propose a wrap-up code.
import { Alert, Group, CloseButton, Text } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { isSameName } from "../../core/same-name";
import type { ScriptAction } from "../../gen/onqueue/content/v1/script_run_pb";
import { allPages } from "../../rpc/pages";
import { HelpDialog } from "../assistance/ask-help";
import type { DeskKey } from "../catalogues";
import type { DeskClients } from "../clients";
import { useDesk, useMay } from "../desk-context";
import { TransferDialog, type ProposedQueue } from "../transfer/transfer-button";
import { useWords } from "../words";
import { proposeWrapUpCode } from "../wrap-up/use-wrap-up";

/** The conversation as far as the actions need it. */
export interface ActionsFor {
  conversationId: string;
  queueId: string;
  /** What the customer is written to in. */
  language: string;
  /** Whether a supervisor was asked already. */
  isHelpOpen: boolean;
  /** Whether it goes on. */
  isOpen: boolean;
}

/** What is to be done, one after the other, and what is said of it. */
export interface CarryingOut {
  act(actions: readonly ScriptAction[]): void;
  /** The dialogs and notices. */
  shown: ReactNode;
}

interface Notice {
  key: DeskKey;
  name: string;
  isGood: boolean;
}

/** One of the dialogs. */
type Asking = { what: "help"; note: string } | { what: "transfer"; proposed: ProposedQueue };

/** Carries out actions; each dialog waits for the one before. */
export function useCarryOut(chat: ActionsFor): CarryingOut {
  const { clients } = useDesk();
  const may = { help: useMay("conversation:assistance:request"), transfer: useMay("conversation:communication:blindTransfer") };
  const [asking, setAsking] = useState<readonly Asking[]>([]);
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  const say = (key: DeskKey, name = "", isGood = false) => setNotices((all) => [...all, { key, name, isGood }]);
  const ask = (dialog: Asking) => setAsking((all) => [...all, dialog]);
  const close = () => setAsking(([, ...later]) => later);

  const help = (note: string) => {
    if (!may.help) return say("script.mayNotAsk");
    if (chat.isHelpOpen) return say("script.helpOpen");
    ask({ what: "help", note });
  };
  const transfer = async (name: string) => {
    if (!may.transfer) return say("script.mayNotTransfer", name);
    const queueId = await queueOf(clients, name);
    if (queueId === undefined) return say("script.noQueue", name);
    ask({ what: "transfer", proposed: { queueId, name } });
  };
  const wrapUp = async (name: string) => {
    const codeId = await codeOf(clients, chat.queueId, name);
    if (codeId === undefined) return say("script.noCode", name);
    proposeWrapUpCode(chat.conversationId, codeId);
    say("script.codeSet", name, true);
  };
  const one = async ({ action }: ScriptAction) => {
    if (action.case === "wrapUp") return wrapUp(action.value.wrapUpCodeName);
    if (!chat.isOpen) return say("script.isOver");
    if (action.case === "assistance") return help(action.value.note);
    if (action.case === "transfer") return transfer(action.value.queueName);
  };
  const all = async (actions: readonly ScriptAction[]) => {
    setNotices([]);
    for (const action of actions) await one(action).catch(() => say("script.notDone", nameIn(action)));
  };
  return {
    act: (actions) => void all(actions),
    shown: (
      <>
        <Notices notices={notices} clear={() => setNotices([])} />
        <Dialogs asking={asking[0]} chat={chat} close={close} />
      </>
    ),
  };
}

function Notices({ notices, clear }: { notices: readonly Notice[]; clear(): void }) {
  const words = useWords();
  return (
    <div role="status">
      {notices.length > 0 && (
        <Alert color={notices.every(({ isGood }) => isGood) ? "green" : "yellow"} p="xs" data-testid="script-notices">
          <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
            <div className="guest">
              {notices.map(({ key, name }, index) => (
                <Text key={index} size="sm" data-testid="script-notice" data-key={key}>
                  {words.t(key, { name })}
                </Text>
              ))}
            </div>
            <CloseButton size="sm" onClick={clear} aria-label={words.t("chats.close")} />
          </Group>
        </Alert>
      )}
    </div>
  );
}

function Dialogs({ asking, chat, close }: { asking: Asking | undefined; chat: ActionsFor; close(): void }) {
  const { conversationId, queueId } = chat;
  if (asking?.what === "help") return <HelpDialog conversationId={conversationId} opened close={close} proposed={asking.note} />;
  if (asking?.what === "transfer") {
    return <TransferDialog conversationId={conversationId} queueId={queueId} opened close={close} proposed={asking.proposed} />;
  }
  return null;
}

function nameIn({ action }: ScriptAction): string {
  if (action.case === "wrapUp") return action.value.wrapUpCodeName;
  return action.case === "transfer" ? action.value.queueName : "";
}

/** The queue of exactly this name, that the agent may find. */
async function queueOf({ queues }: DeskClients, name: string): Promise<string | undefined> {
  const { queues: found } = await queues.searchQueues({ text: name, pageSize: 200 });
  return found.find((queue) => isSameName(queue.name, name))?.queueId;
}

/** The wrap-up code of exactly this name, among those of the queue. */
async function codeOf({ wrapUpCodes }: DeskClients, queueId: string, name: string): Promise<string | undefined> {
  const codes = await allPages(async (pageToken) => {
    const { wrapUpCodes: items, nextPageToken } = await wrapUpCodes.listWrapUpCodes({ queueId, pageToken, pageSize: 200 });
    return { items, nextPageToken };
  });
  return codes.find((code) => isSameName(code.name, name))?.wrapUpCodeId;
}
