//! A variant made ready: an engine that knows its queues and agents, and what comes.

use crate::chance::{Durations, HOUR, MINUTE, Rates, SECOND, mean_seconds, nanos};
use crate::crew::Manner;
use crate::gauges::Gauge;
use crate::run::Run;
use crate::scenario::format::{Arrivals, File, Rate};
use crate::{Nanos, Observer, Tally};
use onqueue_acd::{AfterContactMode, Requirements};
use onqueue_model::{QueueId, UserId};
use std::ops::Range;
use uuid::Uuid;

mod setting;
mod shifts;

pub(crate) use setting::engine;
pub(crate) use shifts::Shifts;

/// A variant of a scenario, ready to run.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) engine: onqueue_acd::Engine,
    pub(crate) flows: Vec<Flow>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) pools: Vec<Pool>,
    /// What is measured; before it is warm-up.
    pub(crate) measured: Range<Nanos>,
    /// When the simulation gives up on those who still wait.
    pub(crate) give_up: Nanos,
    pub(crate) interval: Option<Nanos>,
    pub(crate) seed: u64,
    /// Whether some queue goes by recorded metrics.
    pub(crate) has_conditions: bool,
}

/// Those who come for the same thing.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub name: String,
    pub queue: usize,
    pub requirements: Requirements,
    pub rates: Rates,
    pub handling: Durations,
    pub wrap_up: Option<Durations>,
    pub patience: Option<Durations>,
    pub preferred: Option<Preferred>,
    pub last_agent_share: f64,
}

/// Which agents one may prefer.
#[derive(Clone, Debug)]
pub(crate) struct Preferred {
    pub among: Range<u32>,
    pub agents: u32,
    pub scores: (u8, u8),
}

#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub name: String,
    pub id: QueueId,
    /// The service level's target.
    pub target: Option<Nanos>,
    pub after_contact: AfterContactMode,
    /// The mean time that handling takes, in milliseconds.
    pub handle_ms: f64,
    /// Who may be somebody's last agent.
    pub members: Vec<u32>,
}

/// Agents who are alike.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub name: String,
    pub agents: Range<u32>,
    pub manner: Manner,
    pub shifts: Shifts,
    /// The queues of which they are members, and how much each of them takes of what comes there at once.
    pub takes: Vec<(usize, u64)>,
}

impl Model {
    /// Of a file that was found sensible.
    pub(crate) fn new(file: &File, seed: u64) -> Self {
        let run = &file.run;
        let begin = nanos(run.warm_up_hours * HOUR);
        let end = begin + nanos(run.hours * HOUR);
        let interval = nanos(run.interval_minutes * MINUTE);
        let pools = pools(file);
        Self {
            engine: engine(file, &pools),
            flows: file
                .arrivals
                .iter()
                .map(|(name, arrivals)| flow(file, &pools, name, arrivals))
                .collect(),
            queues: queues(file, &pools),
            measured: begin..end,
            give_up: end + (end - begin).max(nanos(24.0 * HOUR)),
            interval: (interval > 0).then_some(interval),
            seed,
            has_conditions: file.queues.values().any(|queue| !queue.conditional.rules.is_empty()),
            pools,
        }
    }

    /// Runs it once. Each number has random numbers of its own; the same number gives the same tally. It goes on until all
    /// who came in the measured time were answered or went away, for at most that time again (a day if that is longer).
    pub fn replicate(&self, number: u32) -> Tally {
        self.replicate_before(number, &mut ())
    }

    /// The same, and somebody looks on.
    pub fn replicate_before(&self, number: u32, observer: &mut impl Observer) -> Tally {
        Run::new(self, number, observer).run()
    }

    /// How many intervals are told.
    pub(crate) fn intervals(&self) -> usize {
        let whole = self.measured.end - self.measured.start;
        self.interval
            .map_or(0, |interval| usize::try_from(whole.div_ceil(interval)).unwrap_or(0))
    }

    pub(crate) fn gauges(&self) -> Vec<Gauge> {
        let queues = self.queues.iter();
        queues.map(|queue| Gauge::new(queue.id, queue.handle_ms)).collect()
    }
}

