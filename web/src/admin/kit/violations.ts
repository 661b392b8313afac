// What the service found wrong, at the fields of a form.
import { ConnectError } from "@connectrpc/connect";
import { BadRequestSchema } from "../../gen/google/rpc/bad_request_pb";
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
    if (own) found[own] ??= violation(reason, description);
  }
  return found;
}

function violation(reason: string, problem: string): Violation {
  if (reason === "NAME_TAKEN") return { key: "violation.taken" };
  const undeclared = /\{\{(\w+)\}\} is not declared/.exec(problem)?.[1];
  if (undeclared) return { key: "violation.undeclared", values: { name: undeclared } };
  return problem === "" ? { key: "violation.refused" } : { key: "violation.server", values: { problem } };
}

/** `user.division_id` and `queues[2].labels` by the names that the form gives its fields. */
function ownField(path: string, fields: readonly string[]): string | undefined {
  const parts = path.split(".").map((part) => camelCase(part.replace(/\[.*$/, "")));
  return parts.find((part) => fields.includes(part));
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
