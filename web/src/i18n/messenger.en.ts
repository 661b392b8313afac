/** Texts of the button on other web sites. */
export const messengerEn = {
  open: "Chat with us",
  close: "Close the chat",
  frame: "Chat",
  unreadOne: "Chat with us, 1 new message",
  unreadOther: "Chat with us, {count} new messages",
  refused: "The chat cannot be shown on this web site.",
};
