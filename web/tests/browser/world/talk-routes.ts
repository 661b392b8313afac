// The rpcs of the stand-in about what is beside the chat.
import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter, type ServiceImpl } from "@connectrpc/connect";
import { AssistanceService } from "../../../src/gen/onqueue/session/v1/assistance_pb";
import { AttachmentSchema, AttachmentService, AttachmentState } from "../../../src/gen/onqueue/session/v1/attachment_pb";
import { ContactFieldService } from "../../../src/gen/onqueue/session/v1/contact_field_pb";
import { ContactOrigin, ContactService, type Contact } from "../../../src/gen/onqueue/session/v1/contact_pb";
import { SupervisionMode } from "../../../src/gen/onqueue/session/v1/conversation_pb";
import { Visibility } from "../../../src/gen/onqueue/session/v1/event_pb";
import { ErasureService } from "../../../src/gen/onqueue/session/v1/erasure_pb";
import { SupervisionService } from "../../../src/gen/onqueue/session/v1/supervision_pb";
import { LegalHoldSchema, TranscriptService } from "../../../src/gen/onqueue/session/v1/transcript_pb";
import { refusal } from "./refusal";
import { callerIn, roomOf, summary } from "./routes";
import { SUPERVISOR_PARTICIPANT } from "./talk-world";
import { AGENT_USER, type World } from "./world";

const PAGE = 3;

/** Adds them. */
export function talkRoutes(router: ConnectRouter, world: World): void {
  transcriptRoutes(router, world);
  helpRoutes(router, world);
  contactRoutes(router, world);
  attachmentRoutes(router, world);
  erasureRoutes(router, world);
}

function transcriptRoutes(router: ConnectRouter, world: World): void {
  const { talk } = world;
  router.service(TranscriptService, {
    listEvents: ({ conversationId, pageToken }) => {
      const { events } = roomOf(world, conversationId);
      const from = Number(pageToken || "0");
      const next = from + PAGE;
      return { events: events.slice(from, next), nextPageToken: next < events.length ? String(next) : "" };
    },
    searchTranscripts: (asked) => {
      talk.searches.push(asked);
      const page = Number(asked.pageToken || "0");
      return { ...talk.found[page], nextPageToken: page + 1 < talk.found.length ? String(page + 1) : "" };
    },
    async *exportTranscript({ format, audience, language }) {
      talk.exports.push({ format, audience, language });
      yield { fileName: "transcript.txt", mediaType: "text/plain", content: new TextEncoder().encode("first, ") };
      yield { content: new TextEncoder().encode("second") };
    },
    ...recordRoutes(world),
    redactMessage: ({ conversationId, eventId, reason }) => {
      const room = roomOf(world, conversationId);
      const event = room.events.find((each) => each.eventId === eventId);
      if (!event) throw refusal(Code.NotFound, "NOT_FOUND");
      if (reason === "held") throw refusal(Code.FailedPrecondition, "LEGAL_HOLD");
      talk.redactions.push({ eventId, reason });
      event.body = { case: "erased", value: { $typeName: "onqueue.session.v1.Erased", what: "message" } };
      world.append(room, "", { case: "messageRedacted", value: { eventId } });
      return { event };
    },
  });
}

/** Proving and keeping. */
function recordRoutes(world: World): Partial<ServiceImpl<typeof TranscriptService>> {
  const { talk } = world;
  const { holds } = talk;
  return {
    verifyTranscript: () => talk.verdict,
    setLegalHold: ({ conversationId, held, reason }) => {
      roomOf(world, conversationId);
      if (!held) holds.delete(conversationId);
      else holds.set(conversationId, create(LegalHoldSchema, { conversationId, reason, at: timestampNow(), userId: AGENT_USER }));
      const hold = holds.get(conversationId);
      return hold ? { hold } : {};
    },
    listLegalHolds: ({ pageSize, pageToken }) => {
      const from = Number(pageToken || "0");
      const next = from + pageSize;
      return { holds: [...holds.values()].slice(from, next), nextPageToken: next < holds.size ? String(next) : "" };
    },
    getRetention: () => {
      if (talk.retentionFault) throw talk.retentionFault;
      return { queues: talk.retention };
    },
  };
}

