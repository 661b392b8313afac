//! Guests whose connections are cut every few seconds while something is said in their chats: each sees every event once and
//! in order, and goes on soon.

use super::{
    Report, Scenario,
    report::Goal,
    view::{Reader, text},
};
use crate::{
    installation::Installation,
    load::{Chance, Measured, Samples, organisation},
    people::{Customer, channel},
    proxy::Proxy,
};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval_at, sleep},
};

/// How long after a cut the next one of the same guest comes, at least and at most.
const APART: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// How often something is said in each chat.
const SAID: Duration = Duration::from_secs(1);

/// How long after the last cut every view must equal the transcript.
const SETTLED: Duration = Duration::from_secs(10);

/// Somebody with a chat and a bad connection.
struct Guest {
    customer: Customer,
    proxy: Proxy,
    reader: Reader,
}

pub(super) async fn run(scenario: &Scenario, (guests, lasting): (usize, Duration), seed: u64) -> Report {
    let (organisation, demo) = organisation(1, 1, 1);
    let installation = Installation::start(&scenario.installation, demo).await;
    let (doors, mut chance) = (installation.doors(), Chance::seeded(seed));
    let credentials = json!({ "deployment": organisation.deployment, "queues": { "all": organisation.queues[0] } });
    let (_pace, unhurried) = watch::channel(Duration::ZERO);
    let mut all = Vec::new();
    for number in 0..guests {
        let door = doors[number % doors.len()];
        let customer = Customer::start(door, &credentials, "all", "en").await;
        let proxy = Proxy::start(door).await.expect("a proxy");
        let chat = (customer.conversation.as_str(), customer.token.as_str());
        let reader = Reader::new(channel(proxy.address), chat, unhurried.clone());
        all.push(Guest {
            customer,
            proxy,
            reader,
        });
    }
    let mut readers: JoinSet<()> = all.iter().map(|guest| guest.reader.clone().read()).collect();
    let end = Instant::now() + lasting;
    let each = all.iter().map(|guest| {
        let (cuts, talk) = (guest.is_cut(chance.fork(), end), guest.talks(chance.fork(), end));
        async move { futures::join!(cuts, talk) }
    });
    let (cuts, said) = futures::future::join_all(each).await.into_iter().fold((0, 0), add);
    let differ = settle(&all).await;
    readers.abort_all();
    report(scenario, seed, &all, (cuts, said, differ))
}

fn add(sum: (usize, usize), one: (usize, usize)) -> (usize, usize) {
    (sum.0 + one.0, sum.1 + one.1)
}

impl Guest {
    /// Cuts the connection now and then; answers how often.
    async fn is_cut(&self, mut chance: Chance, end: Instant) -> usize {
        let mut cuts = 0;
        loop {
            let pause = chance.between(APART.0, APART.1);
            if Instant::now() + pause >= end {
                return cuts;
            }
            sleep(pause).await;
            self.reader.view().cut();
            self.proxy.reset();
            cuts += 1;
        }
    }

    /// Says something at regular times, over a connection that holds; answers how often.
    async fn talks(&self, mut chance: Chance, end: Instant) -> usize {
        let first = tokio::time::Instant::now() + chance.between(Duration::ZERO, SAID);
        let mut ticks = interval_at(first, SAID);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut said = 0;
        while Instant::now() < end {
            ticks.tick().await;
            let key = said.to_string();
            let sent = self.customer.send(&key, &text(Duration::ZERO)).await;
            said += usize::from(sent.is_ok());
        }
        said
    }

    /// Whether what was seen is the transcript.
    async fn is_whole(&self) -> bool {
        let events = self.customer.events().await;
        let seen = self.reader.view().events.clone();
        events.iter().map(|event| &event.event_id).eq(&seen)
    }
}

/// How many views do not equal their transcripts when all could have come.
async fn settle(guests: &[Guest]) -> usize {
    let end = Instant::now() + SETTLED;
    let mut differ = 0;
    for guest in guests {
        while !guest.is_whole().await {
            if Instant::now() > end {
                differ += 1;
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
    differ
}

fn report(scenario: &Scenario, seed: u64, guests: &[Guest], (cuts, said, differ): (usize, usize, usize)) -> Report {
    let (mut missed, mut repeated, mut seen) = (0, 0, 0);
    let mut measured = Measured::default();
    for guest in guests {
        let view = guest.reader.view();
        missed += view.missed;
        repeated += view.repeated;
        seen += view.events.len();
        measured.resumed.extend(&view.resumed);
    }
    let mut report = Report::of(scenario, seed, Vec::new(), measured);
    report.goals.extend([
        Goal::at_most("frames missed", 0, missed),
        Goal::at_most("frames repeated", 0, repeated),
        Goal::at_most("views unlike their transcripts", 0, differ),
    ]);
    report.goals.push(resumed(scenario, &report.measured.resumed));
    report.figure("guests, cuts", format!("{}, {cuts}", guests.len()));
    report.figure("messages said, events seen", format!("{said}, {seen}"));
    if cuts == 0 || said == 0 {
        report
            .complaints
            .push("nothing happened: the run proves nothing".to_owned());
    }
    report
}

fn resumed(scenario: &Scenario, streams: &Samples) -> Goal {
    let limit = scenario.limits.resumed_mostly.unwrap_or(Duration::MAX);
    Goal::within("streams resumed, p95", limit, (streams.at(0.95), streams)).measured(streams)
}
