// The desk as a whole: who is signed in decides what is shown.
import { createTheme, MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { browserTimers } from "../core/timers";
import { worthRepeating } from "../core/fault";
import { faultOf } from "../rpc/faults";
import { withDeadlines } from "../rpc/deadlines";
import { bearerTransport } from "../rpc/transport";
import type { Share } from "../share/shared-fetch";
import { RequestsBoard } from "./assistance/requests-board";
import { deskClients, type DeskClients } from "./clients";
import { ContentHealth } from "./content-health";
import { DeskContext, type Desk } from "./desk-context";
import { DeskStore } from "./desk-store";
import { FreshPermissions } from "./fresh-permissions";
import { isOnQueue } from "./in-hand";
import { LoginPage } from "./login-page";
import { deskRouter } from "./router";
import { SessionKeeper, type Session } from "./session";
import { signOut } from "./signing-out";
import { LanguageProvider } from "./words";

const THEME = createTheme({
  primaryColor: "cyan",
  primaryShade: { light: 9, dark: 9 },
  autoContrast: true,
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif',
});

const MOST_REPEATS = 2;

interface DeskAppProps {
  keeper: SessionKeeper;
  baseUrl: string;
  share: Share;
}

/** The desk. */
export function DeskApp(props: DeskAppProps) {
  return (
    <MantineProvider theme={THEME} defaultColorScheme="light">
      <LanguageProvider>
        <SignedInOrNot {...props} />
      </LanguageProvider>
    </MantineProvider>
  );
}

function SignedInOrNot({ keeper, baseUrl, share }: DeskAppProps) {
  const [session, setSession] = useState(() => keeper.restore());
  const [ended, setEnded] = useState(false);
  if (!session) return <LoginPage keeper={keeper} ended={ended} entered={setSession} />;
  const leave = (byItself: boolean) => {
    setEnded(byItself);
    setSession(undefined);
  };
  return <SignedIn session={session} baseUrl={baseUrl} share={share} left={leave} />;
}

interface SignedInProps {
  session: Session;
  baseUrl: string;
  share: Share;
  /** Called when the session is over; true if it ended by itself. */
  left(byItself: boolean): void;
}

function SignedIn({ session, baseUrl, share, left }: SignedInProps) {
  const [queries] = useState(newQueryClient);
  const [router] = useState(deskRouter);
  const [desk] = useState<Desk>(() => openDesk(session, baseUrl, share, () => left(false)));
  useEffect(() => {
    const forget = () => {
      if (!desk.store.snapshot().gone) return;
      session.forget();
      left(true);
    };
    return desk.store.subscribe(forget);
  });
  useDeskLife(desk.store);
  return (
    <QueryClientProvider client={queries}>
      <DeskContext value={desk}>
        <FreshPermissions>
          <RouterProvider router={router} />
        </FreshPermissions>
      </DeskContext>
    </QueryClientProvider>
  );
}

function openDesk(session: Session, baseUrl: string, share: Share, left: () => void): Desk {
  const contentHealth = new ContentHealth({ ask: () => askContent(clients), timers: browserTimers });
  const transport = withDeadlines(bearerTransport(baseUrl, session.tokens, share.fetch, [contentHealth.watch]));
  const clients = deskClients(transport);
  const { me, tokens } = session;
  const store = new DeskStore({ userId: me.userId, clients, tokens, timers: browserTimers });
  const requests = new RequestsBoard({ userId: me.userId, client: clients.assistance, tokens, timers: browserTimers });
  const leave = () => {
    store.stop();
    requests.stop();
    contentHealth.stop();
    // The tab has forgotten the session already; without a connection the server lets it run out.
    session.signOut().catch(() => undefined);
    left();
  };
  const steps = () => ({
    onQueue: isOnQueue(store.snapshot().agent),
    goOffQueue: (signal: AbortSignal) => clients.agents.goOffQueue({}, { signal }),
    leave,
    timers: browserTimers,
  });
  return { me, transport, clients, tokens, store, contentHealth, requests, unsaved: new Set(), signOut: () => signOut(steps()) };
}

/** Whoever may not have it gets a refusal, which says as well that somebody is there. */
function askContent({ responses }: DeskClients): Promise<unknown> {
  return responses.searchResponses({ limit: 1 });
}

function useDeskLife(store: DeskStore): void {
  useEffect(() => {
    const online = () => store.networkChanged();
    const awake = () => document.visibilityState === "visible" && store.wake();
    window.addEventListener("online", online);
    document.addEventListener("visibilitychange", awake);
    store.start();
    return () => {
      window.removeEventListener("online", online);
      document.removeEventListener("visibilitychange", awake);
      store.stop();
    };
  }, [store]);
}

function newQueryClient(): QueryClient {
  const retry = (failures: number, error: unknown) =>
    failures < MOST_REPEATS && worthRepeating(faultOf(error), failures);
  return new QueryClient({ defaultOptions: { queries: { retry, staleTime: 0 } } });
}
