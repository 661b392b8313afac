// How long a call may take whose rpc declares more than others get.
import { type DescMethod, getOption } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { deadline_ms } from "../gen/onqueue/common/v1/options_pb";
import { UNARY_DEADLINE_MS } from "./transport";

/** Milliseconds for a unary call that names no deadline. What gets less than others ends at the server, which knows better how long the
 * way was. */
export function deadlineOf(method: DescMethod): number {
  return Math.max(getOption(method, deadline_ms), UNARY_DEADLINE_MS);
}

/** The transport, on which calls may take as long as their rpcs declare. */
export function withDeadlines(transport: Transport): Transport {
  return {
    unary: (method, signal, timeoutMs, header, input, contextValues) =>
      transport.unary(method, signal, timeoutMs ?? deadlineOf(method), header, input, contextValues),
    stream: (method, signal, timeoutMs, header, input, contextValues) =>
      transport.stream(method, signal, timeoutMs, header, input, contextValues),
  };
}
