//! One reader takes a frame a second of a conversation in which hundreds are said: the others notice nothing, it costs little
//! memory, and it has everything in the end.

use super::{
    Report, Scenario,
    report::Goal,
    view::{Reader, text},
};
use crate::{
    installation::Installation,
    load::{Measured, Samples, organisation},
    memory::resident,
    people::{Customer, channel},
};
use onqueue_testkit::until;
use serde_json::json;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinSet, time::sleep};
use tonic::transport::Endpoint;

/// Readers who read at once.
const FAST: usize = 10;

/// Who say something, in turn.
const SPEAKERS: u32 = 32;

/// How long a slow one takes over a frame.
const SLOW: Duration = Duration::from_secs(1);

/// What HTTP/2 lets be under way to somebody who has said nothing about it, in bytes.
const WINDOW: u32 = 65_535;

/// How long reading up may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much is said and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// Messages a second in the one conversation.
    pub sends: u32,
    /// How long each part of the run takes.
    pub part: Duration,
    /// How often the two sides are compared.
    pub pairs: usize,
    /// How many slow readers there are while memory is measured.
    pub slow: usize,
}

/// The conversation and everybody in it.
struct Hall {
    crowd: Crowd,
    customer: Customer,
    door: SocketAddr,
    epoch: Instant,
    fast: Vec<Reader>,
    reading: JoinSet<()>,
    said: usize,
}

pub(super) async fn run(scenario: &Scenario, crowd: Crowd, seed: u64) -> Report {
    let (organisation, demo) = organisation(1, 1, 1);
    let installation = Installation::start(&scenario.installation, demo).await;
    let door = installation.doors()[0];
    let credentials = json!({ "deployment": organisation.deployment, "queues": { "all": organisation.queues[0] } });
    let mut hall = Hall {
        customer: Customer::start(door, &credentials, "all", "en").await,
        epoch: Instant::now(),
        fast: Vec::new(),
        reading: JoinSet::new(),
        said: 0,
        crowd,
        door,
    };
    hall.open();
    // What is only slow the first time is no part of the comparison.
    hall.talk().await;
    let (pace, slowly) = watch::channel(SLOW);
    let mut slow = vec![hall.slow_reader(&slowly)];
    let pairs = hall.compare(&slow[0]).await;

    let processes = installation.processes();
    let before = resident(&processes).expect("memory is told");
    let more: Vec<Reader> = (0..crowd.slow).map(|_| hall.slow_reader(&slowly)).collect();
    slow.extend(more);
    let mut reading: JoinSet<()> = slow.iter().map(|reader| reader.clone().read()).collect();
    hall.talk().await;
    let after = resident(&processes).expect("memory is told");
    let each = after.saturating_sub(before) / slow.len() as u64;
    let _ = pace.send(Duration::ZERO);
    let differ = hall.settle(&slow).await;
    reading.abort_all();
    let mut report = report(scenario, seed, &pairs, (each, differ));
    hall.describe(&mut report, &slow);
    report
}

impl Hall {
    /// Lets everybody in who reads at once.
    fn open(&mut self) {
        let (pace, at_once) = watch::channel(Duration::ZERO);
        for _ in 0..FAST {
            let chat = (self.customer.conversation.as_str(), self.customer.token.as_str());
            let reader = Reader::new(channel(self.door), chat, at_once.clone()).since(self.epoch);
            self.reading.spawn(reader.clone().read());
            self.fast.push(reader);
        }
        // Nobody changes their pace.
        drop(pace);
    }

    /// Somebody who will read slowly, and lets no more be under way to them than they must.
    fn slow_reader(&self, pace: &watch::Receiver<Duration>) -> Reader {
        let way = Endpoint::from_shared(format!("http://{}", self.door))
            .expect("an address")
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .connect_lazy();
        let chat = (self.customer.conversation.as_str(), self.customer.token.as_str());
        Reader::new(way, chat, pace.clone()).since(self.epoch)
    }

