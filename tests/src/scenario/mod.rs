//! What is broken, how often, and what must hold all the same. A scenario is data; one way of running serves all.

mod collector;
mod cuts;
mod faults;
mod finds;
mod machine;
mod report;
mod slow;
mod stage;
mod streams;
mod view;
mod waits;
mod writes;

pub use collector::Absences;
pub use report::{Goal, Report};
pub use slow::Crowd;

use crate::{
    installation::{self, Disks},
    load,
};
use stage::Stage;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// What is done to the installation in one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the load alone must hold too.
    None,
    /// `kill -9` of one member that runs the service (of routing: the owner), down for a while.
    Kill(&'static str, Duration),
    /// The member is told to end, and started again when it has.
    Terminate(&'static str),
    /// The owner of routing is paused for this many lease times, in the midst of its work.
    PauseOwner(u32),
    /// The broker is killed and away for a while.
    NatsDown(Duration),
    /// Nobody runs content for a while: in odd rounds it was killed, in even ones it is paused.
    ContentDown(Duration),
    /// PostgreSQL quits as in a crash and recovers.
    PostgresRestart,
    /// Streams by the thousand through one gateway to one session.
    Streams(usize),
    /// So many guests' connections are cut again and again for a while.
    Cuts(usize, Duration),
    /// One reader in a crowd is slow.
    SlowReader(Crowd),
    /// The collector of telemetry is gone without a word, and comes back.
    CollectorGone(Absences),
}

/// One run.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub fault: Fault,
    pub rounds: usize,
    /// Messages that are acknowledged between two faults.
    pub calm: usize,
    /// How long after a fault's end the installation may still recover, before the clocks of I6 run again.
    pub grace: Duration,
    pub load: load::Plan,
    pub installation: installation::Plan,
    pub limits: Limits,
    /// Where the members' logs are kept, in a folder with the scenario's name.
    pub logs: Option<PathBuf>,
}

/// Figures that a run must keep to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// 99 of 100 streams go on within.
    pub resumed: Option<Duration>,
    /// 95 of 100 go on within.
    pub resumed_mostly: Option<Duration>,
    /// 99 of 100 events are seen within.
    pub delivered: Option<Duration>,
    /// Who waits while the fault lasts has an agent within, 99 times of 100.
    pub assignment_pause: Option<Duration>,
    /// The first acknowledgement after a fault comes within, each time.
    pub back: Option<Duration>,
    /// No attempt of a unary call fails.
    pub no_failures: bool,
    /// Who is told to end has ended within, each time.
    pub exit: Option<Duration>,
    /// How much longer 99 of 100 messages take at most with the fault than without: the others' to be seen when somebody reads
    /// slowly, all to be acknowledged when the collector is gone.
    pub slowed: Option<f64>,
    /// While content is away somebody who types is answered within the first time, and within the second after its return
    /// something is found.
    pub finds: Option<(Duration, Duration)>,
    /// How many times longer than at other times 99 of 100 acknowledgements may take while the fault lasts.
    pub unaffected: Option<f64>,
    /// Bytes that the stream of a slow reader takes in all processes together; by which each process grows when the collector
    /// is gone.
    pub memory: Option<u64>,
}

/// How large everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As reliability says; for release builds.
    Full,
    /// A few rounds under a tenth of the load; for debug builds.
    Short,
}

/// The names of all scenarios.
pub const NAMES: [&str; 20] = [
    "calm",
    "kill9_gateway",
    "kill9_session",
    "kill9_routing",
    "kill9_auth",
    "kill9_content",
    "nats_down",
    "content_down",
    "postgres_restart",
    "pause_owner",
    "sigterm_gateway",
    "sigterm_session",
    "sigterm_routing",
    "sigterm_auth",
    "sigterm_content",
    "dead_replica",
    STREAMS,
    CUTS,
    SLOW,
    COLLECTOR,
];

