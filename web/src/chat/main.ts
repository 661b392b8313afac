// Starts the customer's page.
import { ChatApp } from "./app";
import { joinShare } from "../share/shared-fetch";
import "./chat.css";

const root = document.getElementById("app");
if (root) {
  const asked = new URLSearchParams(location.search);
  const kind = asked.get("kind") === "messaging" ? "messaging" : "chat";
  const app = new ChatApp(root, location.origin, { deploymentId: asked.get("deployment") ?? "", kind }, joinShare());
  window.addEventListener("online", () => app.networkChanged());
  window.addEventListener("offline", () => app.networkChanged());
  window.addEventListener("pageshow", () => app.wake());
  document.addEventListener("visibilitychange", () => document.hidden || app.wake());
  void app.run();
}
