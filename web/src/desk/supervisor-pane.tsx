// One conversation as the supervisor sees it: the transcript, or live while they supervise it, and why an agent got it.
import { Box, Button, Group, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { faultOf } from "../rpc/faults";
import { ContactPanel } from "./contact/contact-panel";
import { useHead } from "./conversation-head";
import { Decisions } from "./decisions";
import { useDesk, useMay } from "./desk-context";
import { Dialog } from "./dialog";
import { WhyWaiting } from "./explanations/why-waiting";
import { ExportButton } from "./export-menu";
import { FaultAlert } from "./fault-alert";
import { RecordBar } from "./records/record-bar";
import { ScriptHistoryButton } from "./script/script-history";
import { LiveConversation } from "./supervise/live-conversation";
import { partOf } from "./supervise/part";
import { SuperviseBar } from "./supervise/supervise-bar";
import { TranscriptView } from "./transcript-view";
import { useWords } from "./words";

interface SupervisorPaneProps {
  conversationId: string;
  back(): void;
  /** What the way back is called. */
  backTo: string;
  /** The event that was looked for. */
  wanted?: string | undefined;
}

/** A conversation, and what may be done with it. */
export function SupervisorPane({ conversationId, back, backTo, wanted }: SupervisorPaneProps) {
  const words = useWords();
  const { me } = useDesk();
  const queries = useQueryClient();
  const head = useHead(conversationId);
  const maySupervise = useMay("conversation:communication:view");
  const part = head.data ? partOf(head.data, me.userId) : "none";
  const isLive = part !== "none" && part !== "agent";
  const refresh = () => void queries.invalidateQueries({ queryKey: ["conversation", conversationId] });
  return (
    <Box className={isLive ? "pane" : "pane scrolls"}>
      <Group className="pane-header" gap="xs">
        <Button className="back" size="xs" variant="default" onClick={back} data-testid="back">
          {backTo}
        </Button>
        <Title order={2} size="h5" className="grow guest">
          {head.data?.guestName || words.t("transcript.heading")}
        </Title>
        <ContactButton conversationId={conversationId} />
        <ScriptHistoryButton conversationId={conversationId} />
        <ExportButton conversationId={conversationId} />
        <Button size="xs" variant="default" onClick={refresh} data-testid="transcript-refresh">
          {words.t("supervisor.refresh")}
        </Button>
      </Group>
      {head.error && <FaultAlert fault={faultOf(head.error)} />}
      {head.data && maySupervise && <SuperviseBar conversation={head.data} part={part} />}
      {head.data && !isLive && <RecordBar conversation={head.data} />}
      {isLive ? <LiveConversation conversationId={conversationId} part={part} /> : <Reading conversationId={conversationId} wanted={wanted} />}
    </Box>
  );
}

function Reading({ conversationId, wanted }: { conversationId: string; wanted: string | undefined }) {
  const maySeeDecisions = useMay("routing:decision:view");
  return (
    <>
      <TranscriptView conversationId={conversationId} wanted={wanted} />
      {maySeeDecisions && <WhyWaiting conversationId={conversationId} />}
      {maySeeDecisions && <Decisions conversationId={conversationId} />}
    </>
  );
}

function ContactButton({ conversationId }: { conversationId: string }) {
  const words = useWords();
  const may = useMay("externalContacts:contact:view");
  const [opened, { open, close }] = useDisclosure(false);
  if (!may) return null;
  return (
    <>
      <Button size="xs" variant="default" onClick={open} data-testid="pane-contact">
        {words.t("contact.heading")}
      </Button>
      <Dialog title={words.t("contact.heading")} opened={opened} close={close}>
        <ContactPanel conversationId={conversationId} />
      </Dialog>
    </>
  );
}
