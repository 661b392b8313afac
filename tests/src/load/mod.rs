//! People who use an installation as pages do: customers who come, talk and go, agents who serve them, and messages that
//! become due at a fixed rate whatever the answers.

mod agent;
mod chance;
mod doors;
mod figures;
mod guest;
mod organisation;
mod speaker;

pub use chance::Chance;
pub use figures::{Figures, Measured, Samples};
pub use organisation::{Organisation, organisation};

use crate::history::History;
use onqueue_server::Clock;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::JoinSet, time::MissedTickBehavior};

/// How much load.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub conversations: usize,
    pub agents: usize,
    pub queues: usize,
    /// Chats that an agent may have at once.
    pub chats: u8,
    /// Messages a second, of all together.
    pub sends: u32,
    /// Over how long customers arrive at the beginning.
    pub arrival: Duration,
    /// How long a customer stays, at least and at most.
    pub stay: (Duration, Duration),
}

impl Plan {
    /// The load of reliability: 200 conversations, 40 agents, 4 queues, 40 sends a second.
    pub const fn usual() -> Self {
        Self {
            conversations: 200,
            agents: 40,
            queues: 4,
            chats: 6,
            sends: 40,
            arrival: Duration::from_secs(5),
            stay: (Duration::from_secs(40), Duration::from_secs(80)),
        }
    }

    /// A tenth of that, for debug builds.
    pub const fn small() -> Self {
        Self {
            conversations: 20,
            agents: 8,
            queues: 2,
            chats: 4,
            sends: 20,
            arrival: Duration::from_secs(1),
            stay: (Duration::from_secs(3), Duration::from_secs(6)),
        }
    }
}

/// What everybody under load shares.
#[derive(Clone)]
struct Surroundings {
    doors: Arc<[SocketAddr]>,
    organisation: Arc<Organisation>,
    plan: Plan,
    history: History,
    figures: Figures,
    floor: Floor,
    time: Clock,
    ending: Arc<AtomicBool>,
}

impl Surroundings {
    fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }
}

/// Who may be told to say something, and how many just do.
#[derive(Clone, Debug, Default)]
struct Floor {
    speakers: Arc<Mutex<Vec<mpsc::Sender<Instant>>>>,
    busy: Arc<AtomicUsize>,
}

/// While it lives, somebody waits for an answer.
struct Busy(Arc<AtomicUsize>);

impl Floor {
    fn join(&self, speaker: mpsc::Sender<Instant>) {
        self.speakers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(speaker);
    }

    fn busy(&self) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(&self.busy))
    }

    /// Nobody is told anything any more; what was due is said.
    fn close(&self) {
        self.speakers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A running load; everybody stops at once when it is dropped.
pub struct Load {
    surroundings: Surroundings,
    people: JoinSet<()>,
    ticking: JoinSet<()>,
}

impl Load {
    /// Begins; who comes when, and what they do, follows from the seed.
    pub fn start(plan: Plan, doors: Vec<SocketAddr>, organisation: Organisation, history: History, seed: u64) -> Self {
        let surroundings = Surroundings {
            doors: doors.into(),
            organisation: Arc::new(organisation),
            plan,
            history,
            figures: Figures::default(),
            floor: Floor::default(),
            time: Clock::system(),
            ending: Arc::default(),
        };
        let mut chance = Chance::seeded(seed);
        let mut people = JoinSet::new();
        for number in 0..plan.agents {
            people.spawn(agent::Agent::work(surroundings.clone(), number, chance.fork()));
        }
        for number in 0..plan.conversations {
            people.spawn(guest::Guest::come_and_go(surroundings.clone(), number, chance.fork()));
        }
        let mut ticking = JoinSet::new();
        ticking.spawn(tick(surroundings.clone(), chance));
        Self {
            surroundings,
            people,
            ticking,
        }
    }

    /// What was measured so far.
    pub fn measured(&self) -> Measured {
        self.surroundings.figures.measured()
    }

    /// Waits until so many messages more were acknowledged; fails after the deadline.
    pub async fn more(&self, sends: usize, within: Duration) {
        let wanted = self.measured().sends.count() + sends;
        let enough = async || self.measured().sends.count() >= wanted;
        onqueue_testkit::until("more acknowledged messages", within, enough).await;
    }

    /// Nothing new begins from now on, chats stay open and are followed; waits until everything said is acknowledged.
    pub async fn fade(&mut self, within: Duration) {
        self.surroundings.ending.store(true, Ordering::Relaxed);
        self.ticking.abort_all();
        self.surroundings.floor.close();
        let busy = Arc::clone(&self.surroundings.floor.busy);
        let is_quiet = async || busy.load(Ordering::Relaxed) == 0;
        onqueue_testkit::until("the last acknowledgements", within, is_quiet).await;
    }

    /// Whether everybody is still there: a client that fell over would make the run worthless.
    pub fn check(&mut self) {
        while let Some(ended) = self.people.try_join_next() {
            assert!(
                self.surroundings.is_ending() && ended.is_ok(),
                "a client fell over: {ended:?}"
            );
        }
    }
}

/// Messages become due, evenly.
async fn tick(surroundings: Surroundings, mut chance: Chance) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / surroundings.plan.sends);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        ticks.tick().await;
        surroundings.floor.give(&mut chance, &surroundings.figures);
    }
}
