// The gRPC-Web transport to the gateway that served the page.
import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

/** Gives the bearer token of the caller; `renew` asks for a new one because the server refused the last. */
export interface TokenSource {
  token(): Promise<string>;
  renew(refused: string): Promise<string>;
}

/** What a unary call gets that names no deadline. */
export const UNARY_DEADLINE_MS = 10_000;

/** Call option of streams: they have no deadline of their own. */
export const NO_DEADLINE = { timeoutMs: 0 } as const;

/** A transport for calls that need no token. */
export function openTransport(baseUrl: string): Transport {
  return createGrpcWebTransport({ baseUrl, defaultTimeoutMs: UNARY_DEADLINE_MS });
}

/** A transport that puts the caller's token on every call, and repeats a call once with a new token if it is refused; `by` fetches,
 * `watchers` see each call as its caller does. */
export function bearerTransport(baseUrl: string, tokens: TokenSource, by: typeof fetch, watchers: Interceptor[] = []): Transport {
  return createGrpcWebTransport({
    baseUrl,
    defaultTimeoutMs: UNARY_DEADLINE_MS,
    fetch: by,
    interceptors: [...watchers, bearer(tokens), aboutConversation],
  });
}

/** The interceptor behind `bearerTransport`. */
export function bearer(tokens: TokenSource): Interceptor {
  return (next) => async (request) => {
    const token = await tokens.token();
    request.header.set("authorization", `Bearer ${token}`);
    try {
      return await next(request);
    } catch (error) {
      if (request.stream || !isUnauthenticated(error)) throw error;
      request.header.set("authorization", `Bearer ${await tokens.renew(token)}`);
      return await next(request);
    }
  };
}

const CONVERSATION = "onqueue-conversation";

/** Says which conversation a call is about, so that the gateway can send it where that is in memory. Streams go their own way. */
export const aboutConversation: Interceptor = (next) => (request) => {
  if (!request.stream && "conversationId" in request.message && typeof request.message.conversationId === "string") {
    request.header.set(CONVERSATION, request.message.conversationId);
  }
  return next(request);
};

/** Whether the server refused the caller's token. */
export function isUnauthenticated(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.Unauthenticated;
}
