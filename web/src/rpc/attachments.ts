// Attachments as the pages' calls bring them: what may be attached, sending with progress, fetching.
import type { Client } from "@connectrpc/connect";
import type { Fault } from "../core/fault";
import type { UploadLimits, UploadPorts, UploadVerdict } from "../core/uploads";
import { AttachmentState, type AttachmentService } from "../gen/guest/onqueue/session/v1/attachment_pb";
import { faultOf } from "./faults";

type Attachments = Pick<Client<typeof AttachmentService>, "createUpload" | "getDownload" | "listAttachments">;
type Ways = Pick<UploadPorts<File>, "announce" | "put" | "look" | "toFault">;

/** The way of a conversation's files to the server. */
export function uploadWays(client: Attachments, conversationId: string): Ways {
  return {
    announce: async (requestId, { name, size }) => {
      const { attachment, uploadPath } = await client.createUpload({ conversationId, requestId, name, bytes: BigInt(size) });
      return { attachmentId: attachment?.attachmentId ?? "", path: uploadPath };
    },
    put,
    look: (attachmentId) => verdictOn(client, conversationId, attachmentId),
    toFault: (error) => (error instanceof NotTaken ? error.fault : faultOf(error)),
  };
}

/** What may be attached to a conversation. */
export async function readLimits(client: Attachments, conversationId: string): Promise<UploadLimits> {
  const { limits } = await client.listAttachments({ conversationId, pageSize: 1 });
  return {
    enabled: limits?.enabled ?? false,
    maxBytes: Number(limits?.maxBytes ?? 0n),
    leftBytes: Number(limits?.leftBytes ?? 0n),
    mediaTypes: limits?.mediaTypes ?? [],
  };
}

/** Has the browser keep a file; throws what the call throws. */
export async function download(client: Attachments, conversationId: string, attachmentId: string): Promise<void> {
  const { downloadPath, attachment } = await client.getDownload({ conversationId, attachmentId });
  keep(downloadPath, attachment?.name ?? "");
}

/** Has the browser keep what is at an address under a name. */
export function keep(href: string, name: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  link.click();
}

/** How long a browser may take to begin to keep a file. */
const TAKEN_MS = 10_000;

/** Has the browser keep a text as a file. */
export function keepText(name: string, type: string, text: string): void {
  keepBlob(name, new Blob([text], { type }));
}

/** Has the browser keep a file that was put together here. */
export function keepBlob(name: string, content: Blob): void {
  const href = URL.createObjectURL(content);
  keep(href, name);
  setTimeout(() => URL.revokeObjectURL(href), TAKEN_MS);
}

/** The bytes did not arrive. */
class NotTaken extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.reason);
    this.fault = fault;
  }
}

// `fetch` does not say how far it has come.
function put(path: string, file: File, progress: (sent: number) => void, signal: AbortSignal): Promise<UploadVerdict> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", path);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded }) => progress(loaded);
    const lost = () => reject(new NotTaken(faultWith("lost", "UNAVAILABLE")));
    request.onerror = lost;
    request.onabort = lost;
    request.onload = () => {
      const verdict = verdictIn(request.status, request.response as Told | null);
      if (verdict) resolve(verdict);
      else reject(new NotTaken(faultWith("refused", (request.response as Told | null)?.reason ?? "INTERNAL")));
    };
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}

interface Told {
  state?: string;
  refusal?: string;
  reason?: string;
}

function verdictIn(status: number, told: Told | null): UploadVerdict | undefined {
  if (status === 201) return { state: "clean", refusal: "" };
  if (status === 202) return { state: "checking", refusal: "" };
  return told?.state === "refused" ? { state: "refused", refusal: told.refusal ?? "" } : undefined;
}

function faultWith(kind: Fault["kind"], reason: string): Fault {
  return { kind, reason, status: "", metadata: {}, retryAfterMs: undefined };
}

async function verdictOn(client: Attachments, conversationId: string, attachmentId: string): Promise<UploadVerdict | undefined> {
  let pageToken = "";
  do {
    const page = await client.listAttachments({ conversationId, pageSize: 100, pageToken });
    const found = page.attachments.find((each) => each.attachmentId === attachmentId);
    if (found?.state === AttachmentState.CLEAN) return { state: "clean", refusal: "" };
    if (found?.state === AttachmentState.REFUSED) return { state: "refused", refusal: found.refusal };
    if (found) return found.state === AttachmentState.ERASED ? undefined : { state: "checking", refusal: "" };
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return undefined;
}
