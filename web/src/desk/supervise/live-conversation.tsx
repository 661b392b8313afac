// A conversation that the supervisor follows, as it goes on.
import { Box, Text } from "@mantine/core";
import { HelpStatus } from "../assistance/help-status";
import { SideChat } from "../assistance/side-chat";
import { UploadList } from "../attachments/attach";
import { Composer } from "../composer";
import { isOver } from "../in-hand";
import { MessageLog } from "../message-log";
import { useWords } from "../words";
import { writesAside, type Part } from "./part";
import { useFollowed } from "./use-followed";

interface LiveConversationProps {
  conversationId: string;
  part: Part;
}

/** Its log, the side chat, and the text box of who joined. */
export function LiveConversation({ conversationId, part }: LiveConversationProps) {
  const words = useWords();
  const isIn = part === "barge";
  const followed = useFollowed(conversationId, isIn ? "in" : "beside");
  if (!followed) return null;
  const { chat: actions } = followed;
  const chat = followed.snapshot();
  const { view } = chat;
  const isOpen = !isOver(chat);
  return (
    <>
      {isOpen && <HelpStatus assistance={view.assistance} />}
      <Box className="pane-body both">
        <Box className="talk">
          <MessageLog chat={chat} actions={actions} />
          <Text size="sm" fs="italic" role="status" className="typing" data-testid="desk-typing" hidden={!chat.otherTypes}>
            {chat.otherTypes && words.t("typing.one", { name: view.guestName || words.t("offer.unnamed") })}
          </Text>
          <UploadList uploads={chat.uploads} actions={actions} />
          {isIn && isOpen && <Composer conversationId={conversationId} language={view.language} chat={actions} />}
        </Box>
        <Box className="beside">
          <SideChat chat={chat} actions={actions} mayWrite={isOpen && writesAside(part)} />
        </Box>
      </Box>
    </>
  );
}
