import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const page = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // The content security policy allows data: for images and fonts only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { chat: page("./chat.html"), desk: page("./desk.html") },
      // "use client" in the component library means nothing here.
      onLog: (level, log, report) => log.code !== "MODULE_LEVEL_DIRECTIVE" && report(level, log),
    },
  },
  server: {
    proxy: { "^/onqueue\\.": process.env["ONQUEUE_GATEWAY"] ?? "http://127.0.0.1:8080" },
  },
});