function erasureRoutes(router: ConnectRouter, world: World): void {
  const { talk } = world;
  router.service(ErasureService, {
    eraseContact: ({ contactId, etag }) => {
      const rooms = [...world.rooms.values()].filter((room) => room.contactId === contactId);
      const conversationIds = rooms.map(({ id }) => id);
      const held = conversationIds.find((id) => talk.holds.has(id));
      if (held) throw refusal(Code.FailedPrecondition, "LEGAL_HOLD", { conversation_id: held });
      if (talk.contacts.get(contactId)?.etag !== etag) throw refusal(Code.Aborted, "ETAG_MISMATCH");
      talk.contacts.delete(contactId);
      for (const room of rooms) {
        room.contactId = "";
        for (const event of room.events) {
          const { case: kind } = event.body;
          if (kind !== "message" && kind !== "opened") continue;
          event.body = { case: "erased", value: { $typeName: "onqueue.session.v1.Erased", what: kind } };
        }
      }
      return { erasure: talk.erased(contactId, conversationIds) };
    },
    listErasures: () => ({ erasures: [...talk.erasures.values()] }),
    getErasure: ({ erasureId }) => ({ erasure: talk.erasures.get(erasureId) }),
  });
}

function helpRoutes(router: ConnectRouter, world: World): void {
  const { talk } = world;
  const assistanceOf = (assistanceId: string) => {
    const assistance = talk.assistance.get(assistanceId);
    if (!assistance) throw refusal(Code.FailedPrecondition, "STATE_CONFLICT", { taken_by_user_id: "u9" });
    return assistance;
  };
  router.service(AssistanceService, {
    requestAssistance: ({ conversationId, text }) => ({ assistance: talk.ask(world, roomOf(world, conversationId), text) }),
    takeAssistance: ({ assistanceId }) => {
      const assistance = assistanceOf(assistanceId);
      talk.take(world, roomOf(world, assistance.conversationId), assistanceId);
      return { assistance };
    },
    closeAssistance: ({ assistanceId }) => {
      for (const room of world.rooms.values()) {
        if (room.events.some(({ body }) => body.case === "assistanceRequested" && body.value.assistanceId === assistanceId)) {
          talk.close(world, room, assistanceId);
        }
      }
      return {};
    },
    watchRequests: (_, context) => {
      const open = [...talk.assistance.values()].map((value) => ({ frame: { case: "opened" as const, value } }));
      return talk.requests.follow(context.signal, [...open, { frame: { case: "caughtUp", value: {} } }]);
    },
  });
  const supervised = (conversationId: string, mode: SupervisionMode) => {
    const room = roomOf(world, conversationId);
    talk.supervise(world, room, mode);
    // Who asks is not among those whom the service names in its answer.
    return { conversation: { ...summary(room), supervisors: [] } };
  };
  router.service(SupervisionService, {
    monitor: ({ conversationId }) => supervised(conversationId, SupervisionMode.MONITOR),
    coach: ({ conversationId }) => supervised(conversationId, SupervisionMode.COACH),
    bargeIn: ({ conversationId }) => {
      const room = roomOf(world, conversationId);
      talk.bargeIn(world, room);
      return { conversation: summary(room) };
    },
    sendSideMessage: ({ conversationId, clientMessageId, text }) => {
      const room = roomOf(world, conversationId);
      const coaches = room.supervisors.some(({ mode }) => mode === SupervisionMode.COACH);
      const value = { text, clientMessageId, userId: AGENT_USER, name: "Anna Beispiel" };
      const body = coaches ? ({ case: "coachMessage", value } as const) : ({ case: "sideMessage", value } as const);
      const event = world.append(room, SUPERVISOR_PARTICIPANT, body, Visibility.AGENTS);
      return { sequence: event.sequence, eventId: event.eventId, at: timestampNow() };
    },
  });
}

