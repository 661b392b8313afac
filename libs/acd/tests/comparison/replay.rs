//! Invariants 9 and 10: what is done again is the same.

use crate::Worlds;
use crate::world::{Log, World, log};
use onqueue_acd::{Command, Engine};
use sha2::{Digest, Sha256};

fn log_of(seed: u64, steps: usize) -> Log {
    let mut engine = Engine::new();
    log(&mut World::new(seed), steps, |now, command| {
        engine.apply(now, command.clone())
    })
}

fn resumed(engine: &Engine) -> Engine {
    let snapshot = serde_json::to_string(engine).expect("a snapshot is JSON");
    serde_json::from_str(&snapshot).expect("a snapshot reads back")
}

/// 10: the same log gives the same effects and the same digest, also when it is cut and resumed from a snapshot, at any place.
#[test]
fn a_snapshot_and_the_rest_are_the_whole() {
    let worlds = Worlds {
        test: "replay::a_snapshot_and_the_rest_are_the_whole",
        short: 4,
        long: 100,
    };
    let _ = worlds.each(|seed| {
        let log = log_of(seed, 120);
        let mut whole = Engine::new();
        let mut twins: Vec<Engine> = Vec::new();
        for (step, (now, command)) in log.into_iter().enumerate() {
            twins.push(resumed(&whole));
            let applied = whole.apply(now, command.clone());
            for twin in &mut twins {
                assert_eq!(twin.apply(now, command.clone()), applied, "seed {seed}, step {step}");
            }
        }
        for twin in twins {
            assert_eq!(twin.digest(), whole.digest(), "seed {seed}");
        }
    });
}

/// 10: also far into a long log, where much has been forgotten and remembered.
#[test]
fn snapshots_of_long_logs_go_on_too() {
    let worlds = Worlds {
        test: "replay::snapshots_of_long_logs_go_on_too",
        short: 4,
        long: 200,
    };
    let _ = worlds.each(|seed| {
        let (mut whole, mut twin) = (Engine::new(), Engine::new());
        for (step, (now, command)) in log_of(seed, 1_000).into_iter().enumerate() {
            if step % 50 == 7 {
                twin = resumed(&twin);
            }
            let applied = whole.apply(now, command.clone());
            assert_eq!(twin.apply(now, command), applied, "seed {seed}, step {step}");
        }
        assert_eq!(twin.digest(), whole.digest(), "seed {seed}");
    });
}

/// What every build of every machine finds, with or without optimisation and checks for overflow. Another value means that
/// stored logs no longer end as they did.
const DIGEST_OF_WORLDS: &str = "ecca526ad82ca57a712bcf581909603768f34c654936b4bd7df4b95928cfeba1";

/// 10: the digest does not depend on the build; `cargo xtask test --long` runs this in release too.
#[test]
fn every_build_comes_to_the_same_digest() {
    let mut all = Sha256::new();
    for seed in 0..20 {
        let mut engine = Engine::new();
        for (now, command) in log_of(seed, 1_000) {
            let _ = engine.apply(now, command);
        }
        all.update(engine.digest());
    }
    let found: String = all.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found, DIGEST_OF_WORLDS);
}

/// Time alone changes nothing but what timers change: ticking at every deadline or only at the end is the same, unless the
/// engine resumes after nobody could answer.
#[test]
fn when_ticks_come_does_not_matter() {
    let worlds = Worlds {
        test: "replay::when_ticks_come_does_not_matter",
        short: 10,
        long: 1_000,
    };
    let _ = worlds.each(|seed| {
        let (mut lazy, mut eager) = (Engine::new(), Engine::new());
        let log = log_of(seed, 1_000);
        for (now, command) in log.into_iter().filter(|(_, command)| *command != Command::Resume) {
            let mut effects = Vec::new();
            while let Some(due) = eager.next_deadline().filter(|due| *due < now) {
                effects.extend(eager.apply(due, Command::Tick).effects);
            }
            let between = eager.now();
            effects.extend(eager.apply(now.max(between), command.clone()).effects);
            assert_eq!(lazy.apply(now, command).effects, effects, "seed {seed}");
        }
        assert_eq!(lazy.digest(), eager.digest(), "seed {seed}");
    });
}
