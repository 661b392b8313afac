import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ContentHealth } from "../../src/desk/content-health";
import { ResponseService } from "../../src/gen/onqueue/content/v1/response_pb";
import { AgentService } from "../../src/gen/onqueue/routing/v1/agent_pb";
import { ManualTimers } from "./manual-timers";

function setUp() {
  const timers = new ManualTimers();
  const world = { failure: undefined as Code | undefined, asked: 0, changes: 0 };
  const transport = createRouterTransport(
    ({ service }) => {
      service(ResponseService, {
        searchResponses: () => {
          world.asked += 1;
          if (world.failure !== undefined) throw new ConnectError("no", world.failure);
          return {};
        },
      });
      service(AgentService, {
        heartbeat: () => {
          throw new ConnectError("no", Code.Unavailable);
        },
      });
    },
    { transport: { interceptors: [(next) => (request) => health.watch(next)(request)] } },
  );
  const client = createClient(ResponseService, transport);
  const agents = createClient(AgentService, transport);
  const health: ContentHealth = new ContentHealth({ ask: () => client.searchResponses({}), timers });
  health.subscribe(() => (world.changes += 1));
  const call = () => client.searchResponses({}).catch(() => undefined);
  return { timers, world, health, call, heartbeat: () => agents.heartbeat({}).catch(() => undefined) };
}

const wait = (timers: ManualTimers, seconds: number) => timers.advance(seconds * 1_000);

describe("the content service", () => {
  test("is away once a second call has failed, and back with the first that is answered", async () => {
    const { timers, world, health, call } = setUp();
    world.failure = Code.Unavailable;
    await call();
    expect(health.isAway()).toBe(false);
    await wait(timers, 2);
    expect(health.isAway()).toBe(true);
    const asked = world.asked;
    await wait(timers, 60);
    expect(world.asked).toBeGreaterThan(asked + 5);
    expect(world.asked).toBeLessThan(asked + 61);
    world.failure = undefined;
    await wait(timers, 9);
    expect(health.isAway()).toBe(false);
    expect(world.changes).toBe(2);
    const settled = world.asked;
    await wait(timers, 60);
    expect(world.asked).toBe(settled);
  });

  test.each([Code.PermissionDenied, Code.NotFound, Code.Internal, Code.ResourceExhausted])("is there when it refuses with %s", async (code) => {
    const { timers, world, health, call } = setUp();
    world.failure = code;
    await call();
    await call();
    await wait(timers, 10);
    expect(health.isAway()).toBe(false);
    expect(world.asked).toBe(2);
  });

  test("is not judged by other services", async () => {
    const { timers, world, health, heartbeat } = setUp();
    await heartbeat();
    await heartbeat();
    await wait(timers, 10);
    expect([health.isAway(), world.asked]).toEqual([false, 0]);
  });

  test("is not asked again once the desk is left", async () => {
    const { timers, world, health, call } = setUp();
    world.failure = Code.DeadlineExceeded;
    await call();
    health.stop();
    await wait(timers, 60);
    expect(world.asked).toBe(1);
  });
});
