// Tells of new offers while the page is not looked at.
import { Button, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useSnapshot } from "./desk-context";
import { useWords } from "./words";

/** Asks for permission to notify; gone once the browser has decided for it. */
export function NotificationButton() {
  const words = useWords();
  const [permission, setPermission] = useState(currentPermission);
  if (permission === "granted" || permission === undefined) return null;
  if (permission === "denied") {
    return (
      <Text size="xs" c="dimmed">
        {words.t("agent.notifyDenied")}
      </Text>
    );
  }
  const ask = () => void Notification.requestPermission().then(setPermission);
  return (
    <Button size="compact-sm" variant="subtle" onClick={ask} data-testid="notify">
      {words.t("agent.notify")}
    </Button>
  );
}

/** Shows a notification for each new offer while the page is hidden. */
export function useOfferNotifications(): void {
  const words = useWords();
  const { offers } = useSnapshot();
  const told = useRef(new Set<string>());
  useEffect(() => {
    for (const offer of offers) {
      if (told.current.has(offer.offerId)) continue;
      told.current.add(offer.offerId);
      if (!document.hidden || currentPermission() !== "granted") continue;
      const guest = offer.guestName || words.t("offer.unnamed");
      notify(words.t("offer.title", { guest }), offer.topic, offer.offerId);
    }
  }, [offers, words]);
}

function currentPermission(): NotificationPermission | undefined {
  return typeof Notification === "undefined" ? undefined : Notification.permission;
}

function notify(title: string, body: string, tag: string): void {
  try {
    const notification = new Notification(title, { body, tag });
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
  } catch {
    // Some browsers on phones have the permission but not the constructor; the title still tells.
  }
}
