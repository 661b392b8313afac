// Who the customer is, where a web site leads to this page by a link that says and signs it: `#identity=…`.

/** What follows `#` is not sent to any server; it is taken out of the address, and kept with this entry of the history. */
export class SignedLink {
  private readonly own: Pick<Window, "history" | "location">;

  constructor(own: Pick<Window, "history" | "location">) {
    this.own = own;
    const given = new URLSearchParams(own.location.hash.slice(1)).get("identity");
    if (given !== null) this.keep({ identity: given });
  }

  /** As it was signed; empty if the link said nothing. */
  get identity(): string {
    const kept: unknown = (this.own.history.state as { identity?: unknown } | null)?.identity;
    return typeof kept === "string" ? kept : "";
  }

  /** It was refused: without it the customer may chat as anybody may. */
  forget(): void {
    this.keep(null);
  }

  private keep(state: { identity: string } | null): void {
    const { pathname, search } = this.own.location;
    this.own.history.replaceState(state, "", pathname + search);
  }
}
