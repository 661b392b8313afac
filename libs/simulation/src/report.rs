//! What came out: the tallies of all replications as estimates.

use crate::model::Model;
use crate::statistics::{CONFIDENCE, Estimate};
use crate::tally::{Counts, FlowTally, StaffTally, no_waits};
use crate::{Scenario, Tally};
use hdrhistogram::Histogram;
use serde::Serialize;

const NANOS: f64 = 1e9;
const MICROS: f64 = 1e6;

/// What came out of a scenario. As data it has the same fields in the same order.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The scenario's title.
    pub title: String,
    /// From which the random numbers came.
    pub seed: u64,
    /// How often each variant was run.
    pub replications: u32,
    /// The probability with which each interval contains the true value.
    pub confidence: f64,
    /// One for each variant, in the scenario's order.
    pub outcomes: Vec<Outcome>,
}

/// What came out of a variant.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The variant's name; empty if it is the only one.
    pub variant: String,
    /// All together (of more than one queue), each queue, and (of a queue with more than one) each kind of arrivals.
    pub lines: Vec<Line>,
    /// Each pool of agents.
    pub staff: Vec<Staff>,
}

/// How those fared who came for the same thing. Shares are from 0 to 1, times in seconds; what nobody came for is `None`.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Which queue; `None` is all of them.
    pub queue: Option<String>,
    /// Which kind of arrivals; `None` is all of the queue.
    pub arrivals: Option<String>,
    /// The service level's target, in seconds.
    pub target_seconds: Option<f64>,
    /// How many came in a replication.
    pub offered: Option<Estimate>,
    /// Of those who came in (were not refused): the share that was answered within the target. Who went away before counts as
    /// not answered.
    pub service_level: Option<Estimate>,
    /// Of those who came in: the share that was not answered at once.
    pub delayed: Option<Estimate>,
    /// The mean wait of those who were answered.
    pub wait: Option<Estimate>,
    /// The mean wait of all who came in, until they were answered or went away.
    pub wait_all: Option<Estimate>,
    /// Half of those who were answered waited no longer.
    pub wait_p50: Option<Estimate>,
    /// Nine of ten of those who were answered waited no longer.
    pub wait_p90: Option<Estimate>,
    /// How long a conversation took on the average, from the answer to its end, after-contact work aside. Longer than its work
    /// where agents have several at once that slow one another down.
    pub conversation: Option<Estimate>,
    /// Of those who came in: the share that went away.
    pub abandoned: Option<Estimate>,
    /// Of those who came: the share that the full queue did not take.
    pub refused: Option<Estimate>,
    /// Of those who came in: the share that still waited when the simulation gave up. More than none says that the agents
    /// cannot keep up; waits are then longer than told.
    pub left: Option<Estimate>,
    /// The same by the time at which they came.
    pub intervals: Vec<Interval>,
    /// The waits of all who were answered in all replications, in microseconds.
    #[serde(skip)]
    pub(crate) waits: Histogram<u64>,
}

/// Those who came in one interval of the measured time.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Interval {
    /// When it begins, in hours after the measured time began.
    pub hour: f64,
    /// See [`Line::offered`].
    pub offered: Option<Estimate>,
    /// See [`Line::service_level`].
    pub service_level: Option<Estimate>,
    /// See [`Line::wait_all`].
    pub wait_all: Option<Estimate>,
    /// See [`Line::abandoned`].
    pub abandoned: Option<Estimate>,
}

/// How a pool's time was spent.
#[derive(Clone, Debug, Serialize)]
pub struct Staff {
    /// Which pool.
    pub pool: String,
    /// How many agents it has.
    pub agents: u32,
    /// The share of their time on queue in which they had something in hand; after-contact work counts.
    pub occupancy: Option<Estimate>,
    /// How much each had in hand on the average of that time.
    pub in_hand: Option<Estimate>,
    /// The occupancy of each agent.
    pub each: Vec<Option<Estimate>>,
}

