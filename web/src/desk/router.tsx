// The addresses of the desk. They live behind `#`, so that the server needs to know one page only.
import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { ChatsPage, ConversationsPage, DeskShell, HomePage, QueuesPage, TranscriptsPage } from "./desk-shell";

/** What an administration list may be narrowed to, as part of its address. */
export interface ListSearch {
  text?: string;
  division?: string;
  state?: string;
  library?: string;
}

const area = () => import("../admin/area");

const root = createRootRoute({ component: DeskShell, notFoundComponent: HomePage });
const home = createRoute({ getParentRoute: () => root, path: "/", component: HomePage });
const chats = createRoute({ getParentRoute: () => root, path: "/chats", component: ChatsPage });
const conversations = createRoute({ getParentRoute: () => root, path: "/conversations", component: ConversationsPage });
const search = createRoute({ getParentRoute: () => root, path: "/search", component: TranscriptsPage });
const live = createRoute({ getParentRoute: () => root, path: "/live", component: QueuesPage });
const account = createRoute({
  getParentRoute: () => root,
  path: "/account",
  component: lazyRouteComponent(() => import("../admin/pages/account"), "AccountPage"),
});
const administration = createRoute({
  getParentRoute: () => root,
  path: "/administration",
  component: lazyRouteComponent(area, "AdministrationArea"),
});
const list = createRoute({
  getParentRoute: () => administration,
  path: "/$section",
  component: lazyRouteComponent(area, "SectionList"),
  validateSearch: listSearch,
});
const item = createRoute({
  getParentRoute: () => administration,
  path: "/$section/$id",
  component: lazyRouteComponent(area, "SectionItem"),
});

const routeTree = root.addChildren([home, chats, live, conversations, search, account, administration.addChildren([list, item])]);

/** The router of a signed-in desk. */
export function deskRouter() {
  return createRouter({ routeTree, history: createHashHistory(), defaultPendingMs: 150 });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof deskRouter>;
  }
}

function listSearch(search: Record<string, unknown>): ListSearch {
  const known: ListSearch = {};
  for (const name of ["text", "division", "state", "library"] as const) {
    const value = search[name];
    if (value !== undefined && value !== "") known[name] = String(value);
  }
  return known;
}
