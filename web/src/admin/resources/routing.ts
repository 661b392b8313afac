// Queues and skills.
import { create } from "@bufbuild/protobuf";
import { Evaluation, QueueSchema, RoutingMethod, type Queue } from "../../gen/onqueue/routing/v1/queue_pb";
import { SkillSchema, type Skill } from "../../gen/onqueue/routing/v1/skill_pb";
import type { AdminClients } from "../clients";
import { between, characters, chosen, duration, type Rules } from "../kit/bounds";
import type { FieldOf } from "../kit/draft";
import { needsOf, present, type Resource } from "../kit/resource";
import { afterContact, conversationRules, groupRules, groups, lastAgent, messages } from "./queue-rules";

const MOST_WAITING = 1_000_000;

const QUEUE_FIELDS: readonly FieldOf<Queue>[] = [
  "name",
  "description",
  "divisionId",
  "evaluation",
  "routingMethod",
  "limit",
  "alertingTimeoutMs",
  "inactivityTimeoutMs",
  "inactivityWarningMs",
  "scoring",
  "rings",
  "preferred",
  "groupRules",
  "groups",
  "lastAgent",
  "autoAnswer",
  "afterContact",
  "serviceTarget",
  "messages",
  "scheduleGroupId",
  "conversationRules",
];

const QUEUE_RULES: Rules<Queue> = {
  name: characters(1, 100),
  description: characters(0, 1_000),
  divisionId: chosen,
  limit: between(0, MOST_WAITING),
  alertingTimeoutMs: duration(5_000, 300_000),
  inactivityTimeoutMs: duration(60_000, 86_400_000),
  inactivityWarningMs: duration(1_000, 86_400_000),
  groups,
  groupRules,
  messages,
  lastAgent,
  afterContact,
  conversationRules,
};

/** Lines of waiting conversations. Looking for their names needs a permission of its own. */
export function queueResource({ queues }: AdminClients, isSearchable: boolean): Resource<Queue> {
  return {
    kind: "queue",
    needs: needsOf("routing:queue"),
    isSearchable,
    fields: QUEUE_FIELDS,
    rules: QUEUE_RULES,
    blank: () =>
      create(QueueSchema, {
        evaluation: Evaluation.ALL_SKILLS,
        routingMethod: RoutingMethod.STANDARD,
        alertingTimeoutMs: 30_000n,
        inactivityTimeoutMs: 900_000n,
        inactivityWarningMs: 60_000n,
      }),
    id: ({ queueId }) => queueId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async ({ text, division }, place, options) => {
      // Only the search looks at names, and it does not look at divisions.
      const { queues: found, nextPageToken } = text && isSearchable
        ? await queues.searchQueues({ ...place, text }, options)
        : await queues.listQueues({ ...place, divisionId: division }, options);
      return { items: found, nextPageToken };
    },
    get: async (queueId) => present((await queues.getQueue({ queueId })).queue),
    create: async (requestId, queue) => present((await queues.createQueue({ requestId, queue })).queue),
    update: async (queue, paths) => present((await queues.updateQueue({ queue, updateMask: { paths } })).queue),
    remove: (queueId, etag) => queues.deleteQueue({ queueId, etag }),
  };
}

/** What agents master. */
export function skillResource({ skills }: AdminClients): Resource<Skill> {
  return {
    kind: "skill",
    needs: needsOf("routing:skill"),
    fields: ["name", "description"],
    rules: { name: characters(1, 100), description: characters(0, 1_000) },
    blank: () => create(SkillSchema),
    id: ({ skillId }) => skillId,
    etag: ({ etag }) => etag,
    name: ({ name }) => name,
    list: async ({ text }, place, options) => {
      const { skills: found, nextPageToken } = await skills.listSkills({ ...place, text }, options);
      return { items: found, nextPageToken };
    },
    get: async (skillId) => present((await skills.getSkill({ skillId })).skill),
    create: async (requestId, skill) => present((await skills.createSkill({ requestId, skill })).skill),
    update: async (skill, paths) => present((await skills.updateSkill({ skill, updateMask: { paths } })).skill),
    remove: (skillId, etag) => skills.deleteSkill({ skillId, etag }),
  };
}
