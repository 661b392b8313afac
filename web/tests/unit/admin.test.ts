// The logic behind the forms of the administration area.
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test, vi } from "vitest";
import {
  all,
  between,
  characters,
  check,
  duration,
  each,
  email,
  items,
  isOrigin,
  languageTag,
  password,
} from "../../src/admin/kit/bounds";
import { changedFields, conflicts, maskOf, merged, same } from "../../src/admin/kit/draft";
import { fieldKey } from "../../src/admin/kit/fields";
import { mentionsIn } from "../../src/admin/kit/names";
import { changeMembers, membersAfter, placeMember } from "../../src/admin/kit/members";
import { violationsOf } from "../../src/admin/kit/violations";
import type { AdminClients } from "../../src/admin/clients";
import { grantRule } from "../../src/admin/pages/grants";
import { skillsRule } from "../../src/admin/pages/user-skills";
import { fullCapacities } from "../../src/admin/pages/utilization";
import * as access from "../../src/admin/resources/access";
import * as contacts from "../../src/admin/resources/contacts";
import * as content from "../../src/admin/resources/content";
import { deploymentQueues, greetings } from "../../src/admin/resources/deployment-rules";
import { namesUsed, shortcut, substitutions, undeclared, variants } from "../../src/admin/resources/response-rules";
import * as hours from "../../src/admin/resources/hours";
import * as scripts from "../../src/admin/resources/scripts";
import * as routing from "../../src/admin/resources/routing";
import { sectionsFor } from "../../src/desk/sections";
import { DeploymentQueueSchema } from "../../src/gen/onqueue/auth/v1/trust_pb";
import { UserSchema } from "../../src/gen/onqueue/auth/v1/user_pb";
import { BadRequestSchema } from "../../src/gen/google/rpc/bad_request_pb";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb";
import { adminEn } from "../../src/i18n/admin.en";
import { contentEn } from "../../src/i18n/content.en";
import { settingsEn } from "../../src/i18n/settings.en";

describe("a draft", () => {
  test.each([
    [1, 1, true],
    [1n, 1n, true],
    [1n, 2n, false],
    ["a", "a", true],
    [["a", "b"], ["a", "b"], true],
    [["a", "b"], ["b", "a"], false],
    [["a"], ["a", "b"], false],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1, $typeName: "x" }, { a: 1 }, true],
    [{ a: undefined }, {}, true],
    [[], {}, false],
    [undefined, undefined, true],
    [null, {}, false],
  ])("%o and %o say the same: %s", (one, other, is) => {
    expect(same(one, other)).toBe(is);
    expect(same(other, one)).toBe(is);
  });

  const base = { name: "a", email: "b", tags: ["x"] };
  const fields = ["name", "email", "tags"] as const;

  test("names only what changed, as masks name it", () => {
    expect(changedFields(base, { ...base, tags: ["x", "y"] }, fields)).toEqual(["tags"]);
    expect(changedFields(base, { ...base, tags: ["x"] }, fields)).toEqual([]);
    expect(maskOf(["name", "divisionId", "alertingTimeoutMs"])).toEqual(["name", "division_id", "alerting_timeout_ms"]);
  });

  test("says who changed what", () => {
    const theirs = { name: "A", email: "b", tags: ["z"] };
    const mine = { name: "a", email: "B", tags: ["y"] };
    expect(conflicts(base, theirs, mine, fields)).toEqual([
      { field: "name", byThem: true, byMe: false },
      { field: "email", byThem: false, byMe: true },
      { field: "tags", byThem: true, byMe: true },
    ]);
    expect(merged(theirs, mine, ["email"])).toEqual({ name: "A", email: "B", tags: ["z"] });
  });

  test("sees changes in messages", () => {
    const user = create(UserSchema, { name: "Anna" });
    expect(changedFields(user, { ...user, name: "Anne" }, ["name", "email"])).toEqual(["name"]);
  });
});