/// These play no rounds.
const STREAMS: &str = "streams_12000";
const CUTS: &str = "cut_guests";
const SLOW: &str = "slow_reader";
const COLLECTOR: &str = "collector_gone";

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Scenario {
    /// A scenario by its name; `None` if there is none.
    pub fn named(name: &str, size: Size) -> Option<Self> {
        let is_full = size == Size::Full;
        let away = |full: u64| if is_full { seconds(full) } else { seconds(2) };
        let (fault, rounds, short, limits) = match name {
            "calm" => (Fault::None, 1, 1, no_failures()),
            "kill9_gateway" => (Fault::Kill("gateway", Duration::ZERO), 20, 3, resumed(2)),
            "kill9_session" => (Fault::Kill("session", Duration::ZERO), 20, 3, resumed(2)),
            "kill9_routing" => (Fault::Kill("routing", Duration::ZERO), 20, 2, pause()),
            "kill9_auth" => (Fault::Kill("auth", away(5)), 20, 2, resumed(2)),
            "kill9_content" => (Fault::Kill("content", away(5)), 20, 1, no_failures()),
            "nats_down" => (Fault::NatsDown(away(60)), 1, 1, delivered()),
            "content_down" => (Fault::ContentDown(down(size)), 2, 2, found_again(size)),
            "postgres_restart" => (Fault::PostgresRestart, 10, 2, back()),
            "pause_owner" => (Fault::PauseOwner(3), 20, 1, pause()),
            "sigterm_gateway" => (Fault::Terminate("gateway"), 20, 1, drained()),
            "sigterm_session" => (Fault::Terminate("session"), 20, 1, drained()),
            "sigterm_routing" => (Fault::Terminate("routing"), 20, 1, drained()),
            "sigterm_auth" => (Fault::Terminate("auth"), 20, 1, drained()),
            "sigterm_content" => (Fault::Terminate("content"), 20, 1, drained()),
            "dead_replica" => (Fault::None, 1, 1, no_failures()),
            STREAMS => (
                Fault::Streams(if is_full { 12_000 } else { 400 }),
                1,
                1,
                Limits::default(),
            ),
            CUTS => (cuts_of(size), 1, 1, resumed_mostly(size)),
            SLOW => (Fault::SlowReader(crowd(size)), 1, 1, slowed(size)),
            COLLECTOR => (Fault::CollectorGone(absences(size)), 1, 1, unmoved(size)),
            _ => return None,
        };
        let mut scenario = Self {
            name: name.to_owned(),
            fault,
            rounds: if is_full { rounds } else { short },
            calm: if is_full { 60 } else { 20 },
            grace: grace(fault),
            load: if is_full {
                load::Plan::usual()
            } else {
                load::Plan::small()
            },
            installation: installation::Plan::for_load().on(if is_full { Disks::Own } else { Disks::Unsynced }),
            limits,
            logs: None,
        };
        scenario.adapt(size);
        Some(scenario)
    }

    fn adapt(&mut self, size: Size) {
        if self.name == "dead_replica" {
            // Nothing listens on the discard port.
            let dead = vec!["127.0.0.1:9".to_owned()];
            self.installation.more_addresses = BTreeMap::from([("session", dead)]);
        }
        if self.fault == Fault::None {
            self.calm = if size == Size::Full { 1_200 } else { 100 };
        }
        if matches!(self.fault, Fault::ContentDown(_)) && size == Size::Full {
            // As many as are sent while it is away.
            self.calm = 1_200;
        }
        if matches!(self.fault, Fault::PauseOwner(_)) {
            // Time enough for an owner that does not know that it is none to do harm.
            self.calm = if size == Size::Full { 240 } else { 120 };
        }
        if matches!(self.fault, Fault::Streams(_) | Fault::SlowReader(_)) {
            self.installation
                .replicas
                .extend([("gateway", 1), ("session", 1), ("routing", 1)]);
        }
        if matches!(self.fault, Fault::Streams(_)) {
            self.installation = self.installation.clone().with("listener", "streams", 20_000);
        }
        if size == Size::Short && matches!(self.fault, Fault::PauseOwner(_) | Fault::Kill("routing", _)) {
            self.installation = self.installation.clone().with("routing", "lease_ms", 2_000);
            self.installation = self.installation.clone().with("routing", "renew_ms", 500);
            self.installation = self.installation.clone().with("routing", "stop_before_ms", 400);
        }
    }

    /// The same with the fence of routing switched off; debug builds only. Of one round: a former owner that takes no notice
    /// of that never takes over again.
    #[must_use]
    pub fn without_fence(mut self) -> Self {
        self.rounds = 1;
        self.installation = self.installation.with("routing", "fence", false);
        self
    }

    /// Runs it to its end and judges what happened.
    pub async fn run(&self, seed: u64) -> Report {
        match self.fault {
            Fault::Streams(count) => return streams::run(self, count, seed).await,
            Fault::Cuts(guests, lasting) => return cuts::run(self, (guests, lasting), seed).await,
            Fault::SlowReader(crowd) => return slow::run(self, crowd, seed).await,
            Fault::CollectorGone(absences) => return collector::run(self, absences, seed).await,
            _ => {}
        }
        let mut stage = Stage::set(self, seed).await;
        for round in 1..=self.rounds {
            stage.calm(self.calm).await;
            stage.round(self, round).await;
        }
        stage.calm(self.calm).await;
        stage.judge(self).await
    }
}

