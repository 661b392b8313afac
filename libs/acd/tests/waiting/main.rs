//! Positions against a naive count, and estimates against what happens.

mod estimates;
mod unknown;
#[path = "../metrics/world.rs"]
#[allow(dead_code, reason = "made for the metrics' tests, which use all of it")]
mod world;

use onqueue_acd::metrics::Metrics;
use onqueue_acd::waiting::{Standing, Waiting};
use onqueue_acd::{Engine, InteractionPlace, InteractionView, Rank};
use onqueue_model::QueueId;
use world::{World, id};

const SEEDS: u64 = 40;
const STEPS: usize = 400;

/// One more than those that rank before it in its queue or one that shares a member.
fn naive_position(engine: &Engine, queue: QueueId, rank: Rank) -> u64 {
    let shares = |other: QueueId| {
        other == queue
            || engine.agents().any(|agent| {
                let queues = &agent.profile.queues;
                queues.contains_key(&queue) && queues.contains_key(&other)
            })
    };
    let before = waiting(engine).filter(|other| other.rank < rank && shares(other.queue));
    1 + before.count() as u64
}

fn waiting(engine: &Engine) -> impl Iterator<Item = InteractionView<'_>> {
    engine
        .interactions()
        .filter(|interaction| interaction.place == InteractionPlace::Waiting)
}

#[test]
fn position_is_what_a_naive_count_gives() {
    let mut seen = 0;
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        let learnt = Waiting::default();
        for _ in 0..STEPS {
            world.step();
            let engine = &world.engine;
            let outlook = learnt.outlook(engine);
            for interaction in waiting(engine) {
                let position = outlook.standing(interaction.id).map(|standing| standing.position);
                let expected = naive_position(engine, interaction.queue, interaction.rank);
                assert_eq!(position, Some(expected), "seed {seed}");
                seen += 1;
            }
        }
    }
    assert!(seen > 1_000, "hardly anybody waited: {seen}");
}

#[test]
fn who_does_not_wait_stands_nowhere() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        (0..STEPS).for_each(|_| drop(world.step()));
        let learnt = Waiting::default();
        let outlook = learnt.outlook(&world.engine);
        for interaction in world.engine.interactions() {
            let waits = interaction.place == InteractionPlace::Waiting;
            assert_eq!(outlook.standing(interaction.id).is_some(), waits);
        }
    }
}

#[test]
fn a_forecast_is_what_the_newcomer_gets() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        let (mut metrics, mut learnt) = (Metrics::default(), Waiting::default());
        for _ in 0..STEPS {
            let newcomer = (id(2, seed % 4), world.requirements());
            let forecast = learnt.forecast(&world.engine, std::slice::from_ref(&newcomer));
            let (became, engine) = enter(&world.engine, newcomer);
            if let (Some(position), Some(forecast)) = (became, forecast[0]) {
                assert_eq!(forecast.position, position, "seed {seed}");
            }
            drop(engine);
            let step = world.step();
            let happenings = metrics.observe(step.at, &step.command, &step.applied);
            learnt.observe(&world.engine, step.at, &happenings);
        }
    }
}

/// The position of somebody who enters a copy of the engine and then waits.
fn enter(engine: &Engine, (queue, requirements): (QueueId, onqueue_acd::Requirements)) -> (Option<u64>, Engine) {
    let mut engine = engine.clone();
    let interaction = onqueue_model::InteractionId {
        conversation: id(9, 1),
        opening: 1,
    };
    let now = engine.now();
    let _ = engine.apply(
        now,
        onqueue_acd::Command::Enqueue {
            interaction,
            queue,
            requirements,
        },
    );
    let learnt = Waiting::default();
    let position = learnt.outlook(&engine).standing(interaction).map(|it| it.position);
    (position, engine)
}

#[test]
fn a_snapshot_goes_on_as_the_whole_would() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        let (mut metrics, mut learnt) = (Metrics::default(), Waiting::default());
        let mut half = None;
        for number in 0..STEPS {
            let step = world.step();
            let happenings = metrics.observe(step.at, &step.command, &step.applied);
            let scores = learnt.observe(&world.engine, step.at, &happenings);
            if let Some(other) = &mut half {
                let other: &mut Waiting = other;
                assert_eq!(
                    other.observe(&world.engine, step.at, &happenings),
                    scores,
                    "seed {seed}"
                );
                assert_eq!(other, &learnt, "seed {seed}");
            }
            if number == STEPS / 2 {
                let snapshot = serde_json::to_vec(&learnt).expect("can be written");
                half = Some(serde_json::from_slice(&snapshot).expect("can be read"));
            }
        }
    }
}

#[test]
fn p90_is_never_less_than_p50() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        let (mut metrics, mut learnt) = (Metrics::default(), Waiting::default());
        for _ in 0..STEPS {
            let step = world.step();
            let happenings = metrics.observe(step.at, &step.command, &step.applied);
            for (happening, score) in learnt.observe(&world.engine, step.at, &happenings) {
                assert!(score.p50_ms <= score.p90_ms, "{happening:?}");
                metrics.score(&happening, &score);
            }
            let outlook = learnt.outlook(&world.engine);
            let standings = waiting(&world.engine).filter_map(|it| outlook.standing(it.id));
            for Standing { estimate, .. } in standings {
                if let onqueue_acd::waiting::Estimate::Wait { p50_ms, p90_ms, .. } = estimate {
                    assert!(p50_ms <= p90_ms);
                }
            }
        }
    }
}