/// How the engine calls an agent.
pub(crate) const fn agent_id(agent: u32) -> UserId {
    UserId::new(Uuid::from_u128(agent as u128 + 1))
}

/// Whom the engine calls so.
pub(crate) const fn agent_number(id: UserId) -> u32 {
    id.uuid().as_u128() as u32 - 1
}

/// Which number a name has in a map.
fn number_of<T>(name: &str, of: &std::collections::BTreeMap<String, T>) -> usize {
    of.keys().position(|there| there == name).unwrap_or(0)
}

fn pools(file: &File) -> Vec<Pool> {
    let mut first = 0;
    let mut pools = Vec::new();
    for (name, agents) in &file.agents {
        let range = first..first + agents.count;
        first = range.end;
        let takes = agents.queues.places().into_keys().map(|queue| {
            let media = file.arrivals.values().filter(|arrivals| arrivals.queue == queue);
            let maximum = media
                .map(|arrivals| {
                    let given = agents.at_once.get(&arrivals.medium).copied();
                    given.unwrap_or(arrivals.medium.usual_maximum())
                })
                .max();
            (number_of(&queue, &file.queues), u64::from(maximum.unwrap_or(0)))
        });
        pools.push(Pool {
            name: name.clone(),
            agents: range,
            manner: Manner {
                speed: agents.speed,
                slowdown: agents.slowdown,
            },
            shifts: Shifts::new(&agents.shifts, file.run.begins),
            takes: takes.collect(),
        });
    }
    pools
}

fn queues(file: &File, pools: &[Pool]) -> Vec<Queue> {
    let queue = |(number, (name, queue)): (usize, (&String, &crate::scenario::format::Queue))| Queue {
        name: name.clone(),
        id: setting::queue_id(number),
        target: queue.target_seconds.map(|seconds| nanos(seconds * SECOND)),
        after_contact: queue.after_contact.mode,
        handle_ms: mean_handling(file, name) * 1_000.0,
        members: pools
            .iter()
            .filter(|pool| pool.takes.iter().any(|(taken, _)| *taken == number))
            .flat_map(|pool| pool.agents.clone())
            .collect(),
    };
    file.queues.iter().enumerate().map(queue).collect()
}

/// In seconds, over all who come to the queue.
fn mean_handling(file: &File, queue: &str) -> f64 {
    let flows = file.arrivals.values().filter(|arrivals| arrivals.queue == queue);
    let weighed = flows.map(|arrivals| {
        let rate = match &arrivals.per_hour {
            Rate::Steady(rate) => *rate,
            Rate::Profile(rates) => rates.iter().sum::<f64>() / rates.len() as f64,
        };
        (rate * mean_seconds(&arrivals.handle_seconds), rate)
    });
    let (work, rate) = weighed.fold((0.0, 0.0), |sum, flow| (sum.0 + flow.0, sum.1 + flow.1));
    if rate > 0.0 { work / rate } else { 0.0 }
}

fn flow(file: &File, pools: &[Pool], name: &str, arrivals: &Arrivals) -> Flow {
    let preferred = arrivals.preferred.as_ref().and_then(|preferred| {
        let pool = pools.iter().find(|pool| pool.name == preferred.pool)?;
        Some(Preferred {
            among: pool.agents.clone(),
            agents: preferred.agents.min(pool.agents.end - pool.agents.start),
            scores: (preferred.least_score, preferred.most_score),
        })
    });
    Flow {
        name: name.to_owned(),
        queue: number_of(&arrivals.queue, &file.queues),
        requirements: setting::requirements(file, arrivals),
        rates: Rates::new(&arrivals.per_hour, arrivals.interval_minutes),
        handling: Durations::new(&arrivals.handle_seconds),
        wrap_up: arrivals.wrap_up_seconds.as_ref().map(Durations::new),
        patience: arrivals.patience_seconds.as_ref().map(Durations::new),
        preferred,
        last_agent_share: arrivals.last_agent_share,
    }
}
