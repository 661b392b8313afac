// What a queue's settings may be, each with its text.
import {
  AfterContactMode,
  Evaluation,
  LastAgentMode,
  RoutingMethod,
  RuleComparison,
  RuleMetric,
  Scoring,
} from "../../gen/onqueue/routing/v1/queue_pb";
import type { Choices } from "../kit/choice";

export const EVALUATIONS: Choices = [
  [Evaluation.ALL_SKILLS, "queue.allSkills"],
  [Evaluation.BEST_SKILLS, "queue.bestSkills"],
  [Evaluation.DISREGARD, "queue.disregard"],
];

export const METHODS: Choices = [
  [RoutingMethod.STANDARD, "queue.standard"],
  [RoutingMethod.BULLSEYE, "queue.bullseye"],
  [RoutingMethod.PREFERRED, "queue.preferred"],
  [RoutingMethod.CONDITIONAL, "queue.conditional"],
];

export const SCORINGS: Choices = [
  [Scoring.TIMESTAMP_AND_PRIORITY, "queue.byTime"],
  [Scoring.PRIORITY_ONLY, "queue.byPriority"],
];

export const LAST_AGENTS: Choices = [
  [LastAgentMode.DISABLED, "queue.lastAgentNot"],
  [LastAgentMode.QUEUE_MEMBERS_ONLY, "queue.lastAgentMember"],
  [LastAgentMode.ANY_AGENT, "queue.lastAgentAny"],
];

export const AFTER_CONTACT: Choices = [
  [AfterContactMode.OPTIONAL, "queue.afterContactOptional"],
  [AfterContactMode.MANDATORY, "queue.afterContactMandatory"],
  [AfterContactMode.MANDATORY_TIMEOUT, "queue.afterContactTimeout"],
  [AfterContactMode.MANDATORY_FORCED, "queue.afterContactForced"],
  [AfterContactMode.AGENT_REQUESTED, "queue.afterContactRequested"],
];

export const METRICS: Choices = [
  [RuleMetric.ESTIMATED_WAIT, "queue.estimatedWait"],
  [RuleMetric.SERVICE_LEVEL, "queue.serviceLevel"],
];

export const COMPARISONS: Choices = [
  [RuleComparison.GREATER, "queue.greater"],
  [RuleComparison.AT_LEAST, "queue.atLeast"],
  [RuleComparison.LESS, "queue.less"],
  [RuleComparison.AT_MOST, "queue.atMost"],
];
