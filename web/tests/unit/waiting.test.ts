import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { chatTranslator } from "../../src/chat/catalogues";
import { LEAST_BETWEEN_MS, WaitingWatch, type Waiting } from "../../src/chat/waiting";
import { waitText } from "../../src/chat/waiting-text";
import { StandingSchema, WaitService, WaitUnknown, type WatchPositionResponseSchema } from "../../src/gen/guest/onqueue/routing/v1/wait_pb";
import type { Locale } from "../../src/i18n/translator";
import { ManualTimers, settle } from "./manual-timers";

type Frame = MessageInitShape<typeof WatchPositionResponseSchema>;
type StandingInit = MessageInitShape<typeof StandingSchema>;

const MINUTE = 60_000n;

const standing = (position: bigint): Frame => ({ frame: { case: "standing", value: { position } } });
const notice = (text: string): Frame => ({ frame: { case: "notice", value: { text, language: "en" } } });
const goodbye = (reason: string): Frame => ({ frame: { case: "goodbye", value: { reason } } });

function setUp(open: (round: number, give: (...frames: Frame[]) => void) => void, fault?: ConnectError) {
  const timers = new ManualTimers();
  const shown: (Waiting | undefined)[] = [];
  let rounds = 0;
  let give: (...frames: Frame[]) => void = () => {};
  const transport = createRouterTransport((router) => {
    router.service(WaitService, {
      async *watchPosition(_, { signal }) {
        if (fault) throw fault;
        const waiting: Frame[] = [];
        let wake = () => {};
        give = (...frames) => (waiting.push(...frames), wake());
        open((rounds += 1), give);
        while (!signal.aborted) {
          while (waiting.length > 0) yield waiting.shift() as Frame;
          await new Promise<void>((resolve) => {
            wake = resolve;
            signal.addEventListener("abort", () => resolve());
          });
        }
      },
    });
  });
  const watch = new WaitingWatch({
    conversationId: "c",
    client: createClient(WaitService, transport),
    tokens: { token: async () => "t", renew: async () => "t" },
    timers,
    changed: (waiting) => shown.push(waiting),
  });
  const positions = () => shown.map((waiting) => waiting?.standing && Number(waiting.standing.position));
  return { watch, timers, shown, positions, give: (...frames: Frame[]) => give(...frames), rounds: () => rounds };
}

const begin = async ({ watch, timers }: ReturnType<typeof setUp>) => {
  watch.stands("queued", "en");
  await timers.advance(200);
  await settle();
};

describe("following the wait", () => {
  test("shows the first place at once, and later ones at most every five seconds, the last of them", async () => {
    const world = setUp((_, give) => give(standing(5n)));
    await begin(world);
    expect(world.positions()).toEqual([5]);
    world.give(standing(4n), standing(3n));
    await settle();
    expect(world.positions()).toEqual([5]);
    await world.timers.advance(LEAST_BETWEEN_MS);
    expect(world.positions()).toEqual([5, 3]);
  });

  test("shows at once what the queue says, beside the place", async () => {
    const world = setUp((_, give) => give(standing(2n)));
    await begin(world);
    world.give(notice("Thank you for waiting."));
    await settle();
    expect(world.shown.at(-1)).toMatchObject({ standing: { position: 2n }, notice: { text: "Thank you for waiting." } });
  });

  test("ends when somebody answers, and begins again when it waits again", async () => {
    const world = setUp((round, give) => give(standing(BigInt(round))));
    await begin(world);
    world.give(goodbye("served"));
    await settle();
    expect(world.shown.at(-1)).toBeUndefined();
    world.watch.stands("connected", "en");
    await world.timers.advance(60_000);
    expect(world.rounds()).toBe(1);
    await begin(world);
    expect(world.positions().at(-1)).toBe(2);
  });

  test("asks again when the server goes", async () => {
    const world = setUp((_, give) => give(standing(7n)));
    await begin(world);
    world.give(goodbye("draining"));
    await settle();
    await world.timers.advance(5_000);
    expect(world.rounds()).toBe(2);
    expect(world.shown).not.toContain(undefined);
  });

  test("does not ask for a wait that is over in the log, nor again for one that does not exist", async () => {
    const over = setUp((_, give) => give(standing(1n)));
    over.watch.stands("queued", "en");
    over.watch.stands("connected", "en");
    await over.timers.advance(10_000);
    expect(over.rounds()).toBe(0);
    const gone = setUp(() => {}, new ConnectError("no", Code.NotFound));
    await begin(gone);
    await gone.timers.advance(60_000);
    expect(gone.shown).toEqual([]);
  });
});

describe("the sentence about the wait", () => {
  const text = (init: StandingInit, locale: Locale = "en") => waitText(create(StandingSchema, init), chatTranslator(locale));

  test.each<[string, StandingInit, string, string]>([
    ["a range", { position: 3n, p50Ms: 2n * MINUTE, p90Ms: 5n * MINUTE }, "number 3. It will probably take 2–5 minutes.", "Nummer 3. Es dauert voraussichtlich 2–5 Minuten."],
    ["a short one", { position: 1n, p50Ms: 10_000n, p90Ms: 50_000n }, "less than a minute", "weniger als eine Minute"],
    ["up to", { position: 2n, p50Ms: 40_000n, p90Ms: 4n * MINUTE }, "at most 4 minutes", "höchstens 4 Minuten"],
    ["hours", { position: 900n, p50Ms: 70n * MINUTE, p90Ms: 170n * MINUTE }, "1–3 hours", "1–3 Stunden"],
    ["unknown", { position: 2n, unknown: WaitUnknown.NO_EXPERIENCE }, "cannot be said yet", "lässt sich noch nicht sagen"],
    ["nobody there", { position: 2n, unknown: WaitUnknown.NOBODY_SERVING }, "Nobody is there", "niemand da"],
    ["alerting", { alerting: true }, "You are next", "als Nächstes"],
  ])("%s", (_, init, english, german) => {
    expect(text(init)).toContain(english);
    expect(text(init, "de")).toContain(german);
  });
});
