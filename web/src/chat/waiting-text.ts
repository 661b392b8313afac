// Where the customer stands, in words.
import { WaitUnknown, type Standing } from "../gen/guest/onqueue/routing/v1/wait_pb";
import type { Locale } from "../i18n/translator";
import type { ChatTranslator } from "./catalogues";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

type Estimate = Pick<Standing, "position" | "alerting" | "p50Ms" | "p90Ms" | "unknown">;

/** The sentence about place and wait; empty if there is none to say. */
export function waitText(standing: Estimate, words: ChatTranslator): string {
  if (standing.alerting) return words.t("wait.alerting");
  const position = words.number(Number(standing.position));
  return [words.t("wait.position", { position }), estimateText(standing, words)].join(" ");
}

function estimateText({ p50Ms, p90Ms, unknown }: Estimate, words: ChatTranslator): string {
  if (p50Ms === undefined || p90Ms === undefined) {
    return words.t(unknown === WaitUnknown.NOBODY_SERVING ? "wait.nobody" : "wait.unknown");
  }
  const likely = Number(p50Ms);
  const most = Number(p90Ms);
  if (most < MINUTE_MS) return words.t("wait.soon");
  const unit = likely < HOUR_MS ? "minute" : "hour";
  const unitMs = unit === "minute" ? MINUTE_MS : HOUR_MS;
  const low = Math.floor(likely / unitMs);
  const high = Math.ceil(most / unitMs);
  if (low === 0) return words.t("wait.atMost", { time: amount(words.locale, unit).format(high) });
  return words.t("wait.range", { range: amount(words.locale, unit).formatRange(low, high) });
}

function amount(locale: Locale, unit: "minute" | "hour"): Intl.NumberFormat {
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" });
}