function contactRoutes(router: ConnectRouter, world: World): void {
  const { talk } = world;
  const contactOf = (contactId: string): Contact => {
    const contact = talk.contacts.get(contactId);
    if (!contact) throw refusal(Code.NotFound, "NOT_FOUND");
    return contact;
  };
  const put = (contact: Contact): Contact => {
    const next = { ...contact, etag: String(Number(contact.etag) + 1) };
    talk.contacts.set(next.contactId, next);
    return next;
  };
  router.service(ContactService, {
    getContact: ({ contactId }) => ({ contact: contactOf(contactId) }),
    listContacts: ({ text }) => ({ contacts: [...talk.contacts.values()].filter(({ name }) => name.toLowerCase().startsWith(text.toLowerCase())) }),
    updateContact: ({ contact, updateMask }) => {
      const known = contactOf(contact?.contactId ?? "");
      if (contact?.etag !== known.etag) throw refusal(Code.Aborted, "ETAG_MISMATCH", { etag: known.etag });
      const paths = updateMask?.paths ?? [];
      const plain = Object.fromEntries(paths.filter((path) => !path.includes(".")).map((path) => [path, contact[path as keyof Contact]]));
      for (const path of paths) {
        talk.changes.unshift({ number: BigInt(talk.changes.length + 1), at: timestampNow(), origin: ContactOrigin.AGENT, field: path, newValue: "…" });
      }
      return { contact: put({ ...known, ...plain, fields: { ...known.fields, ...contact.fields } }) };
    },
    mergeContacts: ({ contactId, mergedContactId }) => {
      const { aliasIds, ...contact } = contactOf(contactId);
      return { contact: put({ ...contact, aliasIds: [...aliasIds, mergedContactId] }) };
    },
    separateContact: ({ contactId }) => {
      for (const contact of talk.contacts.values()) {
        if (contact.aliasIds.includes(contactId)) put({ ...contact, aliasIds: contact.aliasIds.filter((each) => each !== contactId) });
      }
      return { contact: contactOf(contactId) };
    },
    listContactConversations: ({ contactId }) => ({
      conversations: [...world.rooms.values()].filter((room) => room.contactId === contactId).map(summary),
    }),
    listContactSuggestions: () => ({
      suggestions: talk.suggested.map((contactId) => ({ contact: contactOf(contactId), matched: [{ kind: "email", value: "grace@example.org" }] })),
      given: [{ kind: "email", value: "grace@example.org" }],
    }),
    confirmContact: ({ conversationId, contactId }) => {
      const room = roomOf(world, conversationId);
      const contact = contactId === "" ? talk.contact({ contactId: crypto.randomUUID(), name: room.guestName }) : contactOf(contactId);
      room.contactId = contact.contactId;
      return { contact, conversation: summary(room) };
    },
    listContactChanges: () => ({ changes: talk.changes }),
  });
  const { contactFields } = world.admin;
  router.service(ContactFieldService, {
    listContactFields: () => ({ contactFields: [...contactFields.items.values()] }),
    createContactField: ({ requestId, contactField }) => ({ contactField: contactFields.create(requestId, contactField) }),
    updateContactField: ({ contactField, updateMask }) => ({ contactField: contactFields.update(contactField, updateMask?.paths ?? []) }),
    deleteContactField: ({ contactFieldId, etag }) => contactFields.remove(contactFieldId, etag),
  });
}

function attachmentRoutes(router: ConnectRouter, world: World): void {
  const { talk } = world;
  router.service(AttachmentService, {
    createUpload: ({ conversationId, requestId, name, bytes }, context) => {
      const participantId = callerIn(roomOf(world, conversationId), context);
      const attachmentId = `a-${requestId}`;
      const state = AttachmentState.UPLOADING;
      const attachment = create(AttachmentSchema, { attachmentId, conversationId, participantId, name, bytes, state });
      talk.attachments.set(attachmentId, attachment);
      return { attachment, uploadPath: `/attachments/${attachmentId}` };
    },
    getDownload: ({ attachmentId }) => ({ attachment: talk.attachments.get(attachmentId), downloadPath: `/attachments/${attachmentId}` }),
    listAttachments: ({ conversationId }) => ({
      attachments: [...talk.attachments.values()].filter((each) => each.conversationId === conversationId),
      limits: { enabled: talk.attachmentsEnabled, maxBytes: 1_000n, leftBytes: 5_000n, mediaTypes: ["text/plain", "image/png"] },
    }),
  });
}
