import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { deskTranslator } from "../../src/desk/catalogues";
import { Board } from "../../src/desk/live/board";
import { agentsByState, COLUMNS } from "../../src/desk/live/columns";
import { isMandatory, timeOf } from "../../src/desk/wrap-up/after-contact";
import {
  AgentCountsSchema,
  ObservationService,
  QueueObservationSchema,
  type ObservationChangesSchema,
  type WatchObservationsResponseSchema,
} from "../../src/gen/onqueue/routing/v1/observation_pb";
import { ManualTimers, settle } from "./manual-timers";

type Frame = MessageInitShape<typeof WatchObservationsResponseSchema>;

const changes = (value: MessageInitShape<typeof ObservationChangesSchema>): Frame => ({ frame: { case: "changes", value } });
const queue = (queueId: string, queueName: string, waiting = 0n) => ({ queueId, queueName, waiting });

function setUp(...rounds: (Frame[] | ConnectError)[]) {
  const timers = new ManualTimers();
  let asked = 0;
  const transport = createRouterTransport((router) => {
    router.service(ObservationService, {
      async *watchObservations(_, { signal }) {
        const frames = rounds[(asked += 1) - 1];
        if (frames instanceof ConnectError) throw frames;
        yield* frames ?? [];
        if (asked >= rounds.length) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    });
  });
  const client = createClient(ObservationService, transport);
  const tokens = { token: async () => "t", renew: async () => "t" };
  const board = new Board({ userId: "u", windowSeconds: 900, client, tokens, timers });
  board.start();
  return { board, timers, names: () => board.snapshot().queues.map(({ queueName, waiting }) => `${queueName} ${waiting}`) };
}

describe("live queues", () => {
  test("are shown when all were told, and follow changes and removals", async () => {
    const { board, names } = setUp([
      changes({ queues: [queue("1", "Sales"), queue("2", "Billing", 3n)] }),
      changes({ queues: [queue("3", "Claims")], complete: true }),
      changes({ queues: [queue("2", "Billing", 4n)], removedQueueIds: ["1"], complete: true }),
    ]);
    await settle();
    expect(board.snapshot()).toMatchObject({ known: true, connection: "online" });
    expect(names()).toEqual(["Billing 4", "Claims 0"]);
  });

  test("are not known before everything was told", async () => {
    const { board, names } = setUp([changes({ queues: [queue("1", "Sales")] })]);
    await settle();
    expect(board.snapshot().known).toBe(false);
    expect(names()).toEqual([]);
  });

  test("stay on the page while the stream begins anew, and then only what is still there", async () => {
    const { board, timers, names } = setUp(
      [changes({ queues: [queue("1", "Sales"), queue("2", "Billing")], complete: true })],
      [changes({ queues: [queue("2", "Billing", 1n)] })],
      [changes({ queues: [queue("2", "Billing", 2n)], complete: true })],
    );
    const seen = new Set<string>();
    board.subscribe(() => seen.add(names().join(", ")));
    await settle();
    await timers.advance(5_000);
    expect([...seen]).toEqual(["", "Sales 0, Billing 0", "Billing 2"]);
    expect(board.snapshot().connection).toBe("online");
  });

  test("that may not be seen say so", async () => {
    const { board } = setUp(new ConnectError("no", Code.PermissionDenied));
    await settle();
    expect(board.snapshot()).toMatchObject({ connection: "stopped", fault: { status: "permission_denied" } });
  });
});

describe("the columns", () => {
  const words = deskTranslator("de");
  const text = (name: string, init: MessageInitShape<typeof QueueObservationSchema>) =>
    COLUMNS.find((column) => column.name === name)?.text(create(QueueObservationSchema, init), 100_000, words);

  test("say shares, times and counts in the language of the page, and a dash for what is not known", () => {
    expect(text("service-level", { window: { serviceLevel: 8_250 } })).toBe("83\u00a0%");
    expect(text("service-level", { window: {} })).toBe("–");
    expect(text("answer", { window: { averageSpeedOfAnswerMs: 75_000n } })).toBe("1:15");
    expect(text("waiting", { waiting: 12_345n })).toBe("12.345");
  });

  test("count the oldest wait by the page's clock", () => {
    expect(text("oldest", { oldestWaitingSince: timestampFromMs(40_000) })).toBe("1:00");
    expect(text("oldest", {})).toBe("–");
  });

  test("name the states in which there are agents", () => {
    const states = agentsByState(create(AgentCountsSchema, { idle: 2n, offQueue: 1n }));
    expect(states).toEqual([
      { label: "live.agents.idle", count: 2 },
      { label: "live.agents.offQueue", count: 1 },
    ]);
  });
});

describe("the clock of after-contact work", () => {
  const since = timestampFromMs(10_000);
  const endsAt = timestampFromMs(70_000);

  test.each([
    [40_000, { elapsed: 30_000, left: 30_000, part: 0.5 }],
    [90_000, { elapsed: 80_000, left: 0, part: 0 }],
    [5_000, { elapsed: 0, left: 65_000, part: 1 }],
  ])("at %i", (now, expected) => expect(timeOf({ since, endsAt }, now)).toEqual(expected));

  test("without an end only runs", () => {
    expect(timeOf({ since }, 15_000)).toEqual({ elapsed: 5_000, left: undefined, part: 1 });
  });

  test("asks for a code where it is mandatory", () => {
    expect(["mandatory", "mandatory_forced", "agent_requested"].map((mode) => isMandatory({ mode }))).toEqual([true, true, false]);
  });
});
