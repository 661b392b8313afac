// What stands around and beside a conversation, as far as it is logic.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { lastSide, unreadSide } from "../../src/desk/assistance/side-chat";
import { RequestsBoard } from "../../src/desk/assistance/requests-board";
import { deskClients } from "../../src/desk/clients";
import { changeOf, draftOf } from "../../src/desk/contact/contact-draft";
import { wholeFile } from "../../src/desk/export-menu";
import { hasWordOrNothing, isAsked, NOTHING_ASKED, requestOf } from "../../src/desk/search/asked";
import { piecesOf } from "../../src/desk/search/marked";
import { FollowedChat } from "../../src/desk/supervise/followed-chat";
import { partOf, writesAside } from "../../src/desk/supervise/part";
import { EMPTY_VIEW, withEvents } from "../../src/core/conversation";
import { AssistanceService, type WatchRequestsResponseSchema } from "../../src/gen/onqueue/session/v1/assistance_pb";
import { ContactFieldSchema, ContactFieldType } from "../../src/gen/onqueue/session/v1/contact_field_pb";
import { ContactSchema } from "../../src/gen/onqueue/session/v1/contact_pb";
import { ConversationSchema, ConversationService, SupervisionMode, type WatchRequest, type WatchResponseSchema } from "../../src/gen/onqueue/session/v1/conversation_pb";
import { EventSchema, ParticipantKind } from "../../src/gen/onqueue/session/v1/event_pb";
import { ManualTimers, settle } from "./manual-timers";

const tokens = { token: async () => "t", renew: async () => "t" };

