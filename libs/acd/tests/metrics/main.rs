//! Metrics against a slow recount of the whole log.

mod naive;
mod world;

use naive::Naive;
use onqueue_acd::metrics::{
    AgentTally, DEFINITIONS, Definition, Interval, Measure, Metrics, QUARTER_MS, QueueTally, Subject, Unit,
};
use onqueue_acd::{InteractionPlace, Medium};
use onqueue_model::{QueueId, Timestamp, UserId};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;
use world::{QUEUES, World, id};

const SEEDS: u64 = 60;
const STEPS: usize = 600;
const HOUR_MS: i64 = 4 * QUARTER_MS;

/// A world that went so far, with its metrics and the slow ones.
struct Run {
    world: World,
    metrics: Metrics,
    naive: Naive,
    intervals: Vec<Interval>,
}

impl Run {
    fn new(seed: u64) -> Self {
        Self {
            world: World::new(seed),
            metrics: Metrics::default(),
            naive: Naive::default(),
            intervals: Vec::new(),
        }
    }

    fn whole(seed: u64) -> Self {
        let mut run = Self::new(seed);
        (0..STEPS).for_each(|_| run.step());
        run.finish();
        run
    }

    fn step(&mut self) {
        let step = self.world.step();
        self.naive.see(&self.world.engine, &step);
        self.metrics.observe(step.at, &step.command, &step.applied);
        self.intervals.extend(self.metrics.take_closed());
    }

    /// Lets the last quarter end.
    fn finish(&mut self) {
        self.world.rest(QUARTER_MS);
        while self.world.is_behind() {
            self.step();
        }
    }

    /// Of the quarters that are over, in spans of this length.
    fn naive_queues(&self, span: i64) -> BTreeMap<(i64, QueueId, Medium), QueueTally> {
        let tallies = self.naive.queue_tallies(span).into_iter();
        let over = tallies.filter(|((start, _), _)| *start < self.metrics.current().start.millis());
        over.map(|((start, (queue, medium)), tally)| ((start, queue, medium), tally))
            .collect()
    }

    fn naive_agents(&self) -> BTreeMap<(i64, UserId), AgentTally> {
        let tallies = self.naive.agent_tallies(QUARTER_MS).into_iter();
        let over = tallies.filter(|((start, _), _)| *start < self.metrics.current().start.millis());
        over.collect()
    }
}

fn queues_of(intervals: &[Interval]) -> BTreeMap<(i64, QueueId, Medium), QueueTally> {
    let rows = intervals.iter().flat_map(|interval| {
        let start = interval.start.millis();
        let rows = interval.queues.iter();
        rows.map(move |((queue, medium), tally)| ((start, *queue, *medium), tally.clone()))
    });
    rows.collect()
}

fn agents_of(intervals: &[Interval]) -> BTreeMap<(i64, UserId), AgentTally> {
    let rows = intervals.iter().flat_map(|interval| {
        let start = interval.start.millis();
        interval
            .agents
            .iter()
            .map(move |(agent, tally)| ((start, *agent), *tally))
    });
    rows.collect()
}

/// Shows the first rows that differ, not all of them.
fn assert_same<K: Ord + Debug, V: PartialEq + Debug>(counted: &BTreeMap<K, V>, expected: &BTreeMap<K, V>, seed: u64) {
    for (key, tally) in expected {
        assert_eq!(counted.get(key), Some(tally), "{key:?}, seed {seed}");
    }
    let more = counted.keys().find(|key| !expected.contains_key(key));
    assert!(more.is_none(), "{more:?}, seed {seed}");
}

#[test]
fn quarters_are_what_a_slow_recount_of_the_log_gives() {
    for seed in 0..SEEDS {
        let run = Run::whole(seed);
        assert_same(&queues_of(&run.intervals), &run.naive_queues(QUARTER_MS), seed);
        assert_same(&agents_of(&run.intervals), &run.naive_agents(), seed);
    }
}

#[test]
fn quarters_add_up_to_longer_spans() {
    for seed in 0..SEEDS {
        let run = Run::whole(seed);
        let end = run.metrics.current().start.millis();
        let mut hours: BTreeMap<i64, Interval> = BTreeMap::new();
        for quarter in &run.intervals {
            let start = quarter.start.millis() - quarter.start.millis() % HOUR_MS;
            hours.entry(start).or_insert_with(|| Interval {
                start: Timestamp(start),
                ..Interval::default()
            });
            hours.get_mut(&start).expect("just made").merge(quarter);
        }
        let whole_hours = |start: i64| start + HOUR_MS <= end;
        let mut merged = queues_of(&hours.into_values().collect::<Vec<_>>());
        let mut expected = run.naive_queues(HOUR_MS);
        merged.retain(|(start, ..), _| whole_hours(*start));
        expected.retain(|(start, ..), _| whole_hours(*start));
        assert_same(&merged, &expected, seed);
    }
}

