//! The collector of telemetry goes without a word under load, and comes back, again and again: sending takes no longer for it,
//! memory stays as it is, and what could not be sent is counted.

use super::{Report, Scenario, report::Goal, stage::Stage};
use crate::{
    memory::resident,
    proxy::{Proxy, Weather},
};
use futures::future::join_all;
use onqueue_telemetry::sink::Sink;
use onqueue_testkit::until;
use std::time::Duration;
use tokio::{task::JoinSet, time::sleep};

/// What is counted when telemetry is given up.
const DROPPED: &str = "onqueue_telemetry_dropped_total";

/// How long until what is given up shows: a report of metrics is sent every 15 s, and waited for for a few more.
const SHOWN: Duration = Duration::from_secs(60);

/// How often it goes, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absences {
    /// How long it is there, and then gone.
    pub part: Duration,
    /// How often.
    pub pairs: usize,
}

/// What was found over the absences.
struct Found {
    /// 99 of 100 acknowledgements came within, with the collector and without.
    times: Vec<(Duration, Duration)>,
    /// By how much all processes together grew from the end of the first absence to that of the last.
    grown: u64,
    processes: u64,
    dropped: f64,
    spans: usize,
}

pub(super) async fn run(scenario: &Scenario, absences: Absences, seed: u64) -> Report {
    let (sink, endpoint, serve) = Sink::open().await.expect("a collector");
    let mut serving = JoinSet::new();
    serving.spawn(serve);
    let server = endpoint.trim_start_matches("http://").parse().expect("an address");
    let way = Proxy::start(server).await.expect("a proxy");
    let mut scenario = scenario.clone();
    let plan = scenario.installation.clone();
    scenario.installation = plan.with("telemetry", "endpoint", format!("http://{}", way.address));
    let mut stage = Stage::set(&scenario, seed).await;
    stage.calm(scenario.calm).await;
    let found = play(&mut stage, absences, (&way, &sink)).await;
    let mut report = stage.judge(&scenario).await;
    judge(&mut report, &scenario, &found);
    report
}

async fn play(stage: &mut Stage, absences: Absences, (way, sink): (&Proxy, &Sink)) -> Found {
    let arrived = async || !sink.spans().is_empty();
    until("spans to arrive at the collector", SHOWN, arrived).await;
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    let before = dropped(stage).await;
    for _ in 0..absences.pairs {
        way.set(Weather::default());
        // Who waits for an answer that will never come notices and connects anew.
        way.reset();
        let with = talk(stage, absences.part).await;
        way.set(Weather::silent());
        let without = talk(stage, absences.part).await;
        times.push((with, without));
        sizes.push(resident(&stage.installation.processes()).expect("memory is told"));
    }
    let counted = async || dropped(stage).await > before;
    until("what was given up to be counted", SHOWN, counted).await;
    let (first, last) = (sizes.first().copied(), sizes.last().copied());
    Found {
        times,
        grown: last.unwrap_or(0).saturating_sub(first.unwrap_or(0)),
        processes: stage.installation.processes().len() as u64,
        dropped: dropped(stage).await - before,
        spans: sink.spans().len(),
    }
}

/// Lets the load go on for so long; answers within what 99 of 100 messages were acknowledged.
async fn talk(stage: &mut Stage, part: Duration) -> Duration {
    let before = stage.load.measured().sends.count();
    sleep(part).await;
    stage.load.check();
    stage.load.measured().sends.since(before).at(0.99)
}

/// What all members have given up.
async fn dropped(stage: &mut Stage) -> f64 {
    let members = stage.installation.members();
    let each = join_all(members.map(|member| async { member.metric(DROPPED).await })).await;
    each.into_iter().map(|one| one.expect("is shown")).sum()
}

fn judge(report: &mut Report, scenario: &Scenario, found: &Found) {
    let mut ratios: Vec<f64> = found
        .times
        .iter()
        .map(|(with, without)| without.as_secs_f64() / with.as_secs_f64().max(1e-6))
        .collect();
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    report.figure("p99 with a collector and without", format!("{:.1?}", found.times));
    report.figure("spans that arrived", found.spans.to_string());
    report.goals.extend(scenario.limits.slowed.map(|limit| Goal {
        name: "p99 without a collector",
        limit: format!("× {limit:.2}"),
        found: format!("× {ratio:.2} of {} pairs", ratios.len()),
        is_held: ratio <= limit,
    }));
    let each = found.grown / found.processes.max(1);
    report.goals.extend(scenario.limits.memory.map(|limit| Goal {
        name: "growth of a process",
        limit: format!("{} KiB", limit / 1_024),
        found: format!("{} KiB", each / 1_024),
        is_held: each <= limit,
    }));
    report.goals.push(Goal {
        name: "telemetry given up is counted",
        limit: "> 0".to_owned(),
        found: found.dropped.to_string(),
        is_held: found.dropped > 0.0,
    });
}
