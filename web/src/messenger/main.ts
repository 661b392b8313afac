// The script that a web site includes: <script src="https://…/messenger.js" data-deployment="…" async></script>
import { Messenger } from "./messenger";

declare global {
  interface Window {
    /** Answers what the web site's server signed of who is logged in; asked each time that a chat begins. */
    onqueueIdentity?: () => string | Promise<string>;
  }
}

const script = document.currentScript;
if (script instanceof HTMLScriptElement) {
  const { deployment, language, side, colour, kind } = script.dataset;
  const begin = () => {
    if ("onqueueMessenger" in window || document.getElementById("onqueue-messenger")) return;
    const messenger = new Messenger({
      origin: new URL(script.src).origin,
      deploymentId: deployment ?? "",
      kind: kind ?? "",
      language: language ?? (document.documentElement.lang || navigator.language),
      side: side ?? "right",
      colour: colour ?? "",
      identity: async () => (await window.onqueueIdentity?.()) ?? script.dataset["identity"] ?? "",
    });
    Object.assign(window, { onqueueMessenger: { open: messenger.open, close: messenger.close } });
  };
  if (!deployment) console.error("Onqueue: the script tag lacks data-deployment with the id of a deployment.");
  else if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
}