impl Report {
    /// The report on a scenario whose variants have been run; `outcomes` in their order.
    pub fn new(scenario: &Scenario, seed: u64, replications: u32, outcomes: Vec<Outcome>) -> Self {
        Self {
            title: scenario.title.clone(),
            seed,
            replications,
            confidence: CONFIDENCE,
            outcomes,
        }
    }
}

impl Outcome {
    /// What came out of the replications of a model; their order does not matter.
    pub fn of(variant: &str, model: &Model, tallies: &[Tally]) -> Self {
        Self {
            variant: variant.to_owned(),
            lines: lines(model, tallies),
            staff: (0..model.pools.len()).map(|pool| staff(model, tallies, pool)).collect(),
        }
    }

    /// The line of a queue, or of one kind of its arrivals.
    pub fn line(&self, queue: &str, arrivals: Option<&str>) -> Option<&Line> {
        let mut lines = self.lines.iter();
        lines.find(|line| line.queue.as_deref() == Some(queue) && line.arrivals.as_deref() == arrivals)
    }
}

impl Line {
    /// What it is about, for people.
    pub fn name(&self) -> String {
        match (&self.queue, &self.arrivals) {
            (Some(queue), Some(arrivals)) => format!("{queue}: {arrivals}"),
            (Some(queue), None) => queue.clone(),
            _ => "all".to_owned(),
        }
    }
}

fn lines(model: &Model, tallies: &[Tally]) -> Vec<Line> {
    let mut lines = Vec::new();
    if model.queues.len() > 1 {
        let flows: Vec<usize> = (0..model.flows.len()).collect();
        lines.push(line(model, tallies, &flows, (None, None)));
    }
    for (number, queue) in model.queues.iter().enumerate() {
        let flows: Vec<usize> = (0..model.flows.len())
            .filter(|flow| model.flows[*flow].queue == number)
            .collect();
        let name = Some(queue.name.clone());
        lines.push(line(model, tallies, &flows, (name.clone(), None)));
        if flows.len() > 1 {
            let of_flow = |flow: &usize| {
                let arrivals = Some(model.flows[*flow].name.clone());
                line(model, tallies, &[*flow], (name.clone(), arrivals))
            };
            lines.extend(flows.iter().map(of_flow));
        }
    }
    lines
}

/// The flows together in one replication.
fn together(tally: &Tally, flows: &[usize]) -> FlowTally {
    let mut sum = FlowTally::new(tally.flows.first().map_or(0, |flow| flow.intervals.len()));
    for flow in flows.iter().map(|flow| &tally.flows[*flow]) {
        sum.counts += &flow.counts;
        sum.waits += &flow.waits;
        for (sum, interval) in sum.intervals.iter_mut().zip(&flow.intervals) {
            *sum += interval;
        }
    }
    sum
}

fn line(
    model: &Model,
    tallies: &[Tally],
    flows: &[usize],
    (queue, arrivals): (Option<String>, Option<String>),
) -> Line {
    let of_replications: Vec<FlowTally> = tallies.iter().map(|tally| together(tally, flows)).collect();
    let counts: Vec<Counts> = of_replications.iter().map(|tally| tally.counts).collect();
    let figures = Figures(&counts);
    let targets: Option<Vec<u64>> = flows
        .iter()
        .map(|flow| model.queues[model.flows[*flow].queue].target)
        .collect();
    let mut waits = no_waits();
    of_replications.iter().for_each(|tally| waits += &tally.waits);
    Line {
        queue,
        arrivals,
        target_seconds: targets
            .as_ref()
            .filter(|targets| targets.windows(2).all(|pair| pair[0] == pair[1]))
            .and_then(|targets| targets.first().map(|target| *target as f64 / NANOS)),
        offered: figures.offered(),
        service_level: targets.and_then(|_| figures.service_level()),
        delayed: figures.share_of_entered(|counts| counts.delayed),
        wait: figures.ratio(|counts| (seconds(counts.waited_answered), counts.answered as f64)),
        wait_all: figures.wait_all(),
        wait_p50: quantile(&of_replications, 0.5),
        wait_p90: quantile(&of_replications, 0.9),
        conversation: figures.ratio(|counts| (seconds(counts.talked), counts.talked_to as f64)),
        abandoned: figures.share_of_entered(|counts| counts.abandoned),
        refused: figures.ratio(|counts| (counts.refused as f64, counts.offered as f64)),
        left: figures.share_of_entered(|counts| counts.left),
        intervals: intervals(model, &of_replications),
        waits,
    }
}

