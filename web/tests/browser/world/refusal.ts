// A refusal as the services make it.
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema } from "../../../src/gen/google/rpc/bad_request_pb";
import { ErrorInfoSchema } from "../../../src/gen/google/rpc/error_details_pb";

/** A refusal with a reason of the API; one about a field names it. */
export function refusal(code: Code, reason: string, metadata: Record<string, string> = {}): ConnectError {
  const info = create(ErrorInfoSchema, { reason, domain: "onqueue", metadata });
  const { field } = metadata;
  const details: ConstructorParameters<typeof ConnectError>[3] = [{ desc: ErrorInfoSchema, value: info }];
  if (field) {
    const value = create(BadRequestSchema, { fieldViolations: [{ field, description: "not this one" }] });
    details.push({ desc: BadRequestSchema, value });
  }
  return new ConnectError("refused", code, undefined, details);
}