fn grace(fault: Fault) -> Duration {
    match fault {
        Fault::Kill("routing", _) | Fault::PauseOwner(_) => seconds(7),
        Fault::PostgresRestart => seconds(5),
        _ => seconds(3),
    }
}

const NONE: Limits = Limits {
    resumed: None,
    resumed_mostly: None,
    delivered: None,
    assignment_pause: None,
    back: None,
    no_failures: false,
    exit: None,
    slowed: None,
    finds: None,
    unaffected: None,
    memory: None,
};

/// Whether times are those of a release build under the full load: only they say anything about a moment or a tenth.
const fn is_measured(size: Size) -> bool {
    matches!(size, Size::Full) && !cfg!(debug_assertions)
}

const fn cuts_of(size: Size) -> Fault {
    match size {
        Size::Full => Fault::Cuts(200, seconds(60)),
        Size::Short => Fault::Cuts(20, seconds(10)),
    }
}

const fn resumed_mostly(size: Size) -> Limits {
    let within = if is_measured(size) {
        Duration::from_millis(300)
    } else {
        seconds(2)
    };
    Limits {
        resumed_mostly: Some(within),
        ..NONE
    }
}

const fn crowd(size: Size) -> Crowd {
    match size {
        Size::Full => Crowd {
            sends: 500,
            part: seconds(10),
            pairs: 5,
            slow: 50,
        },
        Size::Short => Crowd {
            sends: 100,
            part: seconds(3),
            pairs: 1,
            slow: 4,
        },
    }
}

const fn absences(size: Size) -> Absences {
    match size {
        Size::Full => Absences {
            part: seconds(20),
            pairs: 9,
        },
        Size::Short => Absences {
            part: seconds(6),
            pairs: 2,
        },
    }
}

const fn unmoved(size: Size) -> Limits {
    Limits {
        slowed: if is_measured(size) { Some(1.05) } else { None },
        memory: Some(16 << 20),
        ..no_failures()
    }
}

const fn slowed(size: Size) -> Limits {
    Limits {
        slowed: if is_measured(size) { Some(1.1) } else { None },
        memory: if is_measured(size) { Some(1 << 20) } else { None },
        ..NONE
    }
}

/// Long enough for several letters that are answered late.
const fn down(size: Size) -> Duration {
    match size {
        Size::Full => seconds(60),
        Size::Short => seconds(8),
    }
}

const fn found_again(size: Size) -> Limits {
    Limits {
        // Two seconds is what the rpc gets; a busy machine adds to that.
        finds: Some((
            Duration::from_millis(2_500),
            if is_measured(size) { seconds(5) } else { seconds(30) },
        )),
        unaffected: if is_measured(size) { Some(1.5) } else { None },
        ..no_failures()
    }
}

const fn resumed(within: u64) -> Limits {
    Limits {
        resumed: Some(seconds(within)),
        ..NONE
    }
}

const fn no_failures() -> Limits {
    Limits {
        no_failures: true,
        ..NONE
    }
}

const fn drained() -> Limits {
    Limits {
        resumed: Some(seconds(2)),
        exit: Some(seconds(45)),
        ..no_failures()
    }
}

const fn delivered() -> Limits {
    Limits {
        delivered: Some(seconds(2)),
        ..NONE
    }
}

const fn pause() -> Limits {
    Limits {
        resumed: Some(seconds(7)),
        assignment_pause: Some(seconds(7)),
        ..NONE
    }
}

const fn back() -> Limits {
    Limits {
        back: Some(seconds(5)),
        ..NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_scenario_in_both_sizes() {
        for name in NAMES {
            let rounds = |size| Scenario::named(name, size).expect(name).rounds;
            assert!(rounds(Size::Full) >= rounds(Size::Short), "{name}");
        }
        assert!(Scenario::named("none_such", Size::Full).is_none());
    }
}