    /// The delays of the others without the slow one and with it, in turn.
    async fn compare(&mut self, slow: &Reader) -> Vec<(Duration, Duration)> {
        let mut pairs = Vec::new();
        for _ in 0..self.crowd.pairs {
            let without = self.talk().await.at(0.99);
            let reading = tokio::spawn(slow.clone().read());
            let with = self.talk().await.at(0.99);
            reading.abort();
            pairs.push((without, with));
        }
        pairs
    }

    /// Lets everything be said that one part of the run has; answers how late the fast readers saw it.
    async fn talk(&mut self) -> Samples {
        let apart = Duration::from_secs(1) / self.crowd.sends;
        let count = self.crowd.part.as_millis() as u32 * self.crowd.sends / 1_000;
        let began = self.epoch.elapsed() + apart;
        let mut speakers = JoinSet::new();
        for speaker in 0..SPEAKERS {
            let (customer, epoch, from) = (self.customer.clone(), self.epoch, self.said);
            speakers.spawn(async move {
                let mut last = 0;
                for number in (speaker..count).step_by(SPEAKERS as usize) {
                    let due = began + apart * number;
                    sleep(due.saturating_sub(epoch.elapsed())).await;
                    let key = (from + number as usize).to_string();
                    let sent = customer.send(&key, &text(due)).await;
                    last = sent.expect("is acknowledged").into_inner().sequence;
                }
                usize::try_from(last).expect("few")
            });
        }
        let last = speakers.join_all().await.into_iter().max();
        self.said += count as usize;
        let has_all = |reader: &Reader| Some(reader.view().events.len()) >= last;
        let all = async || self.fast.iter().all(has_all);
        until("the fast readers to have everything", PATIENCE, all).await;
        let mut delays = Samples::default();
        for reader in &self.fast {
            delays.extend(&std::mem::take(&mut reader.view().delays));
        }
        delays
    }

    /// How many views do not equal the transcript when all could have come.
    async fn settle(&self, readers: &[Reader]) -> usize {
        let events = self.customer.events().await;
        let ids: Vec<String> = events.into_iter().map(|event| event.event_id).collect();
        let end = Instant::now() + PATIENCE;
        let differs = |reader: &&Reader| reader.view().events != ids;
        while readers.iter().any(|reader| differs(&reader)) && Instant::now() < end {
            sleep(Duration::from_millis(20)).await;
        }
        readers.iter().filter(differs).count()
    }

    fn describe(&self, report: &mut Report, slow: &[Reader]) {
        let (mut broken, mut farewells) = (0, 0);
        for view in self.fast.iter().chain(slow).map(Reader::view) {
            broken += view.missed + view.repeated;
        }
        for view in slow.iter().map(Reader::view) {
            farewells += view.farewells;
        }
        report.goals.push(Goal::at_most("frames missed or repeated", 0, broken));
        report.figure("messages said", self.said.to_string());
        report.figure("times a slow one was sent off", farewells.to_string());
    }
}

fn report(scenario: &Scenario, seed: u64, pairs: &[(Duration, Duration)], (each, differ): (u64, usize)) -> Report {
    let mut report = Report::of(scenario, seed, Vec::new(), Measured::default());
    report
        .goals
        .push(Goal::at_most("slow views unlike the transcript", 0, differ));
    let mut ratios: Vec<f64> = pairs
        .iter()
        .map(|(without, with)| with.as_secs_f64() / without.as_secs_f64().max(1e-6))
        .collect();
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    report.figure("p99 without and with a slow one", format!("{pairs:.1?}"));
    report.goals.extend(scenario.limits.slowed.map(|limit| Goal {
        name: "others' p99 beside a slow one",
        limit: format!("× {limit:.2}"),
        found: format!("× {ratio:.2} of {} pairs", ratios.len()),
        is_held: ratio <= limit,
    }));
    report.goals.extend(scenario.limits.memory.map(|limit| Goal {
        name: "memory of a slow stream",
        limit: format!("{} KiB", limit / 1_024),
        found: format!("{} KiB", each / 1_024),
        is_held: each <= limit,
    }));
    report
}