test("what a value mentions is found at any depth, once", () => {
  const queue = { queueId: "q", labels: { en: "x" }, skillIds: ["s", "t"] };
  expect(mentionsIn([{ divisionId: "d", name: "n", queues: [queue, queue], libraryIds: [], other: null }])).toEqual([
    { kind: "divisions", id: "d" },
    { kind: "queues", id: "q" },
    { kind: "skills", id: "s" },
    { kind: "skills", id: "t" },
  ]);
  expect(mentionsIn({ divisionId: "", limit: 1n })).toEqual([]);
});

describe("bounds", () => {
  test.each([
    ["", "violation.empty"],
    ["  ", "violation.empty"],
    ["ab", "violation.short"],
    ["abc", undefined],
    [" abcde ", undefined],
    ["abcdef", "violation.long"],
    ["😀😀😀😀😀", undefined],
  ])("a text of 3 to 5 characters: %j", (text, key) => expect(characters(3, 5)(text)?.key).toBe(key));

  test.each([
    [0n, undefined],
    [4_999n, "violation.range"],
    [5_000n, undefined],
    [300_000n, undefined],
    [300_001n, "violation.range"],
  ])("a length of time: %s", (value, key) => expect(duration(5_000, 300_000)(value)?.key).toBe(key));

  test.each([
    ["https://www.example.com", true],
    ["https://www.example.com/", false],
    ["https://www.example.com:443", false],
    ["http://localhost:8080", true],
    ["HTTPS://www.example.com", false],
    ["https://www.example.com/path", false],
    ["https://user@www.example.com", false],
    ["ftp://www.example.com", false],
    ["*", false],
    ["null", false],
    ["", false],
  ])("an origin: %s", (text, is) => expect(isOrigin(text)).toBe(is));

  test("other values", () => {
    expect(between(0, 5)(5)).toBeUndefined();
    expect(between(0, 5)(1.5)?.key).toBe("violation.range");
    expect(between(0, 5)(Number.NaN)?.key).toBe("violation.range");
    expect([email("a@b"), email("a b@c")?.key, email("ab")?.key]).toEqual([undefined, "violation.email", "violation.email"]);
    expect([languageTag(""), languageTag("de-AT"), languageTag("german language")?.key]).toEqual([undefined, undefined, "violation.language"]);
    expect([password("elevenchars")?.key, password("twelve chars")]).toEqual(["violation.password", undefined]);
    expect(all(items(1, 2), each(characters(1, 1)))(["a", "bb"])?.key).toBe("violation.long");
    expect(check({ a: "", b: "x" }, { a: characters(1, 2), b: characters(1, 2) })).toEqual({ a: { key: "violation.empty" } });
  });

  test("a deployment's queues", () => {
    const queue = (queueId: string, labels: Record<string, string>) => create(DeploymentQueueSchema, { queueId, labels });
    expect(deploymentQueues([queue("", { en: "x" })])?.key).toBe("violation.queueChoose");
    expect(deploymentQueues([queue("q", { en: "x" }), queue("q", { en: "y" })])?.key).toBe("violation.queueTwice");
    expect(deploymentQueues([queue("q", { en: " " })])?.key).toBe("violation.queueLabel");
    expect(deploymentQueues([queue("q", { en: "x", de: "" })])).toBeUndefined();
    expect(greetings({ en: "x".repeat(501) })?.key).toBe("violation.long");
  });

  test("a response's parts", () => {
    const variant = (text: string) => ({ language: "en", text }) as Parameters<typeof variants>[0][number];
    const named = (name: string) => ({ name, description: "", defaultValue: "" }) as Parameters<typeof substitutions>[0][number];
    expect([shortcut(""), shortcut("hi")]).toEqual([undefined, undefined]);
    expect([shortcut("a b")?.key, shortcut("x".repeat(21))?.key]).toEqual(["violation.spaces", "violation.long"]);
    expect(variants([variant("😀".repeat(4_000))])).toBeUndefined();
    expect(variants([variant("é".repeat(4_001))])).toEqual({ key: "violation.long", values: { most: 4_000, language: "en" } });
    expect(variants([variant(" ")])?.key).toBe("violation.variantEmpty");
    expect(substitutions([named("DAY_2")])).toBeUndefined();
    expect(substitutions([named("day")])).toEqual({ key: "violation.substitutionName", values: { name: "day" } });
    expect(substitutions([named("A"), named("A")])?.key).toBe("violation.substitutionTwice");
    expect(namesUsed(["{{A}} {{B}}", "{{ A }} {C} {{d}}"])).toEqual(["A", "B"]);
    expect(undeclared(["{{A}} {{CUSTOMER_NAME}} {{B}}"], ["B"])).toEqual(["A"]);
  });

  test("grants, skills and capacities", () => {
    const grant = (roleId: string, divisionId: string) => ({ roleId, divisionId }) as Parameters<typeof grantRule>[0][number];
    expect(grantRule([grant("r", ""), grant("r", "d")])).toBeUndefined();
    expect(grantRule([grant("r", "d"), grant("r", "d")])?.key).toBe("violation.grantTwice");
    expect(grantRule([grant("", "d")])?.key).toBe("violation.grantRole");
    const skill = (skillId: string, proficiency: number) => ({ skillId, proficiency }) as Parameters<typeof skillsRule>[0][number];
    expect(skillsRule([skill("s", 0), skill("t", 5)])).toBeUndefined();
    expect(skillsRule([skill("s", 5.01)])?.key).toBe("violation.range");
    expect(skillsRule([skill("s", 1), skill("s", 2)])?.key).toBe("violation.twice");
    expect(fullCapacities([]).map(({ medium, maximum }) => [medium, maximum])).toEqual([[1, 1], [2, 4], [3, 1], [4, 4], [5, 1]]);
  });
});

