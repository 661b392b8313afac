// The columns of the live table: what each shows, and the metrics behind it.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { AgentCounts, QueueObservation } from "../../gen/onqueue/routing/v1/observation_pb";
import type { DeskKey, DeskTranslator } from "../catalogues";

/** A column. */
export interface Column {
  name: string;
  /** The metric's name in the server's definitions. */
  metric: string;
  heading: DeskKey;
  text(queue: QueueObservation, now: number, words: DeskTranslator): string;
}

/** What is not known: nothing has happened from which it could be taken. */
const NOTHING = "–";

const count = (value: bigint | undefined, words: DeskTranslator) => words.number(Number(value ?? 0n));
const duration = (ms: bigint | undefined, words: DeskTranslator) => (ms === undefined ? NOTHING : words.duration(Number(ms)));

/** In hundredths of a percent. */
function share(hundredths: number, { locale }: DeskTranslator): string {
  return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }).format(hundredths / 10_000);
}

/** Beside the queue's name and its agents, from left to right. */
export const COLUMNS: readonly Column[] = [
  { name: "waiting", metric: "waiting", heading: "live.waiting", text: (queue, _, words) => count(queue.waiting, words) },
  { name: "oldest", metric: "oldest_wait", heading: "live.oldest", text: oldestWait },
  { name: "alerting", metric: "alerting", heading: "live.alerting", text: (queue, _, words) => count(queue.alerting, words) },
  { name: "in-hand", metric: "in_hand", heading: "live.inHand", text: (queue, _, words) => count(queue.inHand, words) },
  {
    name: "after-contact",
    metric: "after_contact_now",
    heading: "live.afterContact",
    text: (queue, _, words) => count(queue.afterContact, words),
  },
  {
    name: "service-level",
    metric: "service_level",
    heading: "live.serviceLevel",
    text: ({ window }, _, words) => (window?.serviceLevel === undefined ? NOTHING : share(window.serviceLevel, words)),
  },
  {
    name: "answer",
    metric: "average_speed_of_answer",
    heading: "live.answer",
    text: ({ window }, _, words) => duration(window?.averageSpeedOfAnswerMs, words),
  },
  {
    name: "handle",
    metric: "handle_time",
    heading: "live.handle",
    text: ({ window }, _, words) => duration(window?.handleTimeMs, words),
  },
  {
    name: "abandoned",
    metric: "abandoned",
    heading: "live.abandoned",
    text: ({ window }, _, words) => count(window?.abandoned, words),
  },
];

function oldestWait({ oldestWaitingSince }: QueueObservation, now: number, words: DeskTranslator): string {
  return oldestWaitingSince ? words.duration(now - timestampMs(oldestWaitingSince)) : NOTHING;
}

type CountName = Exclude<keyof AgentCounts, "$typeName" | "$unknown">;

/** The states of agents in the order in which they are shown. */
export const AGENT_STATES: readonly { name: CountName; label: DeskKey }[] = [
  { name: "idle", label: "live.agents.idle" },
  { name: "interacting", label: "live.agents.interacting" },
  { name: "communicating", label: "live.agents.communicating" },
  { name: "notResponding", label: "live.agents.notResponding" },
  { name: "offQueue", label: "live.agents.offQueue" },
];

/** The states in which there are agents, each with how many. */
export function agentsByState(agents: AgentCounts | undefined): { label: DeskKey; count: number }[] {
  return AGENT_STATES.map(({ name, label }) => ({ label, count: Number(agents?.[name] ?? 0n) })).filter(({ count }) => count > 0);
}
