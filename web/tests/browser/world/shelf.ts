// Objects of one kind in the stand-in, with the habits of administration: pages, request ids, etags and masks.
import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { refusal } from "./refusal";

interface Common {
  etag: string;
  name: string;
}

interface Asked {
  pageSize: number;
  pageToken: string;
}

/** All objects of one kind. */
export class Shelf<Desc extends DescMessage> {
  readonly items = new Map<string, MessageShape<Desc> & Common>();
  private readonly requests = new Map<string, string>();
  private readonly schema: Desc;
  private readonly idField: string;
  private made = 0;
  /** How often something was made. */
  created = 0;

  constructor(schema: Desc, idField: string) {
    this.schema = schema;
    this.idField = idField;
  }

  /** Puts an object there before anything is called. */
  put(init: object): string {
    this.made += 1;
    const id = `01890000-0000-7000-${String(this.made).padStart(4, "0")}-${this.idField.length.toString().padStart(12, "0")}`;
    const item = create(this.schema, { ...init, [this.idField]: id, etag: "1" } as unknown as MessageInitShape<Desc>);
    this.items.set(id, item as MessageShape<Desc> & Common);
    return id;
  }

  create(requestId: string, init: (object & { name: string }) | undefined): MessageShape<Desc> & Common {
    const known = this.requests.get(requestId);
    if (known) return this.get(known);
    if (!init) throw refusal(Code.InvalidArgument, "FIELD_INVALID", { field: "object" });
    this.refuseTaken(init.name, "");
    this.created += 1;
    const id = this.put(init);
    this.requests.set(requestId, id);
    return this.get(id);
  }

  get(id: string): MessageShape<Desc> & Common {
    const item = this.items.get(id);
    if (!item) throw refusal(Code.NotFound, "NOT_FOUND", { object: this.idField });
    return item;
  }

  update(sent: (object & Common) | undefined, paths: readonly string[]): MessageShape<Desc> & Common {
    const id = String((sent as Record<string, unknown> | undefined)?.[this.idField]);
    const item = this.get(id);
    this.refuseOld(item, sent?.etag ?? "");
    if (sent && paths.includes("name")) this.refuseTaken(sent.name, id);
    const fields = paths.map((path) => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
    const changes = Object.fromEntries(fields.map((field) => [field, sent?.[field as keyof typeof sent]]));
    return this.change(id, changes);
  }

  /** Changes an object as somebody else would. */
  change(id: string, changes: object): MessageShape<Desc> & Common {
    const item = this.get(id);
    const next = { ...item, ...changes, etag: String(Number(item.etag) + 1) };
    this.items.set(id, next);
    return next;
  }

  remove(id: string, etag: string): object {
    const item = this.items.get(id);
    if (!item) return {};
    this.refuseOld(item, etag);
    this.items.delete(id);
    return {};
  }

  /** One page by name of those that fit. */
  page({ pageSize, pageToken }: Asked, fits: (item: MessageShape<Desc> & Common) => boolean) {
    const all = [...this.items.values()].filter(fits).sort((a, b) => a.name.localeCompare(b.name));
    const from = Number(pageToken || "0");
    const next = from + (pageSize || 50);
    return { found: all.slice(from, next), nextPageToken: next < all.length ? String(next) : "" };
  }

  private refuseOld(item: Common, etag: string): void {
    if (item.etag !== etag) throw refusal(Code.Aborted, "ETAG_MISMATCH", { etag: item.etag });
  }

  private refuseTaken(name: string, ownId: string): void {
    for (const [id, item] of this.items) {
      if (id !== ownId && item.name.toLowerCase() === name.toLowerCase()) {
        throw refusal(Code.AlreadyExists, "NAME_TAKEN", { field: "object.name" });
      }
    }
  }
}

/** Whether a name begins with a text. */
export function begins(name: string, text: string): boolean {
  return name.toLowerCase().startsWith(text.toLowerCase());
}
