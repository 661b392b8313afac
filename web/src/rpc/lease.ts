// An access token that is renewed before it ends, by one renewal at a time, with the other tabs of the same session.
import { Code, ConnectError } from "@connectrpc/connect";
import type { TokenSource } from "./transport";

/** A pair of tokens: one to show, one to renew with. */
export interface TokenPair {
  access: string;
  /** Milliseconds since the epoch, by the server's clock. */
  accessExpiresAt: number;
  renewal: string;
}

/** Where a token pair is kept and how it is renewed. */
export interface LeaseOptions {
  load(): TokenPair | undefined;
  save(pair: TokenPair): void;
  /** Exchanges the renewal token for a new pair. */
  exchange(renewal: string): Promise<TokenPair>;
  now(): number;
  /** Runs one renewal at a time across the tabs of a session. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

const RENEW_BEFORE_END_MS = 60_000;
// A clock that runs ahead must not turn every call into a renewal.
const LEAST_AGE_MS = 30_000;

/** A token source over a stored pair. */
export class TokenLease implements TokenSource {
  private renewing: Promise<string> | undefined;
  private renewedAt = Number.NEGATIVE_INFINITY;
  private readonly options: LeaseOptions;

  constructor(options: LeaseOptions) {
    this.options = options;
  }

  async token(): Promise<string> {
    const pair = this.pair();
    if (!this.endsSoon(pair)) return pair.access;
    return this.renew(pair.access);
  }

  /** One renewal serves everybody who asks meanwhile. */
  renew(refused: string): Promise<string> {
    this.renewing ??= this.options
      .exclusively(() => this.exchangeUnlessDone(refused))
      .finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  private async exchangeUnlessDone(refused: string): Promise<string> {
    const held = this.pair();
    if (held.access !== refused) return held.access;
    const pair = await this.options.exchange(held.renewal);
    this.options.save(pair);
    this.renewedAt = this.options.now();
    return pair.access;
  }

  private pair(): TokenPair {
    const pair = this.options.load();
    if (!pair) throw new ConnectError("no tokens are held", Code.Unauthenticated);
    return pair;
  }

  private endsSoon(pair: TokenPair): boolean {
    const now = this.options.now();
    return pair.accessExpiresAt - now < RENEW_BEFORE_END_MS && now - this.renewedAt > LEAST_AGE_MS;
  }
}
