// What a deployment's queues and greetings have to be like.
import type { DeploymentQueue } from "../../gen/onqueue/auth/v1/trust_pb";
import type { Rule } from "../kit/bounds";

const LONGEST_GREETING = 500;

/** Every queue is chosen, once, and has a name for customers. */
export const deploymentQueues: Rule<readonly DeploymentQueue[]> = (queues) => {
  if (queues.some(({ queueId }) => queueId === "")) return { key: "violation.queueChoose" };
  if (new Set(queues.map(({ queueId }) => queueId)).size < queues.length) return { key: "violation.queueTwice" };
  const named = queues.every(({ labels }) => Object.values(labels).some((label) => label.trim() !== ""));
  return named ? undefined : { key: "violation.queueLabel" };
};

/** None is too long. */
export const greetings: Rule<Record<string, string>> = (texts) =>
  Object.values(texts).some((text) => [...text].length > LONGEST_GREETING)
    ? { key: "violation.long", values: { most: LONGEST_GREETING } }
    : undefined;
