// One kind of object that administrators set up: how it is listed, read, made, changed and removed.
import type { Rules } from "./bounds";
import type { FieldOf } from "./draft";

/** What a list is narrowed to. */
export interface ListFilter {
  text: string;
  division: string;
  state: string;
  library: string;
}

/** No narrowing at all. */
export const EVERYTHING: ListFilter = { text: "", division: "", state: "", library: "" };

/** Which page of a list. */
export interface PagePlace {
  pageSize: number;
  pageToken: string;
}

/** One page of a list. */
export interface ListPage<T> {
  items: T[];
  nextPageToken: string;
}

/** How a call may be given up. */
export interface CallOptions {
  signal?: AbortSignal;
}

/** The kinds of objects. */
export type Kind =
  | "user"
  | "role"
  | "division"
  | "queue"
  | "skill"
  | "library"
  | "response"
  | "script"
  | "deployment"
  | "apiClient"
  | "wrapUpCode"
  | "schedule"
  | "scheduleGroup"
  | "contactField";

/** The permissions that actions on a kind need. */
export interface Needs {
  view: string;
  add: string;
  edit: string;
  remove: string;
}

/** A kind of object with its rpcs. */
export interface Resource<T extends object> {
  kind: Kind;
  needs: Needs;
  /** Whether the caller may look for names. */
  isSearchable?: boolean;
  /** What a form may change. */
  fields: readonly FieldOf<T>[];
  rules: Rules<T>;
  /** What a form for a new one begins with. */
  blank(): T;
  id(item: T): string;
  etag(item: T): string;
  name(item: T): string;
  list(filter: ListFilter, place: PagePlace, options: CallOptions): Promise<ListPage<T>>;
  get(id: string): Promise<T>;
  create(requestId: string, item: T): Promise<T>;
  /** Changes the fields of the mask. */
  update(item: T, mask: string[]): Promise<T>;
  remove(id: string, etag: string): Promise<unknown>;
}

/** The permissions of a kind whose actions are named as usual. */
export function needsOf(entity: string): Needs {
  return { view: `${entity}:view`, add: `${entity}:add`, edit: `${entity}:edit`, remove: `${entity}:delete` };
}

/** What an answer has to have. */
export function present<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("the answer lacks the object");
  return part;
}
