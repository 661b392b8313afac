// Responses in files, in the stand-in: tables whose rows are a name, a shortcut and an English text.
import { create } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { VariantSchema } from "../../../src/gen/onqueue/content/v1/response_pb";
import { ImportState, ResponseTransferService, type ImportResponsesRequest } from "../../../src/gen/onqueue/content/v1/response_transfer_pb";
import type { AdminWorld } from "./admin-world";

const MOST_PROBLEMS = 200;

const NAME = { mistake: "name", parameters: { maximum: "100" } };

/** Adds the rpcs of files. */
export function transferRoutes(router: ConnectRouter, world: AdminWorld): void {
  const parts = new Map<string, ImportResponsesRequest[]>();
  router.service(ResponseTransferService, {
    importResponses: (asked) => {
      const held = [...(parts.get(asked.requestId) ?? []), asked];
      parts.set(asked.requestId, held);
      if (held.length < asked.parts) return { state: ImportState.RECEIVING, receivedParts: held.length };
      return imported(world, asked.libraryId, Buffer.concat(held.map(({ content }) => content)).toString());
    },
    async *exportResponses({ libraryId }) {
      const all = [...world.responses.items.values()].filter(({ libraryIds }) => libraryIds.includes(libraryId));
      const rows = all.map(({ name, shortcut, variants }) => `${name},${shortcut},${variants[0]?.text}`);
      yield { fileName: "general.csv", mediaType: "text/csv", content: Buffer.from("name,shortcut,text:en\n") };
      for (const row of rows) yield { content: Buffer.from(`${row}\n`) };
    },
  });
}

function imported(world: AdminWorld, libraryId: string, file: string) {
  const rows = file.trim().split("\n").slice(1).map((row) => row.split(","));
  const wrong = rows.flatMap(([name], index) =>
    name === "" ? [{ line: index + 2, column: "name", columnNumber: 1, reason: "FIELD_INVALID", message: "1–100 characters", ...NAME }] : [],
  );
  if (wrong.length > 0) return { state: ImportState.REFUSED, problems: wrong.slice(0, MOST_PROBLEMS), problemCount: wrong.length };
  for (const [name, shortcut = "", text = ""] of rows) {
    world.responses.put({ name, shortcut, libraryIds: [libraryId], variants: [create(VariantSchema, { language: "en", text })] });
  }
  return { state: ImportState.IMPORTED, added: rows.length };
}
