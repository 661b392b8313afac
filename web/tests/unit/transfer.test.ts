import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { formatOf, PART_BYTES, sendImport, type Import } from "../../src/admin/responses/transfer";
import {
  ImportMode,
  ImportState,
  ResponseFormat,
  ResponseTransferService,
  type ImportResponsesRequest,
} from "../../src/gen/onqueue/content/v1/response_transfer_pb";
import { ManualTimers, settle } from "./manual-timers";

function setUp(answers: (Code | ImportState)[] = []) {
  const timers = new ManualTimers();
  const calls: ImportResponsesRequest[] = [];
  const transport = createRouterTransport(({ service }) => {
    service(ResponseTransferService, {
      importResponses: (asked) => {
        calls.push(asked);
        const answer = answers.shift();
        if (answer === Code.Unavailable || answer === Code.DeadlineExceeded || answer === Code.NotFound) throw new ConnectError("no", answer);
        const isLast = asked.part + 1 === asked.parts;
        return { state: isLast ? ImportState.IMPORTED : ImportState.RECEIVING, added: 7 };
      },
    });
  });
  const progress: number[] = [];
  const given = new AbortController();
  const client = createClient(ResponseTransferService, transport);
  const ports = { client, timers, progress: (done: number) => progress.push(done), signal: given.signal };
  return { timers, calls, progress, given, ports };
}

const file = (length: number): Import => ({
  requestId: "r",
  libraryId: "l",
  format: ResponseFormat.CSV,
  mode: ImportMode.UPDATE,
  content: new Uint8Array(length).map((_, index) => index % 251),
});

test("a file is sent in parts that together are the file", async () => {
  const { calls, progress, ports } = setUp();
  const sent = file(PART_BYTES * 2 + 5);
  expect(await sendImport(sent, ports)).toMatchObject({ state: ImportState.IMPORTED, added: 7 });
  expect(calls.map(({ part, parts, content }) => [part, parts, content.length])).toEqual([
    [0, 3, PART_BYTES],
    [1, 3, PART_BYTES],
    [2, 3, 5],
  ]);
  expect(Buffer.concat(calls.map(({ content }) => content)).equals(Buffer.from(sent.content))).toBe(true);
  expect(new Set(calls.map(({ requestId, libraryId, format, mode }) => [requestId, libraryId, format, mode].join()))).toEqual(new Set(["r,l,1,2"]));
  expect(progress).toEqual([1 / 3, 2 / 3, 1]);
});

test("a part that does not arrive is sent again, the same", async () => {
  const { timers, calls, ports } = setUp([Code.Unavailable, Code.DeadlineExceeded]);
  const sending = sendImport(file(3), ports);
  await timers.advance(60_000);
  expect(await sending).toMatchObject({ state: ImportState.IMPORTED });
  expect(calls).toHaveLength(3);
  expect(new Set(calls.map(({ part, requestId }) => `${part} ${requestId}`))).toEqual(new Set(["0 r"]));
});

test("a refusal ends it at once, and so does giving up", async () => {
  const refused = setUp([Code.NotFound]);
  await expect(sendImport(file(PART_BYTES + 1), refused.ports)).rejects.toMatchObject({ code: Code.NotFound });
  expect(refused.calls).toHaveLength(1);

  const left = setUp([Code.Unavailable, Code.Unavailable]);
  const sending = sendImport(file(3), left.ports).catch((error: unknown) => error);
  await settle();
  left.given.abort();
  expect(await sending).toMatchObject({ code: Code.Unavailable });
  expect(left.calls).toHaveLength(1);
});

test("what never arrives is given up", async () => {
  const { timers, calls, ports } = setUp(Array.from({ length: 50 }, () => Code.Unavailable));
  const sending = sendImport(file(3), ports).catch((error: unknown) => error);
  await timers.advance(600_000);
  expect(await sending).toMatchObject({ code: Code.Unavailable });
  expect(calls).toHaveLength(20);
});

test.each([
  ["a.json", ResponseFormat.JSON],
  ["A.JSON", ResponseFormat.JSON],
  ["a.csv", ResponseFormat.CSV],
  ["json", ResponseFormat.CSV],
])("%s", (name, format) => expect(formatOf(name)).toBe(format));
