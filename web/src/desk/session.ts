// The signed-in user of this tab: tokens, renewal, signing out.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { createClient, type Client } from "@connectrpc/connect";
import { slot, tabStorage } from "../core/storage";
import { newUuid } from "../core/uuid";
import { TokenService, type Identity, type Tokens } from "../gen/onqueue/auth/v1/token_pb";
import { TokenLease, type TokenPair } from "../rpc/lease";
import { joinTabs, type Tabs } from "../rpc/tabs";
import { openTransport } from "../rpc/transport";
import type { Share } from "../share/shared-fetch";
import { sharedSlot, type SharedSlot } from "../share/shared-slot";

/** Who is signed in. */
export interface Me {
  userId: string;
  name: string;
  email: string;
  permissions: string[];
}

interface KeptSession {
  /** Shared by tabs that were duplicated from one. */
  sessionId: string;
  me: Me;
  tokens: TokenPair;
}

/** A signed-in user. */
export interface Session {
  me: Me;
  tokens: TokenLease;
  /** Ends the session everywhere. */
  signOut(): Promise<void>;
  /** Forgets the session in this tab. */
  forget(): void;
}

/** Signs users in and brings them back after a reload. */
export class SessionKeeper {
  private readonly kept: SharedSlot<KeptSession>;
  private readonly client: Client<typeof TokenService>;

  constructor(baseUrl: string, share: Share) {
    this.kept = sharedSlot(slot<KeptSession>(tabStorage(), "onqueue.desk.session"), share, "desk session");
    this.client = createClient(TokenService, openTransport(baseUrl));
  }

  /** A tab without a session takes over that of another one that is open. */
  recall(): Promise<void> {
    return this.kept.recall();
  }

  /** The session of this tab, if it has one. */
  restore(): Session | undefined {
    const kept = this.kept.load();
    return kept && this.open(kept);
  }

  /** Signs in; throws what the call throws. */
  async signIn(organisation: string, email: string, password: string): Promise<Session> {
    const { tokens, identity } = await this.client.login({ organisation, email, password });
    if (!tokens || !identity) throw new Error("the answer lacks tokens or identity");
    const kept = { sessionId: newUuid(), me: meOf(identity), tokens: pairOf(tokens) };
    this.kept.save(kept);
    return this.open(kept);
  }

  private open(kept: KeptSession): Session {
    const keep = (tokens: TokenPair) => this.kept.save({ ...kept, tokens });
    const tabs = joinTabs<TokenPair>(`onqueue.desk.${kept.sessionId}`, keep);
    const forget = () => {
      tabs.close();
      this.kept.clear();
    };
    return { me: kept.me, tokens: this.lease(tabs, keep), forget, signOut: () => this.signOut(forget) };
  }

  private lease(tabs: Tabs<TokenPair>, keep: (tokens: TokenPair) => void): TokenLease {
    return new TokenLease({
      load: () => this.kept.load()?.tokens,
      save: (tokens) => (keep(tokens), tabs.publish(tokens)),
      exchange: async (refreshToken) => {
        const { tokens } = await this.client.refresh({ refreshToken });
        return tokens ? pairOf(tokens) : Promise.reject(new Error("no tokens in the answer"));
      },
      now: () => Date.now(),
      exclusively: (work) => tabs.exclusively(work),
    });
  }

  private async signOut(forget: () => void): Promise<void> {
    const refreshToken = this.kept.load()?.tokens.renewal;
    forget();
    if (refreshToken) await this.client.revoke({ refreshToken });
  }
}

function meOf({ userId, name, email, permissions }: Identity): Me {
  return { userId, name, email, permissions };
}

function pairOf(tokens: Tokens): TokenPair {
  return {
    access: tokens.accessToken,
    accessExpiresAt: tokens.accessExpiresAt ? timestampMs(tokens.accessExpiresAt) : 0,
    renewal: tokens.refreshToken,
  };
}
