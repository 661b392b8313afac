//! The engine against the naive one, effect by effect, under random commands; and that wrong rules would be noticed.
//! `ONQUEUE_LONG=1` makes the run ten times as long.
#![allow(
    clippy::disallowed_methods,
    reason = "the length of the run comes from the environment"
)]

mod invariants;
mod naive;
mod world;

use invariants::Witness;
use naive::Naive;
use onqueue_acd::{Command, Engine, Preference, Rules};
use onqueue_model::Timestamp;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use world::World;

type Spoil = fn(&mut Rules);

const STEPS: usize = 1_000;

fn worlds() -> u64 {
    if std::env::var("ONQUEUE_LONG").is_ok() {
        1_000
    } else {
        100
    }
}

/// The first step in which the engine does not do as the naive one.
fn first_difference(seed: u64, mut engine: Engine) -> Option<String> {
    let (mut world, mut naive) = (World::new(seed), Naive::default());
    let opening = world.opening();
    let mut opening = opening.into_iter();
    (0..STEPS).find_map(|step| {
        let (now, command) = opening.next().unwrap_or_else(|| world.step());
        let right = naive.apply(now, &command);
        let applied = engine.apply(now, command.clone());
        world.learn(&command, &right);
        (applied != right).then(|| {
            format!(
                "seed {seed}, step {step}, at {now:?} {command:?}:\nthe engine: {applied:#?}\nthe naive one: {right:#?}"
            )
        })
    })
}

#[test]
fn does_as_the_naive_one() {
    for seed in 0..worlds() {
        if let Some(difference) = first_difference(seed, Engine::new()) {
            panic!("{difference}");
        }
    }
}

#[test]
fn wrong_rules_are_noticed() {
    let right = Rules::default();
    let wrong: [(&str, Spoil); 8] = [
        ("shortest idle", |rules| rules.preference = Preference::ShortestIdle),
        ("lowest id", |rules| rules.preference = Preference::LowestId),
        ("no cap of 7 days", |rules| rules.idle_cap = Duration::MAX),
        ("30 s for a point", |rules| rules.head_start = Duration::from_secs(30)),
        ("an offer holds no slot", |rules| rules.offer_holds_slot = false),
        ("the end does not reset idle", |rules| rules.end_resets_idle = false),
        ("any skill suffices", |rules| rules.any_skill_suffices = true),
        ("declined is offered again", |rules| rules.decline_excludes = false),
    ];
    for (name, spoil) in wrong {
        let mut rules = right;
        spoil(&mut rules);
        let noticed = (0..20).any(|seed| first_difference(seed, Engine::with_rules(rules)).is_some());
        assert!(noticed, "{name} was not noticed");
    }
}

#[test]
fn the_invariants_hold() {
    for seed in 0..worlds() / 2 {
        let (mut world, mut engine, mut witness) = (World::new(seed), Engine::new(), Witness::default());
        let mut opening = world.opening().into_iter();
        for _ in 0..STEPS {
            let (now, command) = opening.next().unwrap_or_else(|| world.step());
            let applied = engine.apply(now, command.clone());
            world.learn(&command, &applied);
            let check = AssertUnwindSafe(|| witness.check(&engine, &command, &applied));
            let held = catch_unwind(check);
            assert!(held.is_ok(), "seed {seed}, at {now:?}, after {command:?}: {applied:#?}");
        }
    }
}

/// A world's commands.
fn log(seed: u64) -> Vec<(Timestamp, Command)> {
    let (mut world, mut engine) = (World::new(seed), Engine::new());
    let mut log = world.opening();
    for (now, command) in log.clone() {
        let applied = engine.apply(now, command.clone());
        world.learn(&command, &applied);
    }
    for _ in 0..STEPS {
        let (now, command) = world.step();
        let applied = engine.apply(now, command.clone());
        world.learn(&command, &applied);
        log.push((now, command));
    }
    log
}

/// The random commands reach every outcome, so that agreeing means something.
#[test]
fn every_outcome_occurs() {
    let mut seen = String::new();
    for seed in 0..10 {
        let mut engine = Engine::new();
        for (now, command) in log(seed) {
            seen += &format!("{:?}", engine.apply(now, command));
        }
    }
    for outcome in [
        "QueueFull UnknownQueue UnknownAgent NotMember UnknownOffer OfferExpired OfferRescinded OfferAlreadyAccepted",
        "Declined TimedOut AgentGone Cancelled Interrupted OffQueue Idle Interacting NotResponding",
        "NotJoined AtCapacity (Language MissingSkill OnlyCandidate LongestIdle AgentId Assigned SlotFreed",
    ]
    .iter()
    .flat_map(|names| names.split(' '))
    {
        assert!(seen.contains(outcome), "{outcome} never occurred");
    }
}

/// 10: the same log gives the same digest; a snapshot and the rest give the whole.
#[test]
fn a_snapshot_and_the_rest_are_the_whole() {
    for seed in 0..worlds() / 10 {
        let log = log(seed);
        let mut whole = Engine::new();
        let mut twins: Vec<Engine> = vec![Engine::new()];
        for (step, (now, command)) in log.into_iter().enumerate() {
            let applied = whole.apply(now, command.clone());
            for twin in &mut twins {
                assert_eq!(twin.apply(now, command.clone()), applied, "seed {seed}, step {step}");
            }
            if step % 250 == 100 {
                let snapshot = serde_json::to_string(&whole).expect("a snapshot is JSON");
                twins.push(serde_json::from_str(&snapshot).expect("a snapshot reads back"));
            }
        }
        assert!(twins.len() > 4);
        for twin in twins {
            assert_eq!(twin.digest(), whole.digest(), "seed {seed}");
        }
    }
}

/// 9: time alone changes nothing but what offers that lapse change: ticking at every deadline or only at the end is the same,
/// unless the engine resumes after nobody could answer.
#[test]
fn when_ticks_come_does_not_matter() {
    for seed in 0..worlds() / 10 {
        let (mut lazy, mut eager) = (Engine::new(), Engine::new());
        for (now, command) in log(seed).into_iter().filter(|(_, command)| *command != Command::Resume) {
            let mut effects = Vec::new();
            while let Some(due) = eager.next_deadline().filter(|due| *due < now) {
                effects.extend(eager.apply(due, Command::Tick).effects);
            }
            let between = eager.now();
            effects.extend(eager.apply(now.max(between), command.clone()).effects);
            assert_eq!(lazy.apply(now, command).effects, effects, "seed {seed}");
        }
        assert_eq!(lazy.digest(), eager.digest(), "seed {seed}");
    }
}
