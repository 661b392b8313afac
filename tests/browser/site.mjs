// A web site of somebody else, on an origin of its own.
import http from "node:http";

/** Serves one page into which a script tag can be put; `address` is its origin. */
export async function site({ language }) {
  let tag = "";
  const page = () => `<!doctype html><html lang="${language}"><title>A shop</title><h1>Teapots</h1>${tag}</html>`;
  const server = http.createServer((_, answer) => answer.setHeader("content-type", "text/html").end(page()));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${server.address().port}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { address, close, shows: (script) => (tag = script) };
}
