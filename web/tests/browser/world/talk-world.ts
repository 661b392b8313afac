// What is said and done beside the chat in the stand-in: help, supervising, contacts, files, finding again.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { AgentSchema } from "../../../src/gen/onqueue/routing/v1/agent_pb";
import type { TransferRequest } from "../../../src/gen/onqueue/routing/v1/interaction_pb";
import { AssistanceSchema, AssistanceState, type Assistance, type WatchRequestsResponseSchema } from "../../../src/gen/onqueue/session/v1/assistance_pb";
import { AttachmentSchema, AttachmentState, type Attachment } from "../../../src/gen/onqueue/session/v1/attachment_pb";
import { ContactSchema, type Contact, type ContactChangeSchema } from "../../../src/gen/onqueue/session/v1/contact_pb";
import { ConversationKind, ConversationState, SupervisionMode } from "../../../src/gen/onqueue/session/v1/conversation_pb";
import { EndReason, ParticipantKind, Visibility } from "../../../src/gen/onqueue/session/v1/event_pb";
import { ErasureSchema, type Erasure } from "../../../src/gen/onqueue/session/v1/erasure_pb";
import {
  TranscriptVerdict,
  type LegalHold,
  type QueueRetentionSchema,
  type SearchTranscriptsRequest,
  type SearchTranscriptsResponseSchema,
  type VerifyTranscriptResponseSchema,
} from "../../../src/gen/onqueue/session/v1/transcript_pb";
import { Channel } from "./frames";
import { AGENT_USER, type Room, type World } from "./world";

type RequestFrame = MessageInitShape<typeof WatchRequestsResponseSchema>;
type Page = MessageInitShape<typeof SearchTranscriptsResponseSchema>;

export const SUPERVISOR_PARTICIPANT = "supervisor-participant";

/** What becomes of a file once its bytes are there. */
export type Fate = "clean" | "quarantined" | { refusal: string };

/** Everything beside the chat. */
export class TalkWorld {
  readonly requests = new Channel<RequestFrame>();
  readonly assistance = new Map<string, Assistance>();
  readonly transfers: TransferRequest[] = [];
  cancelled = 0;
  /** Agents beside the signed-in one. */
  colleagues: MessageInitShape<typeof AgentSchema>[] = [];
  readonly contacts = new Map<string, Contact>();
  readonly changes: MessageInitShape<typeof ContactChangeSchema>[] = [];
  /** Who a conversation may be with. */
  suggested: string[] = [];
  readonly attachments = new Map<string, Attachment>();
  readonly bytes = new Map<string, Buffer>();
  attachmentsEnabled = false;
  /** By name of the file; others are clean. */
  readonly fates = new Map<string, Fate>();
  readonly searches: SearchTranscriptsRequest[] = [];
  /** The pages that a search finds. */
  found: Page[] = [];
  readonly redactions: { eventId: string; reason: string }[] = [];
  readonly exports: { format: number; audience: number; language: string }[] = [];

  /** What web sites said of who their customers are, by start. */
  readonly assertions: string[] = [];
  /** What has to be kept, by conversation. */
  readonly holds = new Map<string, LegalHold>();
  /** What a check of any log finds. */
  verdict: MessageInitShape<typeof VerifyTranscriptResponseSchema> = { verdict: TranscriptVerdict.INTACT, events: 3n };
  readonly erasures = new Map<string, Erasure>();
  /** How long queues keep transcripts. */
  retention: MessageInitShape<typeof QueueRetentionSchema>[] = [];
  /** Why that cannot be read now. */
  retentionFault: Error | undefined;

  contact(init: MessageInitShape<typeof ContactSchema>): Contact {
    const contact = create(ContactSchema, { etag: "1", ...init });
    this.contacts.set(contact.contactId, contact);
    return contact;
  }

  /** The receipt as it is at first; the database has been cleaned when it is read again. */
  erased(contactId: string, conversationIds: string[]): Erasure {
    const erased = [{ what: "messages", count: 7n }, { what: "attachments", count: 0n }];
    const erasure = create(ErasureSchema, { erasureId: "e1", contactId, conversationIds, at: timestampNow(), erased, actor: `user:${AGENT_USER}` });
    this.erasures.set("e1", { ...erasure, purgedAt: timestampNow() });
    return erasure;
  }

