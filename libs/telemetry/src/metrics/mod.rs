//! What is counted and measured: every instrument of the product, declared once in the table below. They count from the
//! start of the process whether or not anybody asks; [`text`] shows them to Prometheus, and [`crate::init`] sends them by
//! OTLP where an endpoint is set.
//!
//! Labels are words known beforehand, never ids: an instrument takes `&'static str` from its own list, so that it has a
//! handful of series however large the installation is.

mod calls;
mod export;
mod instrument;
mod level;
mod process;
mod series;
mod text;

pub use instrument::{Counter, Histogram, Share, UpDown};
pub use level::Gauge;
pub use text::text;

pub(crate) use calls::{CANCELLED, Calls, OTHER, UNKNOWN, code_name};
pub(crate) use export::export;

use series::Instrument;

macro_rules! instruments {
    ($($(#[doc = $help:literal])+ $name:ident: $kind:ident = $otel:literal in $unit:literal $(within $bounds:ident)? $(by $label:literal [$($value:literal)+])?;)+) => {
        $(
            $(#[doc = $help])+
            pub static $name: $kind = $kind::new(series::About {
                name: $otel,
                unit: $unit,
                help: concat!($($help),+),
                label: instruments!(@label $($label [$($value)+])?),
                bounds: instruments!(@bounds $($bounds)?),
            });
        )+

        /// All of them, as they are shown.
        static TABLE: &[&dyn Instrument] = &[
            $(&$name,)+
            &SERVER_CALLS,
            &CLIENT_CALLS,
            &process::CPU,
            &process::MEMORY,
            &process::OPEN_FILES,
            &process::MOST_FILES,
            &process::BEGAN,
        ];
    };
    (@bounds) => { &series::BOUNDS };
    (@bounds $bounds:ident) => { &series::$bounds };
    (@label) => { None };
    (@label $label:literal [$($value:literal)+]) => { Some(series::Label { name: $label, values: &[$($value),+] }) };
}

instruments! {
    /// Messages committed, each once however often it was sent.
    MESSAGES: Counter = "onqueue.messages" in "{message}";

    /// From a message's commit until it was written to one watching stream, for each such stream.
    MESSAGE_DELIVERY: Histogram = "onqueue.message_delivery" in "s";

    /// Messages that were there already when they were sent again, and got the first answer.
    DEDUP_HITS: Counter = "onqueue.dedup_hits" in "{message}";

    /// Conversations that streams of this process follow.
    ACTIVE_CHATS: UpDown = "onqueue.active_chats" in "{chat}";

    /// Streams of clients that were opened with a cursor, by how that went on: `resumed` after it, or `refused`.
    RESUME: Counter = "onqueue.resume" in "{stream}" by "result" ["resumed" "refused"];

    /// Streams of clients that the server ended, by why: the reader was `slow`, the process is `draining`, the caller's
    /// rights ended or were `revoked`, what they come from `moved` to another replica, or they `failed`.
    STREAM_DROPPED: Counter = "onqueue.stream_dropped" in "{stream}" by "reason" ["slow" "draining" "revoked" "moved" "failed"];

    /// Which services run in this process: 1 for each.
    SERVICE_RUNNING: Gauge = "onqueue.service_running" in "{service}" by "name" ["gateway" "auth" "routing" "session" "content"];

    /// Whether this process may be sent work: 1, or 0 while something is missing or it is draining.
    READY: Gauge = "onqueue.ready" in "1";

    /// Until when the certificate by which each service of this process proves its name holds, in seconds since 1970; none in
    /// one process.
    CERTIFICATE_EXPIRY: Gauge = "onqueue.certificate_expiry_timestamp" in "s" by "name" ["gateway" "auth" "routing" "session" "content"];

    /// How far the database's clock is ahead of this machine's, or behind it where negative.
    CLOCK_OFFSET: Gauge = "onqueue.clock_offset" in "s";

    /// How long writing took, from waiting for a connection to the answer to COMMIT, tried again or not.
    STORE_WRITE: Histogram = "onqueue.store_write" in "s";

    /// Attempts to write to the database that failed, by why: others were in the way (`contended`), it was `unavailable`
    /// or its disk full, the connection was `lost` before COMMIT, or while it was under way (`unknown`), or `broken`: a
    /// defect. Most are tried again.
    STORE_FAILURES: Counter = "onqueue.store_failures" in "{attempt}" by "reason" ["contended" "unavailable" "lost" "unknown" "broken"];

    /// Streams of clients that are open at the door.
    OPEN_STREAMS: UpDown = "onqueue.open_streams" in "{stream}";

    /// Calls and connections that were turned away to keep the rest served, by why: the caller's `rate`, too many `streams`
    /// or `connections` of one caller or address, or the process is `busy`.
    SHED: Counter = "onqueue.shed" in "{call}" by "reason" ["rate" "streams" "connections" "busy"];

    /// Decisions about who may call what, by result: `allowed`, `denied`, `unauthenticated`, or `stale` where what is known
    /// of permissions was too old to act upon.
    AUTHZ_DECISIONS: Counter = "onqueue.authz_decisions" in "{decision}" by "result" ["allowed" "denied" "unauthenticated" "stale"];

    /// Writes that were refused because who wrote no longer owned what they wrote to.
    FENCE_REJECTIONS: Counter = "onqueue.fence_rejections" in "{write}";

    /// Shards that this process owns.
    SHARDS_OWNED: UpDown = "onqueue.shards_owned" in "{shard}";

    /// Organisations that were not served after a take-over of routing, because what the database holds of them could not be
    /// read: one for each of them and take-over.
    UNREADABLE_LOGS: Counter = "onqueue.unreadable_logs" in "{organisation}";

    /// From a lifecycle event's commit until routing has applied it.
    FEED_LAG: Histogram = "onqueue.feed_lag" in "s";

    /// Hints that never came and were made up for by comparing with the database.
    BUS_GAP: Counter = "onqueue.bus_gap" in "{hint}";

    /// Whether hints reach other processes: 1, or 0 while the bus is away; none in one process.
    BUS_CONNECTED: Gauge = "onqueue.bus_connected" in "1";

    /// Hints that were dropped on their way to other processes, and times when some from there may have been.
    BUS_LOST: Counter = "onqueue.bus_lost" in "{hint}";

    /// Chats that wait for an agent, of the shards that this process owns.
    INTERACTIONS_WAITING: UpDown = "onqueue.interactions_waiting" in "{chat}";

    /// How long the chat has waited that waits longest, of the shards that this process owns; 0 while none waits.
    OLDEST_WAIT: Gauge = "onqueue.oldest_wait" in "s";

    /// How long chats that an agent took had waited.
    SPEED_OF_ANSWER: Histogram = "onqueue.speed_of_answer" in "s" within WAITS;

    /// Chats that an agent took, by whether that was within their queue's service `target`: met, or missed.
    ANSWERED: Counter = "onqueue.answered" in "{chat}" by "target" ["met" "missed"];

    /// Chats that ended before an agent took them, by their wait: `short`, which is not counted against the queue, or `long`.
    ABANDONED: Counter = "onqueue.abandoned" in "{chat}" by "wait" ["short" "long"];

    /// The share of chats answered within their queue's service target, of those answered or abandoned (short ones aside) in
    /// the last 15 minutes, 0 to 1, of the shards that this process owns; none while there were none.
    SERVICE_LEVEL: Gauge = "onqueue.service_level_ratio" in "1";

    /// Reports of what routing decided that session has not confirmed, of the shards that this process owns.
    REPORTS_WAITING: UpDown = "onqueue.reports_waiting" in "{report}";

    /// Offers of chats to agents, by what became of them: `made` counts each, the others how it ended.
    OFFERS: Counter = "onqueue.offers" in "{offer}" by "result" ["made" "accepted" "declined" "expired" "rescinded"];

    /// How long it took to decide about what came in: the engine alone, without the commit.
    ROUTE_DECISION: Histogram = "onqueue.route_decision" in "s";

    /// Agents that are signed in, of the shards that this process owns, by state.
    AGENTS: UpDown = "onqueue.agents" in "{agent}" by "state" ["off_queue" "idle" "interacting" "communicating" "not_responding"];

    /// Chats ended because nobody wrote.
    INACTIVITY_DISCONNECTS: Counter = "onqueue.inactivity_disconnects" in "{chat}";

    /// Events of conversations that were looked at for what search finds.
    SEARCH_INDEXED: Counter = "onqueue.search_indexed" in "{event}";

    /// Transcripts that were erased because their queue's retention had passed.
    RETENTION_ERASED: Counter = "onqueue.retention_erased" in "{transcript}";

    /// Requests of agents for a supervisor: `requested` counts each, `taken` those that a supervisor took, `closed` those that
    /// somebody closed before the chat was over.
    ASSISTANCE: Counter = "onqueue.assistance" in "{request}" by "what" ["requested" "taken" "closed"];

    /// From an agent's request for a supervisor until one took it.
    TIME_TO_HELP: Histogram = "onqueue.time_to_help" in "s" within WAITS;

    /// Spans, and whole reports of metrics, that did not reach the collector and were given up.
    TELEMETRY_DROPPED: Counter = "onqueue.telemetry_dropped" in "{item}" by "signal" ["spans" "metrics"];
}

/// Calls that this process answered.
pub(crate) static SERVER_CALLS: Calls = Calls::new(
    "rpc.server.call.duration",
    "How long calls took to answer; a stream until its end.",
);

/// Calls that this process made.
pub(crate) static CLIENT_CALLS: Calls = Calls::new(
    "rpc.client.call.duration",
    "How long calls to other services took, retries included; a stream until its end.",
);

#[cfg(test)]
mod tests;
