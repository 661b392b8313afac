// The rpcs of scripts in the stand-in.
import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { ScriptService, ScriptVersionSchema } from "../../../src/gen/onqueue/content/v1/script_pb";
import { ScriptItemSchema, ScriptRunService, type ScriptRun } from "../../../src/gen/onqueue/content/v1/script_run_pb";
import { refusal } from "./refusal";
import type { ScriptWorld } from "./script-world";
import { begins } from "./shelf";
import { AGENT_USER, type World } from "./world";

/** Adds the rpcs of scripts. */
export function scriptRoutes(router: ConnectRouter, world: World): void {
  runRoutes(router, world);
  scriptAdminRoutes(router, world.script);
}

function runRoutes(router: ConnectRouter, world: World): void {
  const { script } = world;
  /** As the caller gets it: with the ids of responses, and whether steps may be taken. */
  const answer = (run: ScriptRun | undefined) => (run ? { run: { ...withResponses(world, run), maySubmit: !script.readsOnly } } : {});
  router.service(ScriptRunService, {
    startRun: ({ conversationId, language }) => {
      script.languages.push(language);
      if (script.readsOnly) throw refusal(Code.PermissionDenied, "CALLER_NOT_ALLOWED");
      const run = script.start(conversationId);
      return run ? answer(run) : { absence: script.absence };
    },
    getRun: ({ conversationId, runId }) => answer(script.look(conversationId, runId)),
    listRuns: ({ conversationId }) => ({ runs: [...script.runs.values()].filter((run) => run.conversationId === conversationId) }),
    submitPage: (asked) => {
      script.submitted.push(asked);
      const run = script.press(asked);
      if (script.losesAnswer) {
        script.losesAnswer = false;
        throw refusal(Code.Unavailable, "UNAVAILABLE");
      }
      return answer(run);
    },
    endRun: ({ runId }) => answer(script.end(runId)),
  });
}

function withResponses({ admin }: World, run: ScriptRun): ScriptRun {
  if (!run.page) return run;
  const items = run.page.items.map((each) => {
    if (each.item.case !== "response") return each;
    const { shortcut } = each.item.value;
    const found = [...admin.responses.items.values()].find((response) => response.shortcut === shortcut);
    return create(ScriptItemSchema, { item: { case: "response", value: { ...each.item.value, responseId: found?.responseId ?? "" } } });
  });
  return { ...run, page: { ...run.page, items } };
}

function scriptAdminRoutes(router: ConnectRouter, world: ScriptWorld): void {
  const { scripts, versions } = world;
  const problems = (document: string) => world.problemsIn(document);
  router.service(ScriptService, {
    createScript: ({ requestId, script }) => ({ script: scripts.create(requestId, script) }),
    getScript: ({ scriptId }) => ({ script: scripts.get(scriptId) }),
    listScripts: (asked) => {
      const { found, nextPageToken } = scripts.page(asked, ({ name }) => begins(name, asked.text));
      return { scripts: found.map((script) => ({ ...script, document: "" })), nextPageToken };
    },
    updateScript: ({ script, updateMask }) => {
      const changed = scripts.update(script, updateMask?.paths ?? []);
      const last = versions.get(changed.scriptId)?.[0]?.document;
      return { script: scripts.change(changed.scriptId, { draftDiffers: last !== changed.document }) };
    },
    deleteScript: ({ scriptId, etag }) => scripts.remove(scriptId, etag),
    validateScript: ({ scriptId, document }) => {
      const checked = document || scripts.get(scriptId).document;
      return { problems: problems(checked), mentions: world.mentionsIn(checked) };
    },
    publishScript: ({ scriptId, etag }) => {
      const script = scripts.get(scriptId);
      if (script.etag !== etag) throw refusal(Code.Aborted, "ETAG_MISMATCH", { etag: script.etag });
      const found = problems(script.document);
      if (found.length > 0) throw refusal(Code.FailedPrecondition, "SCRIPT_INVALID", { problems: String(found.length) });
      const earlier = versions.get(scriptId) ?? [];
      const version = create(ScriptVersionSchema, {
        scriptId,
        version: earlier.length + 1,
        digest: `digest-${earlier.length + 1}`,
        document: script.document,
        publishedAt: timestampNow(),
        publishedBy: `user:${AGENT_USER}`,
      });
      versions.set(scriptId, [version, ...earlier]);
      const changes = { publishedVersion: version.version, publishedAt: version.publishedAt, draftDiffers: false };
      return { script: scripts.change(scriptId, changes), version };
    },
    listScriptVersions: ({ scriptId }) => ({ versions: (versions.get(scriptId) ?? []).map((version) => ({ ...version, document: "" })) }),
    getScriptVersion: ({ scriptId, version }) => ({ version: versionOf(world, scriptId, version) }),
    exportScript: ({ scriptId, version }) => ({
      fileName: version === 0 ? "script-draft.json" : `script-${version}.json`,
      content: version === 0 ? scripts.get(scriptId).document : versionOf(world, scriptId, version).document,
    }),
    importScript: ({ requestId, divisionId, name, content }) => {
      const [first] = problems(content);
      if (first?.code === "FIELD_UNKNOWN" || first?.code === "JSON_INVALID") {
        throw refusal(Code.FailedPrecondition, "SCRIPT_INVALID", { problems: "1", code: first.code, pointer: first.pointer ?? "" });
      }
      world.imports.push({ divisionId, name, content });
      const said = (JSON.parse(content) as { name: { en: string } }).name.en;
      const made = { name: name || said, divisionId, document: content };
      return { script: scripts.create(requestId, made), problems: problems(content) };
    },
  });
}

function versionOf({ versions }: ScriptWorld, scriptId: string, number: number) {
  const found = versions.get(scriptId)?.find(({ version }) => version === number);
  if (!found) throw refusal(Code.NotFound, "NOT_FOUND");
  return found;
}