/// What is made of the counts of all replications.
struct Figures<'a>(&'a [Counts]);

impl Figures<'_> {
    fn ratio(&self, of: impl Fn(&Counts) -> (f64, f64)) -> Option<Estimate> {
        let pairs: Vec<(f64, f64)> = self.0.iter().map(of).collect();
        Estimate::ratio(&pairs)
    }

    fn share_of_entered(&self, of: impl Fn(&Counts) -> u64) -> Option<Estimate> {
        self.ratio(|counts| (of(counts) as f64, counts.entered() as f64))
    }

    fn offered(&self) -> Option<Estimate> {
        self.ratio(|counts| (counts.offered as f64, 1.0))
    }

    fn service_level(&self) -> Option<Estimate> {
        self.share_of_entered(|counts| counts.within)
    }

    fn wait_all(&self) -> Option<Estimate> {
        self.ratio(|counts| (seconds(counts.waited), counts.entered() as f64))
    }
}

fn seconds(nanos: u128) -> f64 {
    nanos as f64 / NANOS
}

fn quantile(replications: &[FlowTally], share: f64) -> Option<Estimate> {
    let somebody = replications.iter().filter(|tally| !tally.waits.is_empty());
    let values: Vec<f64> = somebody
        .map(|tally| tally.waits.value_at_quantile(share) as f64 / MICROS)
        .collect();
    Estimate::mean(&values)
}

fn intervals(model: &Model, replications: &[FlowTally]) -> Vec<Interval> {
    let hours = model.interval.unwrap_or(0) as f64 / NANOS / 3_600.0;
    let interval = |number: usize| {
        let counts: Vec<Counts> = replications.iter().map(|tally| tally.intervals[number]).collect();
        let figures = Figures(&counts);
        Interval {
            hour: number as f64 * hours,
            offered: figures.offered(),
            service_level: figures.service_level(),
            wait_all: figures.wait_all(),
            abandoned: figures.share_of_entered(|counts| counts.abandoned),
        }
    };
    (0..model.intervals()).map(interval).collect()
}

fn staff(model: &Model, tallies: &[Tally], pool: usize) -> Staff {
    let pool = &model.pools[pool];
    let all = pool.agents.start as usize..pool.agents.end as usize;
    let summed = |agents: std::ops::Range<usize>| {
        let of_replication = |tally: &Tally| {
            let mut sum = StaffTally::default();
            tally.staff[agents.clone()].iter().for_each(|agent| sum += agent);
            sum
        };
        tallies.iter().map(of_replication).collect::<Vec<_>>()
    };
    let together = summed(all.clone());
    Staff {
        pool: pool.name.clone(),
        agents: pool.agents.end - pool.agents.start,
        occupancy: share_of_time(&together, |tally| tally.busy),
        in_hand: share_of_time(&together, |tally| tally.in_hand),
        each: all
            .map(|agent| share_of_time(&summed(agent..agent + 1), |tally| tally.busy))
            .collect(),
    }
}

fn share_of_time(tallies: &[StaffTally], of: impl Fn(&StaffTally) -> u64) -> Option<Estimate> {
    let pairs: Vec<(f64, f64)> = tallies
        .iter()
        .map(|tally| (of(tally) as f64, tally.staffed as f64))
        .collect();
    Estimate::ratio(&pairs)
}
