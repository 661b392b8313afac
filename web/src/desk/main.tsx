// Starts the desk.
import "@mantine/core/styles.css";
import { createRoot } from "react-dom/client";
import { DeskApp } from "./app";
import "./desk.css";
import "./routing.css";
import "./conversations.css";
import { joinShare } from "../share/shared-fetch";
import { SessionKeeper } from "./session";

const root = document.getElementById("app");
if (root) {
  const share = joinShare();
  const keeper = new SessionKeeper(location.origin, share);
  await keeper.recall();
  createRoot(root).render(<DeskApp keeper={keeper} baseUrl={location.origin} share={share} />);
}
