import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../src/gen/google/rpc/error_details_pb";
import { AgentService } from "../../src/gen/onqueue/routing/v1/agent_pb";
import { ResponseService } from "../../src/gen/onqueue/content/v1/response_pb";
import { ResponseTransferService } from "../../src/gen/onqueue/content/v1/response_transfer_pb";
import { ConversationService } from "../../src/gen/onqueue/session/v1/conversation_pb";
import { deadlineOf, withDeadlines } from "../../src/rpc/deadlines";
import { faultOf } from "../../src/rpc/faults";
import { TokenLease, type TokenPair } from "../../src/rpc/lease";
import { allPages } from "../../src/rpc/pages";
import { recover } from "../../src/rpc/recovery";
import { aboutConversation, bearer } from "../../src/rpc/transport";
import { fault } from "./faults-made";

function refusal(code: Code, reason: string): ConnectError {
  const info = create(ErrorInfoSchema, { reason, metadata: { permission: "p" } });
  return new ConnectError("no", code, undefined, [{ desc: ErrorInfoSchema, value: info }]);
}

describe("faults", () => {
  test.each([
    [new ConnectError("x", Code.Unavailable), "lost", "unavailable"],
    [new ConnectError("x", Code.DeadlineExceeded), "lost", "deadline_exceeded"],
    [new TypeError("Failed to fetch"), "lost", "unknown"],
    [new ConnectError("x", Code.Internal), "broken", "internal"],
    [new ConnectError("missing trailer", Code.Unknown), "broken", "unknown"],
    [refusal(Code.Unauthenticated, "TOKEN_EXPIRED"), "signed_out", "unauthenticated"],
    [refusal(Code.FailedPrecondition, "CONVERSATION_CLOSED"), "refused", "failed_precondition"],
    [refusal(Code.ResourceExhausted, "QUEUE_FULL"), "refused", "resource_exhausted"],
    [refusal(Code.ResourceExhausted, "RATE_LIMITED"), "later", "resource_exhausted"],
  ] as const)("%s is %s", (error, kind, status) => {
    expect(faultOf(error)).toMatchObject({ kind, status });
  });

  test("reason, metadata and retry delay are read from the details, over the wire form", async () => {
    const retry = create(RetryInfoSchema, { retryDelay: { seconds: 2n, nanos: 500_000_000 } });
    const info = create(ErrorInfoSchema, { reason: "RATE_LIMITED", metadata: { a: "b" } });
    const details = [
      { desc: ErrorInfoSchema, value: info },
      { desc: RetryInfoSchema, value: retry },
    ];
    const transport = createRouterTransport(({ rpc }) => {
      rpc(AgentService.method.goOnQueue, () => {
        throw new ConnectError("slow down", Code.ResourceExhausted, undefined, details);
      });
    });
    const error = await createClient(AgentService, transport).goOnQueue({}).catch((thrown: unknown) => thrown);
    expect(faultOf(error)).toEqual({
      kind: "later",
      reason: "RATE_LIMITED",
      status: "resource_exhausted",
      metadata: { a: "b" },
      retryAfterMs: 2_500,
    });
  });
});

describe("deadlines", () => {
  test.each([
    [AgentService.method.goOnQueue, 10_000],
    [ResponseService.method.searchResponses, 10_000],
    [ResponseTransferService.method.importResponses, 60_000],
  ] as const)("%s gets what its rpc declares, and no less than others", (method, expected) => {
    expect(deadlineOf(method)).toBe(expected);
  });

  test("a call that names one keeps it", async () => {
    const given: (number | undefined)[] = [];
    const inner = createRouterTransport(({ rpc }) => {
      rpc(ResponseTransferService.method.importResponses, () => ({}));
    });
    const client = createClient(
      ResponseTransferService,
      withDeadlines({
        ...inner,
        unary: (method, signal, timeoutMs, ...rest) => {
          given.push(timeoutMs);
          return inner.unary(method, signal, timeoutMs, ...rest);
        },
      }),
    );
    await client.importResponses({});
    await client.importResponses({}, { timeoutMs: 1_000 });
    expect(given).toEqual([60_000, 1_000]);
  });
});

