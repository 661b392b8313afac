// The rpcs of the stand-in.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs, timestampNow } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { DeploymentService, IdentityKeySchema } from "../../../src/gen/onqueue/auth/v1/deployment_pb";
import { TokenService } from "../../../src/gen/onqueue/auth/v1/token_pb";
import { DeskService } from "../../../src/gen/onqueue/gateway/v1/desk_pb";
import { AgentService, AgentState } from "../../../src/gen/onqueue/routing/v1/agent_pb";
import { QueueService } from "../../../src/gen/onqueue/routing/v1/queue_pb";
import { ConversationKind, ConversationService, ConversationState } from "../../../src/gen/onqueue/session/v1/conversation_pb";
import { EndReason, ParticipantKind } from "../../../src/gen/onqueue/session/v1/event_pb";
import { adminRoutes } from "./admin-routes";
import { routingRoutes } from "./routing-routes";
import { refusal } from "./refusal";
import { scriptRoutes } from "./script-routes";
import { begins } from "./shelf";
import { SUPERVISOR_PARTICIPANT } from "./talk-world";
import { talkRoutes } from "./talk-routes";
import { AGENT_PARTICIPANT, AGENT_USER, guestFrame, guestFrames, ownFrame, QUEUE, SALES, type Room, type World } from "./world";

export const PERMISSIONS = [
  "conversation:assistance:request",
  "conversation:assistance:take",
  "conversation:communication:blindTransfer",
  "conversation:communication:view",
  "conversation:participant:wrapup",
  "conversation:webchat:accept",
  "conversation:webchat:barge",
  "conversation:webchat:coach",
  "conversation:webchat:monitor",
  "conversation:webchat:takeover",
  "externalContacts:contact:edit",
  "externalContacts:contact:view",
  "externalContacts:customField:view",
  "recording:transcript:erase",
  "recording:transcript:export",
  "recording:transcript:hold",
  "recording:transcript:redact",
  "recording:transcript:view",
  "routing:agent:onqueue",
  "routing:decision:view",
  "routing:observation:view",
  "routing:queue:join",
  "routing:queue:search",
  "routing:queue:view",
  "routing:wrapupCode:view",
  "responses:response:view",
  "scripter:publishedScript:view",
];

/** What somebody has who sets everything up and talks to nobody. */
export const ADMINISTRATOR = ["authorization:*:*", "externalContacts:customField:*", "recording:transcript:erase", "recording:transcript:hold", "recording:transcript:view", "responses:*:*", "scripter:script:*", "routing:queue:*", "routing:queueMember:*", "routing:wrapupCode:*", "routing:schedule:*", "routing:scheduleGroup:*", "routing:emergency:*", "routing:skill:*", "routing:userSkill:*", "routing:utilization:*"];

const TOKEN_MS = 600_000;

/** Adds every rpc that the pages call. */
export function routes(world: World): (router: ConnectRouter) => void {
  return (router) => {
    authRoutes(router, world);
    agentRoutes(router, world);
    guestRoutes(router, world);
    talkRoutes(router, world);
    routingRoutes(router, world);
    scriptRoutes(router, world);
    adminRoutes(router, world.admin);
  };
}

function authRoutes(router: ConnectRouter, world: World): void {
  const tokens = () => ({
    accessToken: "user",
    accessExpiresAt: timestampFromMs(Date.now() + TOKEN_MS),
    refreshToken: crypto.randomUUID(),
  });
  const identity = (name: string, permissions: string[]) => ({ userId: AGENT_USER, name, email: "a@example.org", permissions });
  router.service(TokenService, {
    login: ({ email, password }) => {
      if (password !== "secret") throw refusal(Code.Unauthenticated, "CREDENTIALS_INVALID");
      const permissions = permissionsOf(email);
      return { tokens: tokens(), identity: identity("Anna Beispiel", permissions) };
    },
    refresh: () => {
      world.refreshes += 1;
      return { tokens: tokens() };
    },
    revoke: ({ refreshToken }) => {
      world.revoked.push(refreshToken);
      return {};
    },
  });
  const { deployments } = world.admin;
  router.service(DeploymentService, {
    createDeployment: ({ requestId, deployment }) => ({ deployment: deployments.create(requestId, deployment) }),
    getDeployment: ({ deploymentId }) => ({ deployment: deployments.get(deploymentId) }),
    listDeployments: (asked) => {
      const { found, nextPageToken } = deployments.page(asked, ({ name }) => begins(name, asked.text));
      return { deployments: found, nextPageToken };
    },
    updateDeployment: ({ deployment, updateMask }) => ({ deployment: deployments.update(deployment, updateMask?.paths ?? []) }),
    rotateIdentityKey: ({ deploymentId, etag, endFormer }) => {
      const { etag: held, identityKeys } = deployments.get(deploymentId);
      if (etag !== held) throw refusal(Code.Aborted, "ETAG_MISMATCH", { etag: held });
      const kid = `key-${identityKeys.length + 1}`;
      const former = identityKeys.slice(0, endFormer ? 0 : 1).map((key) => ({ ...key, endsAt: timestampFromMs(Date.now() + 86_400_000) }));
      const key = create(IdentityKeySchema, { kid, createdAt: timestampNow() });
      const deployment = deployments.change(deploymentId, { identityKeys: [key, ...former] });
      return { deployment, kid, privateKey: `-----BEGIN PRIVATE KEY-----\n${kid}\n-----END PRIVATE KEY-----\n` };
    },
    deleteDeployment: ({ deploymentId, etag }) => deployments.remove(deploymentId, etag),
    getPublicDeployment: ({ deploymentId }) => {
      if (deploymentId === "unknown") throw refusal(Code.NotFound, "DEPLOYMENT_NOT_FOUND");
      const queues = [
        { queueId: QUEUE, labels: { de: "Hilfe zur Bestellung", en: "Help with an order" }, languages: ["de", "en"] },
        { queueId: SALES, labels: { de: "Beratung", en: "Advice" }, languages: [] },
      ];
      return { deploymentId, name: "Beispiel GmbH", queues };
    },
  });
}