#[test]
fn what_goes_on_is_what_the_engine_shows() {
    let window = Duration::from_secs(300);
    for seed in 0..SEEDS {
        let mut run = Run::new(seed);
        for number in 0..STEPS {
            run.step();
            let (engine, now) = (&run.world.engine, run.world.engine.now());
            for queue in (0..QUEUES).map(|queue| id(2, queue)) {
                let observation = run.metrics.queue(queue, window, now);
                let of_queue = || engine.interactions().filter(|interaction| interaction.queue == queue);
                let count = |is: fn(InteractionPlace) -> bool| of_queue().filter(|it| is(it.place)).count() as u64;
                let place = format!("seed {seed}, step {number}");
                assert_eq!(
                    observation.waiting,
                    count(|it| it == InteractionPlace::Waiting),
                    "{place}"
                );
                assert_eq!(
                    observation.alerting,
                    count(|it| matches!(it, InteractionPlace::Alerting { .. })),
                    "{place}"
                );
                assert_eq!(
                    observation.in_hand,
                    count(|it| matches!(it, InteractionPlace::Held { .. })),
                    "{place}"
                );
                assert_eq!(observation.oldest_wait_ms, run.naive.oldest_wait(queue), "{place}");
                assert_eq!(observation.agents, naive::agents(engine, Some(queue)), "{place}");
                let work = engine.agents().flat_map(|agent| agent.acw.iter());
                let work = work.filter(|acw| acw.queue == queue).count() as u64;
                assert_eq!(observation.after_contact, work, "{place}");
                assert_eq!(
                    observation.window,
                    run.naive.window(queue, 300_000, now.millis()),
                    "{place}"
                );
            }
            let all = run.metrics.organisation(window, now);
            assert_eq!(all.agents, naive::agents(engine, None));
            assert_eq!(
                all.waiting,
                engine.queues().map(|queue| queue.waiting as u64).sum::<u64>()
            );
        }
    }
}

#[test]
fn agents_have_what_the_engine_shows() {
    for seed in 0..SEEDS {
        let mut run = Run::new(seed);
        for number in 0..STEPS {
            run.step();
            for agent in run.world.engine.agents() {
                let observation = run.metrics.agent(agent.profile.id).expect("known");
                let expected = (agent.state, agent.held.len(), agent.alerting.len(), agent.acw.len());
                let counts = [observation.in_hand, observation.alerting, observation.after_contact];
                let [in_hand, alerting, after_contact] = counts.map(|count| usize::try_from(count).expect("small"));
                assert_eq!(
                    (observation.state, in_hand, alerting, after_contact),
                    expected,
                    "seed {seed}, step {number}"
                );
                assert_eq!(observation.since, agent.since, "seed {seed}, step {number}");
            }
        }
    }
}

#[test]
fn every_visit_is_somewhere() {
    let mut ever = QueueTally::default();
    for seed in 0..SEEDS {
        let run = Run::whole(seed);
        let mut all = run.metrics.current().clone();
        run.intervals.iter().for_each(|interval| all.merge(interval));
        for queue in (0..QUEUES).map(|queue| id(2, queue)) {
            let now = run.metrics.queue(queue, Duration::ZERO, run.world.engine.now());
            let tally = all.queue(queue);
            let gone = tally.answered + tally.abandoned + tally.redirected + tally.lost;
            assert_eq!(tally.entered(), gone + now.waiting + now.alerting, "seed {seed}");
            assert_eq!(
                tally.answered,
                tally.handled + now.in_hand + now.after_contact,
                "seed {seed}"
            );
            ever.merge(&tally);
            let ended = tally.declined + tally.missed + tally.withdrawn;
            assert_eq!(tally.offered, tally.answered + ended + now.alerting, "seed {seed}");
        }
    }
    assert_everything_happened(&ever);
}

/// Else the comparisons would say little.
fn assert_everything_happened(ever: &QueueTally) {
    let counts = serde_json::to_value(ever).expect("can be written");
    let counts = counts.as_object().expect("has fields");
    for (name, count) in counts.iter().filter(|(_, count)| count.is_number()) {
        assert_ne!(count.as_u64(), Some(0), "{name} never happened");
    }
}

#[test]
fn a_snapshot_goes_on_as_the_whole_would() {
    for seed in 0..SEEDS {
        let mut run = Run::new(seed);
        (0..STEPS / 2).for_each(|_| run.step());
        let snapshot = serde_json::to_vec(&run.metrics).expect("can be written");
        let mut other: Metrics = serde_json::from_slice(&snapshot).expect("can be read");
        assert_eq!(other, run.metrics);
        for _ in 0..STEPS / 2 {
            let step = run.world.step();
            run.metrics.observe(step.at, &step.command, &step.applied);
            other.observe(step.at, &step.command, &step.applied);
        }
        assert_eq!(other, run.metrics, "seed {seed}");
    }
}

#[test]
fn the_page_says_what_the_definitions_say() {
    let page = include_str!("../../../../docs/observations.md");
    let table: Vec<String> = DEFINITIONS.iter().map(row).collect();
    let table = table.join("\n");
    assert!(
        page.contains(&table),
        "the table in docs/observations.md is to be:\n{table}"
    );
}

fn row(definition: &Definition) -> String {
    let Definition {
        name, english, german, ..
    } = definition;
    let unit = match definition.unit {
        Unit::Count => "count",
        Unit::Milliseconds => "ms",
        Unit::HundredthsOfPercent => "0.01 %",
    };
    let measure = match definition.measure {
        Measure::Now => "now",
        Measure::Sum => "sum",
        Measure::Highest => "highest",
        Measure::Mean => "mean",
        Measure::Share => "share",
        Measure::Percentile => "percentile",
    };
    let subjects = definition.subjects.iter().map(|subject| match subject {
        Subject::Queue => "queue",
        Subject::Organisation => "organisation",
        Subject::Agent => "agent",
    });
    let subjects = subjects.collect::<Vec<_>>().join(", ");
    format!("| `{name}` | {unit} | {measure} | {subjects} | {english} | {german} |")
}
