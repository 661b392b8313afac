import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { keptSince, keptUntil } from "../../src/desk/records/kept-until";

const DAY_MS = 86_400_000;
const ENDED = { queueId: "q1", endedAt: timestampFromMs(5 * DAY_MS) };
const KEPT = [{ queueId: "q2", days: 1 }, { queueId: "q1", days: 30 }];

test.each([
  ["ended, by its own queue", ENDED, KEPT, 35 * DAY_MS],
  ["a queue that keeps for ever", { ...ENDED, queueId: "q3" }, KEPT, undefined],
  ["still open", { queueId: "q1" }, KEPT, undefined],
  ["erased already", { ...ENDED, erasedAt: timestampFromMs(6 * DAY_MS) }, KEPT, undefined],
  ["no rules known", ENDED, [], undefined],
])("%s", (_, ended, kept, expected) => {
  expect(keptUntil(ended, kept)).toBe(expected);
});

test("what ended before is erased, in days of 24 hours", () => {
  expect(keptSince(30, 100 * DAY_MS)).toBe(70 * DAY_MS);
});
