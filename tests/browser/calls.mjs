// Calls that no page makes: what other systems do beside them, over gRPC-Web as pages do.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { root } from "./process.mjs";

const require = createRequire(path.join(root, "web/package.json"));
const { BinaryReader, BinaryWriter, WireType } = require("@bufbuild/protobuf/wire");

/** Bytes before the message in a body. */
const PREFIX = 5;

/** Notes something of a conversation; `authorization` is the header of somebody who may. */
export async function setAttribute({ address, authorization, conversation, name, value }) {
  const message = new BinaryWriter().tag(1, WireType.LengthDelimited).string(conversation);
  const entry = message.tag(2, WireType.LengthDelimited).fork();
  entry.tag(1, WireType.LengthDelimited).string(name).tag(2, WireType.LengthDelimited).string(value).join();
  const answer = await fetch(`${address}/onqueue.session.v1.ConversationService/SetAttributes`, {
    method: "POST",
    headers: { authorization, "content-type": "application/grpc-web+proto", "onqueue-conversation": conversation },
    body: body(message.finish()),
  });
  const said = await answer.text();
  assert.match(said, /grpc-status: ?0\b/, `${value}: ${answer.status} ${answer.headers.get("grpc-message") ?? said}`);
}

/** The body of a call without one field of its message. */
export function without(field, given) {
  const reader = new BinaryReader(given.subarray(PREFIX));
  const kept = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, type] = reader.tag();
    reader.skip(type, number);
    if (number !== field) kept.push(given.subarray(PREFIX + start, PREFIX + reader.pos));
  }
  return body(Buffer.concat(kept));
}

function body(message) {
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
