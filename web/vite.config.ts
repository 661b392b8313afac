import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const page = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const SHARED_BY_PAGES =
  /node_modules\/@(bufbuild|connectrpc)\/|src\/gen\/(google\/rpc\/error_details|guest\/onqueue\/session\/v1\/event)|src\/(core|rpc|share)\/(?!worker|hub)|src\/i18n\/(shared|reasons|refusals|translator|notices)/;

const NO_JSON = /@bufbuild\/protobuf\/dist\/esm\/(from|to)-json\.js$/;

// Pages speak binary gRPC-Web alone: they need not load how messages are written as JSON.
const binaryOnly: Plugin = {
  name: "binary-only",
  apply: "build",
  enforce: "pre",
  load(id) {
    if (!NO_JSON.test(id)) return null;
    const names = [...readFileSync(id, "utf8").matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
    const refuse = 'const refuse = () => { throw new Error("messages are not written as JSON here"); };';
    return [refuse, ...names.map((name) => `export const ${name} = refuse;`)].join("\n");
  },
};

// Its page is another's: it must leave no names behind there.
const enclosed: Plugin = {
  name: "enclose-messenger",
  generateBundle(_, bundle) {
    const script = bundle["messenger.js"];
    if (script?.type !== "chunk" || script.imports.length > 0) throw new Error("messenger.js must be one script");
    script.code = `(() => {${script.code}})();\n`;
  },
};

export default defineConfig({
  plugins: [binaryOnly, enclosed],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // The content security policy allows data: for images and fonts only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { chat: page("./chat.html"), desk: page("./desk.html"), messenger: page("./src/messenger/main.ts") },
      // Web sites include the messenger by a name that stays.
      output: {
        entryFileNames: ({ name }) => (name === "messenger" ? "messenger.js" : "assets/[name]-[hash].js"),
        // What both pages need to call compresses better as one.
        codeSplitting: { groups: [{ name: "wire", test: SHARED_BY_PAGES }] },
      },
      // "use client" in the component library means nothing here.
      onLog: (level, log, report) => log.code !== "MODULE_LEVEL_DIRECTIVE" && report(level, log),
    },
  },
  server: {
    proxy: { "^/onqueue\\.": process.env["ONQUEUE_GATEWAY"] ?? "http://127.0.0.1:8080" },
  },
});
