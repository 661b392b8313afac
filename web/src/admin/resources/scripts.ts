// Scripts that guide agents.
import { create } from "@bufbuild/protobuf";
import { ScriptSchema, type Script } from "../../gen/onqueue/content/v1/script_pb";
import type { AdminClients } from "../clients";
import { characters, chosen, type Rule } from "../kit/bounds";
import { needsOf, present, type Resource } from "../kit/resource";
import { BLANK_DOCUMENT, byteLength, fitting, legible, MOST_BYTES } from "../scripts/document";

const documentRule: Rule<string> = (text) => {
  if (text.trim() === "") return { key: "violation.empty" };
  return byteLength(fitting(text)) > MOST_BYTES ? { key: "violation.document", values: { most: MOST_BYTES } } : undefined;
};

/** Scripts with their drafts. */
export function scriptResource({ scripts }: AdminClients): Resource<Script> {
  const read = (script: Script | undefined) => asShown(present(script));
  return {
    kind: "script",
    needs: needsOf("scripter:script"),
    fields: ["name", "description", "divisionId", "document"],
    rules: { name: characters(1, 100), description: characters(0, 1_000), divisionId: chosen, document: documentRule },
    blank: () => create(ScriptSchema, { document: BLANK_DOCUMENT }),
    id: ({ scriptId }) => scriptId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async ({ text }, place, options) => {
      const { scripts: items, nextPageToken } = await scripts.listScripts({ ...place, text }, options);
      return { items, nextPageToken };
    },
    get: async (scriptId) => read((await scripts.getScript({ scriptId })).script),
    create: async (requestId, script) => read((await scripts.createScript({ requestId, script: asSent(script) })).script),
    update: async (script, paths) => read((await scripts.updateScript({ script: asSent(script), updateMask: { paths } })).script),
    remove: (scriptId, etag) => scripts.deleteScript({ scriptId, etag }),
  };
}

/** A script as forms show it: its document in lines that people can read. */
export function asShown(script: Script): Script {
  return { ...script, document: legible(script.document) };
}

function asSent(script: Script): Script {
  return { ...script, document: fitting(script.document) };
}