function permissionsOf(email: string): string[] {
  if (email.startsWith("admin@")) return ADMINISTRATOR;
  if (email.startsWith("reader@")) return ["authorization:user:view", "authorization:division:view"];
  if (email.startsWith("auditor@")) return ["conversation:communication:view", "externalContacts:contact:view", "recording:transcript:view"];
  return email.startsWith("agent@") ? PERMISSIONS.filter((each) => !/(?<!response):view$/.test(each)) : PERMISSIONS;
}

function agentRoutes(router: ConnectRouter, world: World): void {
  router.service(DeskService, {
    watch: ({ cursors }, context) => {
      const known = new Map(cursors.map(({ conversationId, cursor }) => [conversationId, cursor]));
      return world.desk.follow(context.signal, world.deskBeginning(known));
    },
  });
  router.service(AgentService, {
    getAgent: () => {
      if (!world.isAgent) throw refusal(Code.NotFound, "AGENT_NOT_FOUND");
      return { agent: world.agent };
    },
    goOnQueue: () => (world.setState(AgentState.IDLE), { agent: world.agent }),
    goOffQueue: () => (world.setState(AgentState.OFF_QUEUE), { agent: world.agent }),
    heartbeat: () => ((world.heartbeats += 1), {}),
    acceptOffer: ({ offerId }) => {
      const offer = world.endOffer(offerId, "accepted");
      if (!offer) throw refusal(Code.FailedPrecondition, "OFFER_EXPIRED");
      world.join(roomOf(world, offer.conversationId));
      return { conversationId: offer.conversationId };
    },
    completeWrapUp: (said) => (world.routing.wrapUp(world, said), { agent: world.agent }),
    requestWrapUp: ({ conversationId }) => (world.routing.requested.push(conversationId), {}),
    listAgents: () => ({ agents: [world.agent, ...world.talk.colleagues] }),
    declineOffer: ({ offerId }) => {
      const offer = world.endOffer(offerId, "declined");
      if (offer) world.requeue(roomOf(world, offer.conversationId));
      return {};
    },
  });
  const member = (queueId: string, joined: boolean) => {
    world.setJoined(queueId, joined);
    return { member: { userId: AGENT_USER, name: world.agent.name, joined } };
  };
  const { queues, members, users } = world.admin;
  const memberOf = (userId: string) => ({ userId, name: users.get(userId).name, joined: true });
  router.service(QueueService, {
    createQueue: ({ requestId, queue }) => ({ queue: queues.create(requestId, queue) }),
    getQueue: ({ queueId }) => ({ queue: queueId === QUEUE ? { queueId, ...world.routing.queueSettings } : queues.get(queueId) }),
    listQueues: (asked) => {
      const { found, nextPageToken } = queues.page(asked, ({ divisionId }) => asked.divisionId === "" || divisionId === asked.divisionId);
      return { queues: found, nextPageToken };
    },
    searchQueues: (asked) => {
      const { found, nextPageToken } = queues.page(asked, ({ name }) => name.toLowerCase().includes(asked.text.toLowerCase()));
      return { queues: found, nextPageToken };
    },
    updateQueue: ({ queue, updateMask }) => ({ queue: queues.update(queue, updateMask?.paths ?? []) }),
    deleteQueue: ({ queueId, etag }) => queues.remove(queueId, etag),
    listMembers: ({ queueId }) => ({ members: (members.get(queueId) ?? []).map(memberOf) }),
    setMembers: ({ queueId, userIds }) => {
      members.set(queueId, userIds);
      return { members: userIds.map(memberOf) };
    },
    joinQueue: ({ queueId }) => member(queueId, true),
    leaveQueue: ({ queueId }) => member(queueId, false),
  });
}

