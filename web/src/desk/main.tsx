// Starts the desk.
import "@mantine/core/styles.css";
import { createRoot } from "react-dom/client";
import { DeskApp } from "./app";
import "./desk.css";
import { SessionKeeper } from "./session";

const root = document.getElementById("app");
if (root) {
  const keeper = new SessionKeeper(location.origin);
  createRoot(root).render(<DeskApp keeper={keeper} baseUrl={location.origin} />);
}