describe("violations of the service", () => {
  const refusal = (reason: string, field: string) => {
    const info = create(ErrorInfoSchema, { reason, metadata: { field } });
    const bad = create(BadRequestSchema, { fieldViolations: [{ field, description: "1–100 characters" }] });
    return new ConnectError("no", Code.InvalidArgument, undefined, [
      { desc: ErrorInfoSchema, value: info },
      { desc: BadRequestSchema, value: bad },
    ]);
  };

  test.each([
    ["user.name", "name"],
    ["user.division_id", "divisionId"],
    ["name", "name"],
    ["deployment.queues[2].labels", "queues"],
  ])("%s is shown at %s", (path, field) => {
    const found = violationsOf(refusal("FIELD_INVALID", path), ["name", "divisionId", "queues"]);
    expect(found).toEqual({ [field]: { key: "violation.server", values: { problem: "1–100 characters" } } });
  });

  test("a taken name has its own sentence, and what no field is about has none", () => {
    expect(violationsOf(refusal("NAME_TAKEN", "user.email"), ["email"])).toEqual({ email: { key: "violation.taken" } });
    expect(violationsOf(refusal("FIELD_INVALID", "update_mask"), ["name"])).toEqual({});
    expect(violationsOf(new ConnectError("no", Code.Internal), ["name"])).toEqual({});
  });

  test("a mistake that the service names has its own sentence, with what belongs to it", () => {
    const refused = (metadata: Record<string, string>) => {
      const info = create(ErrorInfoSchema, { reason: "FIELD_INVALID", metadata });
      const details = create(BadRequestSchema, { fieldViolations: [{ field: metadata["field"] ?? "", description: "in English" }] });
      const error = new ConnectError("no", Code.InvalidArgument, undefined, [
        { desc: ErrorInfoSchema, value: info },
        { desc: BadRequestSchema, value: details },
      ]);
      return violationsOf(error, ["shortcut", "variants"]);
    };
    const long = { field: "response.shortcut", problem: "shortcut", maximum: "20" };
    expect(refused(long)).toEqual({ shortcut: { key: "mistake.shortcut", values: { ...long, maximum: 20 } } });
    const open = { field: "response.variants", problem: "substitution_open", text: "{{A" };
    expect(refused(open)).toEqual({ variants: { key: "mistake.substitution_open", values: open } });
    const undeclared = { field: "response.variants", problem: "substitution_undeclared", language: "de", substitution: "ORDER" };
    expect(refused(undeclared)).toEqual({ variants: { key: "violation.undeclared", values: undeclared } });
    const later = { field: "response.variants", problem: "of_a_later_service" };
    expect(refused(later)).toEqual({ variants: { key: "violation.server", values: { problem: "in English" } } });
  });

  test("metadata is enough", () => {
    const info = create(ErrorInfoSchema, { reason: "FIELD_INVALID", metadata: { field: "user.name" } });
    const error = new ConnectError("no", Code.InvalidArgument, undefined, [{ desc: ErrorInfoSchema, value: info }]);
    expect(violationsOf(error, ["name"])).toEqual({ name: { key: "violation.refused" } });
  });
});

