import type { messengerEn } from "./messenger.en";

/** Texts of the button on other web sites. */
export const messengerDe: Record<keyof typeof messengerEn, string> = {
  open: "Mit uns chatten",
  close: "Chat schließen",
  frame: "Chat",
  unreadOne: "Mit uns chatten, 1 neue Nachricht",
  unreadOther: "Mit uns chatten, {count} neue Nachrichten",
  refused: "Der Chat kann auf dieser Website nicht angezeigt werden.",
};
