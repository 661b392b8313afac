// What the service found wrong, at the fields of a form.
import { ConnectError } from "@connectrpc/connect";
import { BadRequestSchema } from "../../gen/google/rpc/bad_request_pb";
import type { Fault } from "../../core/fault";
import { mistakeKey } from "../../i18n/import-mistakes";
import type { Values } from "../../i18n/translator";
import { faultOf } from "../../rpc/faults";
import type { Violation, Violations } from "./bounds";

/** The service's field violations by the form's fields; what concerns no field of the form is left out. */
export function violationsOf(error: unknown, fields: readonly string[]): Violations {
  const { reason, metadata } = faultOf(error);
  const details = ConnectError.from(error).findDetails(BadRequestSchema);
  const named = details.flatMap(({ fieldViolations }) => fieldViolations);
  const all = named.length > 0 ? named : [{ field: metadata["field"] ?? "", description: "" }];
  const found: Violations = {};
  for (const { field, description } of all) {
    const own = ownField(field, fields);
    if (own) found[own] ??= violation({ reason, metadata: field === metadata["field"] ? metadata : {} }, description);
  }
  return found;
}

function violation({ reason, metadata }: Pick<Fault, "reason" | "metadata">, problem: string): Violation {
  if (reason === "NAME_TAKEN") return { key: "violation.taken" };
  if (metadata["problem"] === "substitution_undeclared") return { key: "violation.undeclared", values: metadata };
  const mistake = mistakeKey(metadata["problem"] ?? "");
  if (mistake) return { key: mistake, values: valuesOf(metadata) };
  return problem === "" ? { key: "violation.refused" } : { key: "violation.server", values: { problem } };
}

/** What goes into the sentence of a mistake. */
function valuesOf(metadata: Record<string, string>): Values {
  const { maximum } = metadata;
  return maximum === undefined ? metadata : { ...metadata, maximum: Number(maximum) };
}

/** `user.division_id` and `queues[2].labels` by the names that the form gives its fields. */
function ownField(path: string, fields: readonly string[]): string | undefined {
  const parts = path.split(".").map((part) => camelCase(part.replace(/\[.*$/, "")));
  return parts.find((part) => fields.includes(part));
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