describe("token lease", () => {
  function setUp(expiresIn: number) {
    let held: TokenPair | undefined = { access: "a0", accessExpiresAt: expiresIn, renewal: "r0" };
    const used: string[] = [];
    let now = 0;
    const lease = new TokenLease({
      load: () => held,
      save: (pair) => (held = pair),
      exchange: async (renewal) => {
        used.push(renewal);
        const next = used.length;
        return { access: `a${next}`, accessExpiresAt: now + expiresIn, renewal: `r${next}` };
      },
      now: () => now,
      exclusively: (work) => work(),
    });
    return { lease, used, setNow: (ms: number) => (now = ms), hold: (pair: TokenPair) => (held = pair) };
  }

  test("gives the token while it lasts and renews it before it ends", async () => {
    const { lease, used, setNow } = setUp(600_000);
    expect(await lease.token()).toBe("a0");
    setNow(540_001);
    expect(await lease.token()).toBe("a1");
    expect(await lease.token()).toBe("a1");
    expect(used).toEqual(["r0"]);
  });

  test("renews once for all who ask meanwhile, always with the newest renewal token", async () => {
    const { lease, used, setNow } = setUp(600_000);
    setNow(599_000);
    const tokens = await Promise.all([lease.token(), lease.token(), lease.renew("a0")]);
    expect(tokens).toEqual(["a1", "a1", "a1"]);
    expect(await lease.renew("a1")).toBe("a2");
    expect(used).toEqual(["r0", "r1"]);
  });

  test("takes what another tab has renewed already", async () => {
    const { lease, used, hold } = setUp(600_000);
    hold({ access: "b", accessExpiresAt: 600_000, renewal: "rb" });
    expect(await lease.renew("a0")).toBe("b");
    expect(used).toEqual([]);
  });

  test("a clock that runs ahead does not renew with every call", async () => {
    const { lease, used } = setUp(10_000);
    for (let call = 0; call < 5; call += 1) await lease.token();
    expect(used).toEqual(["r0"]);
  });
});

describe("bearer", () => {
  function client(tokens: { token(): Promise<string>; renew(refused: string): Promise<string> }) {
    const seen: string[] = [];
    const transport = createRouterTransport(
      ({ rpc }) => {
        rpc(AgentService.method.goOnQueue, (_request, { requestHeader }) => {
          const token = requestHeader.get("authorization") ?? "";
          seen.push(token);
          if (token !== "Bearer good") throw refusal(Code.Unauthenticated, "TOKEN_EXPIRED");
          return {};
        });
      },
      { transport: { interceptors: [bearer(tokens)] } },
    );
    return { seen, agents: createClient(AgentService, transport) };
  }

  test("repeats a refused call once with a new token", async () => {
    const { seen, agents } = client({ token: async () => "old", renew: async () => "good" });
    await agents.goOnQueue({});
    expect(seen).toEqual(["Bearer old", "Bearer good"]);
  });

  test("does not go on for ever", async () => {
    const { seen, agents } = client({ token: async () => "old", renew: async () => "bad" });
    await expect(agents.goOnQueue({})).rejects.toThrow();
    expect(seen).toHaveLength(2);
  });
});

describe("the conversation that a call is about", () => {
  const seen: (string | null)[] = [];
  const transport = createRouterTransport(
    ({ rpc }) => {
      rpc(AgentService.method.goOnQueue, (_request, { requestHeader }) => {
        seen.push(requestHeader.get("onqueue-conversation"));
        return {};
      });
      rpc(ConversationService.method.sendMessage, (_request, { requestHeader }) => {
        seen.push(requestHeader.get("onqueue-conversation"));
        return {};
      });
    },
    { transport: { interceptors: [aboutConversation] } },
  );

  test("is named where there is one", async () => {
    await createClient(ConversationService, transport).sendMessage({ conversationId: "c1", text: "hello" });
    await createClient(AgentService, transport).goOnQueue({});
    expect(seen).toEqual(["c1", null]);
  });
});

describe("recovery of a stream", () => {
  const steps = (renew: () => Promise<unknown>) => {
    let anew = 0;
    return { renew, readAnew: () => (anew += 1), count: () => anew };
  };
  const works = async () => "token";

  test.each(["LOG_RESTORED", "CURSOR_MALFORMED"])("%s reads anew and goes on", async (reason) => {
    const recovery = steps(works);
    expect(await recover(fault({ reason }), recovery)).toBeUndefined();
    expect(recovery.count()).toBe(1);
  });

  test.each(["not_found", "permission_denied"])("%s is the end", async (status) => {
    expect(await recover(fault({ status }), steps(works))).toMatchObject({ status });
  });

  test.each([fault({ kind: "lost", status: "unavailable" }), fault({ status: "unimplemented" })])(
    "what may pass goes on",
    async (failure) => expect(await recover(failure, steps(works))).toBeUndefined(),
  );

  test("refused tokens are renewed, and only a refused renewal is the end", async () => {
    const signedOut = fault({ kind: "signed_out", status: "unauthenticated" });
    expect(await recover(signedOut, steps(works))).toBeUndefined();
    const offline = () => Promise.reject(new ConnectError("x", Code.Unavailable));
    expect(await recover(signedOut, steps(offline))).toBeUndefined();
    const invalid = () => Promise.reject(refusal(Code.Unauthenticated, "TOKEN_INVALID"));
    expect(await recover(signedOut, steps(invalid))).toMatchObject({ reason: "TOKEN_INVALID" });
  });
});

test("all pages are read in order", async () => {
  const pages: Record<string, { items: number[]; nextPageToken: string }> = {
    "": { items: [1, 2], nextPageToken: "x" },
    x: { items: [3], nextPageToken: "y" },
    y: { items: [], nextPageToken: "" },
  };
  const read = async (token: string) => pages[token] ?? { items: [], nextPageToken: "" };
  expect(await allPages(read)).toEqual([1, 2, 3]);
});
