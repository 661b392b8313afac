import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { afterContact, groupRules, groups, messages } from "../../src/admin/resources/queue-rules";
import {
  AfterContactSchema,
  GroupRuleSchema,
  InQueueMessageSchema,
  MemberGroupSchema,
} from "../../src/gen/onqueue/routing/v1/queue_pb";

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

test.each([
  [0n, undefined],
  [999n, "violation.range"],
  [3_600_000n, undefined],
  [3_600_001n, "violation.range"],
])("after-contact work of %s ms", (timeoutMs, key) => {
  expect(afterContact(create(AfterContactSchema, { timeoutMs }))?.key).toBe(key);
  expect(afterContact(undefined)).toBeUndefined();
});