describe("requests for assistance", () => {
  type Frame = MessageInitShape<typeof WatchRequestsResponseSchema>;
  const opened = (assistanceId: string, waitingMs: bigint): Frame => ({ frame: { case: "opened", value: { assistanceId, waitingMs } } });
  const gone = (assistanceId: string): Frame => ({ frame: { case: "gone", value: { assistanceId } } });
  const caughtUp: Frame = { frame: { case: "caughtUp", value: {} } };
  const goodbye: Frame = { frame: { case: "goodbye", value: { reason: "draining" } } };

  function setUp(...rounds: Frame[][]) {
    const timers = new ManualTimers();
    let calls = 0;
    const transport = createRouterTransport((router) => {
      router.service(AssistanceService, {
        async *watchRequests(_, { signal }) {
          yield* rounds[calls++] ?? [];
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      });
    });
    const board = new RequestsBoard({ userId: "u", client: deskClients(transport).assistance, tokens, timers });
    board.start();
    const shown = () => board.snapshot().map(({ assistance, since }) => [assistance.assistanceId, timers.now() - since]);
    return { board, timers, shown };
  }

  test("the longest wait is first, by this page's clock", async () => {
    const { shown } = setUp([opened("a", 1_000n), opened("b", 60_000n), caughtUp, opened("c", 0n)]);
    await settle();
    expect(shown()).toEqual([
      ["b", 60_000],
      ["a", 1_000],
      ["c", 0],
    ]);
  });

  test("one that is gone, or that was taken here, is not shown any more", async () => {
    const { board, shown } = setUp([opened("a", 0n), opened("b", 0n), caughtUp, gone("a")]);
    await settle();
    expect(shown().map(([id]) => id)).toEqual(["b"]);
    board.drop("b");
    expect(shown()).toEqual([]);
  });

  test("what an earlier stream told stays until the next has told everything", async () => {
    const { timers, shown } = setUp([opened("a", 0n), caughtUp, goodbye], [opened("b", 0n)]);
    await settle();
    await timers.advance(5_000);
    expect(shown().map(([id]) => id)).toEqual(["a"]);
  });

  test("without the permission nothing is shown, and with it again everything", async () => {
    const { board, shown } = setUp([opened("a", 0n), caughtUp], [opened("b", 0n), caughtUp]);
    await settle();
    board.stop();
    expect(shown()).toEqual([]);
    board.start();
    await settle();
    expect(shown().map(([id]) => id)).toEqual(["b"]);
  });
});

describe("following a conversation", () => {
  type Frame = MessageInitShape<typeof WatchResponseSchema>;
  const said = (sequence: number, text: string): Frame => ({
    frame: { case: "event", value: { sequence: BigInt(sequence), eventId: text, body: { case: "message", value: { text } } } },
    cursor: `at ${sequence}`,
  });
  const goodbye = (reason: string): Frame => ({ frame: { case: "goodbye", value: { reason } }, cursor: "" });

  function follow(...rounds: Frame[][]) {
    const timers = new ManualTimers();
    const requests: WatchRequest[] = [];
    const transport = createRouterTransport((router) => {
      router.service(ConversationService, {
        async *watch(request, { signal }) {
          requests.push(request);
          yield* rounds[requests.length - 1] ?? [];
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      });
    });
    const followed = new FollowedChat({ conversationId: "c", userId: "u", clients: deskClients(transport), tokens, timers });
    followed.start();
    const texts = () => followed.snapshot().view.events.map(({ eventId }) => eventId);
    return { followed, timers, texts, cursors: () => requests.map(({ cursor }) => cursor) };
  }

  test("goes on from the last cursor", async () => {
    const { timers, texts, cursors } = follow([said(1, "one"), goodbye("draining")], [said(2, "two")]);
    await settle();
    await timers.advance(5_000);
    expect(cursors()).toEqual(["", "at 1"]);
    expect(texts()).toEqual(["one", "two"]);
  });

  test("begins anew as somebody else, whose numbers are others", async () => {
    const { timers, texts, cursors } = follow([said(1, "beside"), said(2, "hello"), goodbye("access_changed")], [said(1, "hello")]);
    await settle();
    await timers.advance(5_000);
    expect(cursors()).toEqual(["", ""]);
    expect(texts()).toEqual(["hello"]);
  });

  test("stops where the conversation has ended, and takes who supervises and who is away", async () => {
    const { followed, timers, cursors } = follow([
      { frame: { case: "guestPresence", value: { awaySince: timestampFromMs(7_000) } } },
      { frame: { case: "supervision", value: { supervisors: [{ name: "Sven" }] } } },
      goodbye("conversation_ended"),
    ]);
    await settle();
    await timers.advance(60_000);
    expect(cursors()).toEqual([""]);
    expect(followed.snapshot()).toMatchObject({ awaySince: 7_000, supervisors: [{ name: "Sven" }] });
  });
});

describe("what somebody does in a conversation", () => {
  const own = (kind: ParticipantKind, left = false) => ({ userId: "u", kind, ...(left ? { leftAt: timestampFromMs(1) } : {}) });
  test.each([
    ["none", {}, false],
    ["monitor", { supervisors: [{ userId: "u", mode: SupervisionMode.MONITOR }] }, false],
    ["coach", { supervisors: [{ userId: "u", mode: SupervisionMode.COACH }] }, true],
    ["help", { supervisors: [{ userId: "x", mode: SupervisionMode.COACH }, { userId: "u", mode: SupervisionMode.HELP }] }, true],
    ["barge", { participants: [own(ParticipantKind.SUPERVISOR)] }, true],
    ["agent", { participants: [own(ParticipantKind.SUPERVISOR, true), own(ParticipantKind.AGENT)] }, true],
    ["none", { participants: [own(ParticipantKind.AGENT, true)] }, false],
  ] as const)("%s", (part, init, writes) => {
    expect(partOf(create(ConversationSchema, init as MessageInitShape<typeof ConversationSchema>), "u")).toBe(part);
    expect(writesAside(part)).toBe(writes);
  });
});

test("side messages of others are unread until the last of them was seen", () => {
  const side = (sequence: number, userId: string) =>
    create(EventSchema, { sequence: BigInt(sequence), body: { case: "sideMessage", value: { text: "x", userId } } });
  const view = withEvents(EMPTY_VIEW, [side(1, "me"), side(2, "other"), side(3, "other")]);
  expect([0n, 2n, 3n].map((after) => unreadSide(view, after, "me"))).toEqual([2, 1, 0]);
  expect([lastSide(view), lastSide(EMPTY_VIEW)]).toEqual([3n, 0n]);
});

describe("an excerpt", () => {
  const drawn = (excerpt: string, ...marks: [number, number][]) =>
    piecesOf(excerpt, marks.map(([start, length]) => ({ start, length }))).map(({ text, isFound }) => (isFound ? `[${text}]` : text)).join("");
  test("is marked by characters, not by their halves", () => {
    expect(drawn("a 💶 refund", [4, 6])).toBe("a 💶 [refund]");
    expect(drawn("💶💶", [1, 1])).toBe("💶[💶]");
  });
  test("takes marks that touch, overlap or go beyond its end", () => {
    expect(drawn("abcdef", [0, 2], [2, 1], [1, 1], [5, 9])).toBe("[abc]de[f]");
    expect(drawn("abc")).toBe("abc");
    expect(drawn("", [0, 3])).toBe("");
  });
});

describe("a search", () => {
  test.each([
    ["", true],
    ["  ", true],
    ["refund", true],
    ["“Где”", true],
    ["\"7\"", true],
    ["退款", true],
    ["\"", false],
    [" „“ ", false],
    ["? – !", false],
    ["💶", false],
  ])("for %j can be made: %s", (text, expected) => expect(hasWordOrNothing(text)).toBe(expected));
  test("asks for whole days of the reader's time zone", () => {
    const { createdFrom, createdBefore, text } = requestOf({ ...NOTHING_ASKED, text: " a b ", from: "2026-03-29", to: "2026-03-29" });
    const at = (timestamp: typeof createdFrom) => timestampMs(timestamp as Parameters<typeof timestampMs>[0]);
    expect(at(createdFrom)).toBe(new Date(2026, 2, 29).getTime());
    expect(at(createdBefore)).toBe(new Date(2026, 2, 30).getTime());
    expect(text).toBe("a b");
  });
  test("leaves out what was not said", () => {
    expect(requestOf(NOTHING_ASKED)).not.toHaveProperty("createdFrom");
    expect(requestOf({ ...NOTHING_ASKED, contactName: "Grace" })).not.toHaveProperty("contactName");
    expect([isAsked(NOTHING_ASKED), isAsked({}), isAsked(null), isAsked("x")]).toEqual([true, false, false, false]);
  });
});

describe("a contact's form", () => {
  const fields = [
    create(ContactFieldSchema, { key: "tier", type: ContactFieldType.CHOICE, choices: ["gold"] }),
    create(ContactFieldSchema, { key: "orders", type: ContactFieldType.NUMBER }),
    create(ContactFieldSchema, { key: "vip", type: ContactFieldType.BOOLEAN }),
    create(ContactFieldSchema, { key: "since", type: ContactFieldType.DATE }),
  ];
  const contact = create(ContactSchema, {
    contactId: "k",
    etag: "1",
    name: "Grace",
    emails: ["a@example.org", "b@example.org"],
    fields: { tier: { value: { case: "choice", value: "gold" } }, vip: { value: { case: "boolean", value: false } } },
  });

  test("shows lists as lines and values as texts", () => {
    expect(draftOf(contact, fields)).toMatchObject({
      emails: "a@example.org\nb@example.org",
      fields: { tier: "gold", orders: "", vip: "false", since: "" },
    });
  });

  test("sends what was changed and no more, of the version that is there", () => {
    const draft = draftOf(contact, fields);
    expect(changeOf(contact, draft, fields, "1").updateMask.paths).toEqual([]);
    const changed = { ...draft, emails: "\n b@example.org \n\n", fields: { ...draft.fields, tier: "", orders: "2,5", vip: "true" } };
    expect(changeOf(contact, changed, fields, "9")).toMatchObject({
      contact: {
        contactId: "k",
        etag: "9",
        emails: ["b@example.org"],
        fields: { orders: { value: { case: "number", value: 2.5 } }, vip: { value: { case: "boolean", value: true } } },
      },
      updateMask: { paths: ["emails", "fields.tier", "fields.orders", "fields.vip"] },
    });
  });
});

test("a file comes in parts, of which the first names it", async () => {
  const part = (text: string, fileName = "", mediaType = "") => ({ fileName, mediaType, content: new TextEncoder().encode(text) });
  async function* parts() {
    yield part("one ", "a.html", "text/html");
    yield part("two");
  }
  const { name, content } = await wholeFile(parts());
  expect([name, content.type, await content.text()]).toEqual(["a.html", "text/html", "one two"]);
});
