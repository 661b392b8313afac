import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { chatSlot, type ChatMemory, type KeptChat } from "../../src/chat/kept-chat";
import { forgetChat, isNoDeployment, startChat } from "../../src/chat/start";
import { slot } from "../../src/core/storage";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb";
import { ConversationService } from "../../src/gen/onqueue/session/v1/conversation_pb";
import { Share } from "../../src/share/shared-fetch";
import { sharedSlot } from "../../src/share/shared-slot";
import { fault } from "./faults-made";

const WANTED = { kind: "chat" as const, queueId: "q1", language: "en", guestName: "Grace", topic: "Help", firstMessage: "hello", identityAssertion: "signed" };

function refusal(code: Code, reason: string): ConnectError {
  const value = create(ErrorInfoSchema, { reason });
  return new ConnectError("no", code, undefined, [{ desc: ErrorInfoSchema, value }]);
}

/** A server that answers each start with the next of `failures`, then takes it. */
function setUp(...failures: ConnectError[]) {
  const requestIds: string[] = [];
  const assertions: string[] = [];
  const transport = createRouterTransport(({ rpc }) => {
    rpc(ConversationService.method.startConversation, ({ requestId, identityAssertion }) => {
      requestIds.push(requestId);
      assertions.push(identityAssertion);
      const failure = failures.shift();
      if (failure) throw failure;
      return { conversation: { conversationId: "c1" }, participantId: "p1", tokens: { resumeToken: "r1" } };
    });
  });
  const place = <T>() => slot<T>(undefined, "");
  const browser = place<KeptChat>();
  const chat = chatSlot(sharedSlot(place<KeptChat>(), new Share(undefined), "chat"), browser);
  const memory: ChatMemory = { chat, start: place(), outbox: place(), draft: place() };
  const client = createClient(ConversationService, transport);
  const start = (wanted = WANTED) => startChat(client, memory, "d1", wanted);
  return { memory, browser, requestIds, assertions, start };
}

test.each([
  [Code.ResourceExhausted, "QUEUE_FULL"],
  [Code.InvalidArgument, "FIELD_INVALID"],
  [Code.AlreadyExists, "REQUEST_ID_REUSED"],
])("after the refusal %i %s the next start is a new request", async (code, reason) => {
  const { memory, requestIds, start } = setUp(refusal(code, reason));
  await expect(start()).rejects.toThrow();
  expect(memory.start.load()).toBeUndefined();
  expect(await start()).toMatchObject({ conversationId: "c1", participantId: "p1" });
  expect(new Set(requestIds).size).toBe(2);
});

test.each([
  [Code.Unavailable, ""],
  [Code.DeadlineExceeded, ""],
  [Code.ResourceExhausted, "RATE_LIMITED"],
  [Code.Internal, "INTERNAL"],
])("after the failure %i %s the next start is the same request", async (code, reason) => {
  const { memory, requestIds, start } = setUp(refusal(code, reason));
  await expect(start()).rejects.toThrow();
  expect(memory.start.load()).toMatchObject(WANTED);
  await start();
  expect(requestIds).toHaveLength(2);
  expect(new Set(requestIds).size).toBe(1);
  expect(memory.start.load()).toBeUndefined();
});

test("other content is another request, even after a lost answer", async () => {
  const { requestIds, start } = setUp(refusal(Code.Unavailable, ""));
  await expect(start()).rejects.toThrow();
  await start({ ...WANTED, firstMessage: "good day" });
  expect(new Set(requestIds).size).toBe(2);
});

test("a request that is repeated says the same of who the customer is; a new one what is signed now", async () => {
  const { requestIds, assertions, start } = setUp(refusal(Code.Unavailable, ""), refusal(Code.InvalidArgument, "FIELD_INVALID"));
  await expect(start()).rejects.toThrow();
  await expect(start({ ...WANTED, identityAssertion: "signed again" })).rejects.toThrow();
  await start({ ...WANTED, identityAssertion: "signed once more" });
  expect(assertions).toEqual(["signed", "signed", "signed once more"]);
  expect(new Set(requestIds).size).toBe(2);
});

test("a chat that is forgotten leaves no draft behind, nor does an earlier one", async () => {
  const { memory, start } = setUp();
  memory.draft.save("of an earlier chat");
  await start();
  expect(memory.draft.load()).toBeUndefined();
  memory.draft.save("of this chat");
  forgetChat(memory);
  expect(memory.draft.load()).toBeUndefined();
});

test.each([
  [{ status: "not_found", reason: "DEPLOYMENT_NOT_FOUND" }, true],
  [{ status: "invalid_argument", reason: "ID_MALFORMED" }, true],
  [{ status: "unavailable", kind: "lost" }, false],
  [{ status: "resource_exhausted", reason: "RATE_LIMITED", kind: "later" }, false],
  [{ status: "internal", kind: "broken" }, false],
] as const)("%j names no deployment: %s", (parts, expected) => {
  expect(isNoDeployment(fault(parts))).toBe(expected);
});

test("the browser remembers a chat until it is forgotten, and none of who is signed in to the web site", async () => {
  const anonymous = setUp();
  const kept = await anonymous.start({ ...WANTED, identityAssertion: "" });
  expect(anonymous.browser.load()).toEqual(kept);
  forgetChat(anonymous.memory);
  expect(anonymous.browser.load()).toBeUndefined();
  const signed = setUp();
  await signed.start();
  expect(signed.memory.chat.load()).toBeDefined();
  expect(signed.browser.load()).toBeUndefined();
});