describe("members of a queue", () => {
  test("are changed from what is there", () => {
    expect(membersAfter(["a", "b"], { add: ["c", "a"], remove: ["b"] })).toEqual(["a", "c"]);
  });

  test("are read to the last page before they are replaced", async () => {
    const setMembers = vi.fn(async () => ({}));
    const listMembers = vi.fn(async ({ pageToken }: { pageToken: string }) =>
      pageToken === "" ? { members: [{ userId: "a" }], nextPageToken: "2" } : { members: [{ userId: "b" }], nextPageToken: "" },
    );
    const clients = { queues: { listMembers, setMembers } } as unknown as AdminClients;
    await changeMembers(clients, "q", { add: ["c"], remove: ["a"] });
    expect(setMembers).toHaveBeenCalledWith({ queueId: "q", userIds: ["b", "c"] });
    const place = { userId: "b", ring: 2, groupIds: ["g"] };
    await placeMember(clients, "q", place);
    expect(setMembers).toHaveBeenLastCalledWith({ queueId: "q", userIds: ["a"], members: [place] });
  });
});

test("every field of every kind has a name", () => {
  const none = {} as AdminClients;
  const kinds = [
    access.userResource(none),
    access.roleResource(none),
    access.divisionResource(none),
    access.apiClientResource(none, () => undefined),
    access.deploymentResource(none),
    routing.queueResource(none, true),
    routing.skillResource(none),
    hours.wrapUpCodeResource(none),
    hours.scheduleResource(none),
    hours.scheduleGroupResource(none),
    contacts.contactFieldResource(none),
    content.libraryResource(none),
    content.responseResource(none),
    scripts.scriptResource(none),
  ];
  const texts = { ...adminEn, ...contentEn, ...settingsEn };
  for (const { kind, fields, rules } of kinds) {
    for (const key of [`kind.${kind}`, `new.${kind}`, `delete.${kind}`, ...fields.map(fieldKey)]) expect(texts).toHaveProperty([key]);
    expect(Object.keys(rules).filter((field) => !(fields as readonly string[]).includes(field))).toEqual([]);
  }
});

test("sections are there for those who may use them", () => {
  expect(sectionsFor([])).toEqual([]);
  expect(sectionsFor(["*:*:*"])).toHaveLength(18);
  const agent = ["conversation:webchat:accept", "responses:response:view", "routing:queue:join", "routing:queue:view"];
  expect(sectionsFor(agent)).toEqual([]);
  expect(sectionsFor(["externalContacts:customField:view"])).toEqual([]);
  expect(sectionsFor(["externalContacts:customField:*"])).toEqual(["contact-fields"]);
  expect(sectionsFor(["responses:*:*", "authorization:user:view"])).toEqual(["users", "libraries", "responses"]);
  expect(sectionsFor(["recording:transcript:view"])).toEqual([]);
  expect(sectionsFor(["recording:transcript:view", "recording:transcript:hold"])).toEqual(["retention"]);
});
