import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { afterContact, conversationRules, groupRules, groups, lastAgent, messages } from "../../src/admin/resources/queue-rules";
import {
  AfterContactSchema,
  GroupRuleSchema,
  InQueueMessageSchema,
  LastAgentSchema,
  MemberGroupSchema,
} from "../../src/gen/onqueue/routing/v1/queue_pb";
import { ConversationRulesSchema, InactivityAction, ResponseLibraryUse } from "../../src/gen/onqueue/routing/v1/queue_rules_pb";

test.each([
  [[], undefined],
  [["Seniors", "Juniors"], undefined],
  [["Seniors", " "], "violation.groupName"],
  [["Seniors", "seniors "], "violation.groupTwice"],
  [["x".repeat(100)], undefined],
  [["x".repeat(101)], "violation.long"],
])("groups called %j", (names, key) => {
  expect(groups(names.map((name) => create(MemberGroupSchema, { name })))?.key).toBe(key);
});

test("a rule opens a group", () => {
  expect(groupRules([create(GroupRuleSchema, { groupIds: ["g"] })])).toBeUndefined();
  expect(groupRules([create(GroupRuleSchema, { groupIds: ["g"] }), create(GroupRuleSchema)])?.key).toBe("violation.ruleGroup");
});

type Message = MessageInitShape<typeof InQueueMessageSchema>;
const after = (...texts: string[]): Message => ({
  when: { case: "afterMs", value: 0n },
  texts: texts.map((text, at) => ({ language: `l${at}`, text })),
});
const every = (value: bigint): Message => ({ ...after("Thank you"), when: { case: "everyMs", value } });

test.each<[string, Message, string | undefined]>([
  ["a text", after("Thank you"), undefined],
  ["no text", after(), "violation.messageText"],
  ["an empty text", after("Thank you", " "), "violation.messageText"],
  ["the longest text", after("x".repeat(1_000)), undefined],
  ["a longer text", after("x".repeat(1_001)), "violation.long"],
  ["the shortest interval", every(10_000n), undefined],
  ["a shorter interval", every(9_999n), "violation.messageEvery"],
])("a message with %s", (_, message, key) => {
  expect(messages([create(InQueueMessageSchema, message)])?.key).toBe(key);
});

type Given = MessageInitShape<typeof ConversationRulesSchema>;
const attached = (attachments: Given["attachments"] & object): Given => ({ attachments: { enabled: true, ...attachments } });

test.each<[string, Given, string | undefined]>([
  ["nothing set", {}, undefined],
  ["a transfer to nowhere", { inactivityAction: InactivityAction.TRANSFER }, "violation.transferQueue"],
  ["a transfer", { inactivityAction: InactivityAction.TRANSFER, inactivityTransferQueueId: "q" }, undefined],
  ["too little patience", { abandonAfterMs: 9_999n }, "violation.abandon"],
  ["too long a hold", { agentLostHoldMs: 3_600_001n }, "violation.lostHold"],
  ["a window of a year", { messagingWindowMs: 31_536_000_000n }, undefined],
  ["a longer window", { messagingWindowMs: 31_536_000_001n }, "violation.window"],
  ["a hundred years", { retentionDays: 36_500 }, undefined],
  ["longer", { retentionDays: 36_501 }, "violation.retention"],
  ["too large a file", attached({ maxBytes: 104_857_601n }), "violation.maxBytes"],
  ["less for all files than for one", attached({ maxBytes: 2n, maxTotalBytes: 1n }), "violation.maxTotal"],
  ["kinds of files", attached({ mediaTypes: ["image/svg+xml", "application/vnd.ms-excel"] }), undefined],
  ["no library", { libraryUse: ResponseLibraryUse.NONE }, undefined],
  ["chosen libraries that are none", { libraryUse: ResponseLibraryUse.CHOSEN }, "violation.libraries"],
  ["chosen libraries", { libraryUse: ResponseLibraryUse.CHOSEN, libraryIds: ["l"] }, undefined],
  ["too many libraries", { libraryUse: ResponseLibraryUse.CHOSEN, libraryIds: Array.from({ length: 201 }, String) }, "violation.many"],
  ["what is no kind of file", attached({ mediaTypes: ["image/png", "*.pdf"] }), "violation.mediaType"],
  ["limits of what is switched off", { attachments: { enabled: false, mediaTypes: ["pdf"] } }, "violation.mediaType"],
])("rules with %s", (_, rules, key) => {
  expect(conversationRules(create(ConversationRulesSchema, rules))?.key).toBe(key);
  expect(conversationRules(undefined)).toBeUndefined();
});

test.each([
  [0n, undefined],
  [999n, "violation.range"],
  [3_600_000n, undefined],
  [3_600_001n, "violation.range"],
])("after-contact work of %s ms", (timeoutMs, key) => {
  expect(afterContact(create(AfterContactSchema, { timeoutMs }))?.key).toBe(key);
  expect(afterContact(undefined)).toBeUndefined();
});

test.each<[bigint, string | undefined]>([
  [0n, undefined],
  [1n, undefined],
  [3_600_000n, undefined],
  [3_600_001n, "violation.range"],
])("the last agent alone for %s ms", (holdMs, key) => {
  expect(lastAgent(create(LastAgentSchema, { holdMs }))?.key).toBe(key);
  expect(lastAgent(undefined)).toBeUndefined();
});
