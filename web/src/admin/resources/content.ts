// Libraries and their responses.
import { create } from "@bufbuild/protobuf";
import { LibrarySchema, type Library } from "../../gen/onqueue/content/v1/library_pb";
import { ResponseSchema, type Response } from "../../gen/onqueue/content/v1/response_pb";
import type { AdminClients } from "../clients";
import { all, characters, chosen, each, items } from "../kit/bounds";
import { needsOf, present, type Resource } from "../kit/resource";
import { shortcut, substitutions, variants } from "./response-rules";

/** The state of a list that is narrowed to what nobody has ever sent. */
export const NEVER_USED = "never-used";

/** Collections of responses. */
export function libraryResource({ libraries }: AdminClients): Resource<Library> {
  return {
    kind: "library",
    needs: needsOf("responses:library"),
    fields: ["name", "description", "divisionId"],
    rules: { name: characters(1, 100), description: characters(0, 1_000), divisionId: chosen },
    blank: () => create(LibrarySchema),
    id: ({ libraryId }) => libraryId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async ({ text }, place, options) => {
      const { libraries: found, nextPageToken } = await libraries.listLibraries({ ...place, text }, options);
      return { items: found, nextPageToken };
    },
    get: async (libraryId) => present((await libraries.getLibrary({ libraryId })).library),
    create: async (requestId, library) => present((await libraries.createLibrary({ requestId, library })).library),
    update: async (library, paths) =>
      present((await libraries.updateLibrary({ library, updateMask: { paths } })).library),
    remove: (libraryId, etag) => libraries.deleteLibrary({ libraryId, etag }),
  };
}

/** Texts that are sent again and again. */
export function responseResource({ responses }: AdminClients): Resource<Response> {
  return {
    kind: "response",
    needs: needsOf("responses:response"),
    fields: ["name", "shortcut", "libraryIds", "variants", "substitutions", "tags"],
    rules: {
      name: characters(1, 100),
      shortcut,
      libraryIds: items(1, 20),
      variants: all(items(1, 50), variants),
      substitutions: all(items(0, 50), substitutions),
      tags: all(items(0, 20), each(characters(1, 50))),
    },
    blank: () => create(ResponseSchema),
    id: ({ responseId }) => responseId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async ({ text, library, state }, place, options) => {
      const asked = { ...place, text, libraryId: library, neverUsed: state === NEVER_USED };
      const { responses: found, nextPageToken } = await responses.listResponses(asked, options);
      return { items: found, nextPageToken };
    },
    get: async (responseId) => present((await responses.getResponse({ responseId })).response),
    create: async (requestId, response) => present((await responses.createResponse({ requestId, response })).response),
    update: async (response, paths) =>
      present((await responses.updateResponse({ response, updateMask: { paths } })).response),
    remove: (responseId, etag) => responses.deleteResponse({ responseId, etag }),
  };
}
