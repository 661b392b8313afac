// A web site of somebody else, on an origin of its own, that shows the messenger.
import http from "node:http";

/** Serves one page with the script tag; `address` is its origin. */
export async function site({ script, deployment, language = "en" }) {
  const tag = `<script src="${script}" data-deployment="${deployment}" async></script>`;
  const page = `<!doctype html><html lang="${language}"><title>A shop</title><h1>Teapots</h1>${tag}</html>`;
  const server = http.createServer((_, answer) => answer.setHeader("content-type", "text/html").end(page));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${server.address().port}`;
  return { address, close: () => new Promise((resolve) => server.close(resolve)) };
}