function guestRoutes(router: ConnectRouter, world: World): void {
  router.service(ConversationService, {
    startConversation: ({ requestId, guestName, topic, language, firstMessage, kind, identityAssertion }) => {
      world.talk.assertions.push(identityAssertion);
      if (identityAssertion === "forged") throw refusal(Code.InvalidArgument, "FIELD_INVALID", { field: "identity_assertion" });
      if (world.queueFull) world.refusedStarts.add(requestId);
      if (world.refusedStarts.has(requestId)) throw refusal(Code.ResourceExhausted, "QUEUE_FULL");
      const room = world.open(requestId, guestName, topic, language, firstMessage);
      room.kind = kind;
      return entrance(room);
    },
    resumeConversation: ({ resumeToken }) => {
      const room = world.rooms.get(resumeToken.split("/")[0] ?? "");
      if (!room) throw refusal(Code.Unauthenticated, "TOKEN_INVALID");
      return entrance(room);
    },
    sendMessage: ({ conversationId, clientMessageId, text }, context) => {
      const room = roomOf(world, conversationId);
      world.talk.reopen(world, room);
      if (room.state === ConversationState.ENDED) throw refusal(Code.FailedPrecondition, "CONVERSATION_CLOSED");
      if (text === world.refusedText) throw refusal(Code.InvalidArgument, "MESSAGE_TOO_LARGE");
      const event = world.say(room, callerIn(room, context), clientMessageId, text);
      return { sequence: event.sequence, eventId: event.eventId, at: timestampNow() };
    },
    sendTyping: ({ conversationId, typing }, context) => {
      const room = roomOf(world, conversationId);
      world.type(room, callerIn(room, context), typing);
      return {};
    },
    watch: ({ conversationId, cursor }, context) => {
      const room = roomOf(world, conversationId);
      if (callerIn(room, context) !== room.guestId) return followBeside(room, cursor, context.signal);
      const frames = guestFrames(room).slice(Number(cursor || "0"));
      const heartbeat = guestFrame(room, { case: "heartbeat", value: {} });
      return room.channel.follow(context.signal, [...frames, heartbeat]);
    },
    endConversation: ({ conversationId }, context) => {
      const room = roomOf(world, conversationId);
      const byGuest = callerIn(room, context) === room.guestId;
      const byAgent = room.kind === ConversationKind.MESSAGING ? EndReason.RESTED : EndReason.AGENT_ENDED;
      world.end(room, byGuest ? EndReason.GUEST_LEFT : byAgent);
      return {};
    },
    getConversation: ({ conversationId }) => ({ conversation: summary(roomOf(world, conversationId)) }),
    leaveConversation: ({ conversationId }) => {
      world.talk.leave(world, roomOf(world, conversationId));
      return {};
    },
    listConversations: ({ state }) => ({
      conversations: [...world.rooms.values()]
        .filter((room) => state === ConversationState.UNSPECIFIED || room.state === state)
        .reverse()
        .map((room) => summary(room)),
    }),
  });
}

function followBeside(room: Room, cursor: string, signal: AbortSignal) {
  const missed = room.events.filter((event) => event.sequence > BigInt(cursor || "0"));
  const frames = missed.map((value) => ownFrame(room, { case: "event", value }));
  const supervision = ownFrame(room, { case: "supervision", value: { supervisors: room.supervisors } });
  return room.beside.follow(signal, [...frames, supervision]);
}

function entrance(room: Room) {
  return {
    conversation: summary(room),
    participantId: room.guestId,
    tokens: {
      accessToken: `guest ${room.id}`,
      accessExpiresAt: timestampFromMs(Date.now() + TOKEN_MS),
      resumeToken: `${room.id}/${crypto.randomUUID()}`,
    },
  };
}

/** A conversation in short. */
export function summary(room: Room) {
  const { id, guestName, topic, language, state, supervisors, contactId, joined, endedAt } = room;
  const supervisor = { participantId: SUPERVISOR_PARTICIPANT, kind: ParticipantKind.SUPERVISOR, name: "Anna Beispiel", userId: AGENT_USER };
  return {
    conversationId: id,
    queueId: QUEUE,
    queueName: "Service",
    guestName,
    topic,
    language,
    state,
    createdAt: timestampNow(),
    ...(endedAt ? { endedAt } : {}),
    supervisors,
    contactId,
    participants: [
      { participantId: AGENT_PARTICIPANT, kind: ParticipantKind.AGENT, name: "Anna Beispiel" },
      ...(joined ? [supervisor] : []),
    ],
  };
}

/** Who calls, as a participant. */
export function callerIn(room: Room, context: HandlerContext): string {
  const isGuest = context.requestHeader.get("authorization")?.startsWith("Bearer guest");
  if (isGuest) return room.guestId;
  return room.joined ? SUPERVISOR_PARTICIPANT : AGENT_PARTICIPANT;
}

/** The conversation of that id. */
export function roomOf(world: World, conversationId: string): Room {
  const room = world.rooms.get(conversationId);
  if (!room) throw refusal(Code.NotFound, "CONVERSATION_NOT_FOUND");
  return room;
}