  ask(world: World, room: Room, text: string, name = world.agent.name): Assistance {
    const assistance = create(AssistanceSchema, {
      assistanceId: crypto.randomUUID(),
      conversationId: room.id,
      queueName: "Service",
      state: AssistanceState.OPEN,
      text,
      requestedByName: name,
      requestedAt: timestampNow(),
      waitingMs: 65_000n,
    });
    this.assistance.set(assistance.assistanceId, assistance);
    const { assistanceId } = assistance;
    world.append(room, "agent-participant", { case: "assistanceRequested", value: { assistanceId, text } }, Visibility.AGENTS);
    this.requests.publish({ frame: { case: "opened", value: assistance } });
    return assistance;
  }

  take(world: World, room: Room, assistanceId: string): void {
    const value = { assistanceId, userId: AGENT_USER, name: "Anna Beispiel" };
    world.append(room, "", { case: "assistanceTaken", value }, Visibility.AGENTS);
    this.gone(assistanceId);
    this.supervise(world, room, SupervisionMode.HELP);
  }

  close(world: World, room: Room, assistanceId: string): void {
    world.append(room, "", { case: "assistanceClosed", value: { assistanceId, how: "supervisor" } }, Visibility.AGENTS);
    this.gone(assistanceId);
    this.supervise(world, room, undefined);
  }

  /** The signed-in user supervises like this, or no longer does. */
  supervise(world: World, room: Room, mode: SupervisionMode | undefined): void {
    const own = { userId: AGENT_USER, name: "Anna Beispiel", participantId: SUPERVISOR_PARTICIPANT };
    room.supervisors = mode === undefined ? [] : [{ ...own, mode }];
    world.tellAgents(room, { case: "supervision", value: { supervisors: room.supervisors } });
  }

  bargeIn(world: World, room: Room): void {
    this.supervise(world, room, undefined);
    room.joined = true;
    const value = { participantId: SUPERVISOR_PARTICIPANT, kind: ParticipantKind.SUPERVISOR, name: "Anna Beispiel", userId: AGENT_USER };
    world.append(room, "", { case: "participantJoined", value });
  }

  leave(world: World, room: Room): void {
    this.supervise(world, room, undefined);
    if (room.joined) world.append(room, "", { case: "participantLeft", value: { participantId: SUPERVISOR_PARTICIPANT } });
    room.joined = false;
  }

  /** A file's bytes have come. */
  arrived(world: World, attachmentId: string, bytes: Buffer): Fate {
    const attachment = this.attachments.get(attachmentId);
    const fate = this.fates.get(attachment?.name ?? "") ?? "clean";
    if (!attachment) return { refusal: "not_uploaded" };
    this.bytes.set(attachmentId, bytes);
    if (fate === "quarantined") attachment.state = AttachmentState.QUARANTINED;
    else if (fate === "clean") this.clear(world, attachmentId);
    else this.attachments.set(attachmentId, create(AttachmentSchema, { ...attachment, state: AttachmentState.REFUSED, ...fate }));
    return fate;
  }

  /** A file was found to be clean. */
  clear(world: World, attachmentId: string): void {
    const attachment = this.attachments.get(attachmentId);
    const room = world.rooms.get(attachment?.conversationId ?? "");
    if (!attachment || !room) return;
    attachment.state = AttachmentState.CLEAN;
    const { name, bytes, participantId } = attachment;
    const value = { attachmentId, name, bytes, mediaType: "text/plain" };
    world.append(room, participantId, { case: "attachmentAdded", value });
  }

  /** A message to a conversation at rest opens it again. */
  reopen(world: World, room: Room): void {
    const last = room.events.findLast(({ body }) => body.case === "ended")?.body;
    const rests = room.kind === ConversationKind.MESSAGING && last?.case === "ended" && last.value.reason === EndReason.RESTED;
    if (room.state !== ConversationState.ENDED || !rests) return;
    room.state = ConversationState.QUEUED;
    world.append(room, room.guestId, { case: "reopened", value: { opening: 2n } });
  }

  private gone(assistanceId: string): void {
    this.assistance.delete(assistanceId);
    this.requests.publish({ frame: { case: "gone", value: { assistanceId } } });
  }
}
