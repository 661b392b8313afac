//! The engine against the naive one, effect by effect, under random commands; that wrong rules would be noticed; and what
//! holds of every run. `ONQUEUE_LONG=1` makes the runs many times as long; `ONQUEUE_SEED=n` makes it the world n alone.
#![allow(
    clippy::disallowed_methods,
    reason = "the length of the run comes from the environment"
)]

mod difference;
mod mutants;
mod naive;
mod outcomes;
mod properties;
mod replay;
mod witness;
mod world;

use difference::{by_seed, report};
use onqueue_acd::Rules;
use std::ops::Range;

/// Each has more than a thousand commands.
fn seeds() -> Range<u64> {
    if let Ok(seed) = std::env::var("ONQUEUE_SEED") {
        let seed = seed.parse().expect("ONQUEUE_SEED is a number");
        return seed..seed + 1;
    }
    0..if is_long() { 10_000 } else { 200 }
}

fn is_long() -> bool {
    std::env::var("ONQUEUE_LONG").is_ok()
}

/// Does it for each seed, on all cores; the answers of the seeds, in order.
fn for_each_seed<T: Send>(seeds: Range<u64>, what: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let workers = std::thread::available_parallelism().map_or(1, |number| number.get() as u64);
    let (what, seeds) = (&what, &seeds);
    let mut answers: Vec<(u64, T)> = std::thread::scope(|scope| {
        let of_worker = |worker: u64| {
            let own = seeds.clone().filter(move |seed| seed % workers == worker);
            scope.spawn(move || own.map(|seed| (seed, what(seed))).collect::<Vec<_>>())
        };
        let running: Vec<_> = (0..workers).map(of_worker).collect();
        running
            .into_iter()
            .flat_map(|one| one.join().expect("a world failed"))
            .collect()
    });
    answers.sort_by_key(|(seed, _)| *seed);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

#[test]
fn does_as_the_naive_one() {
    let seeds = seeds();
    let mut commands = 0;
    let first = seeds.start;
    let found = for_each_seed(seeds.clone(), |seed| by_seed(seed, Rules::default()));
    for (seed, found) in (first..).zip(found) {
        match found {
            Ok(number) => commands += number,
            Err(difference) => panic!("{}", report(seed, difference)),
        }
    }
    assert!(commands >= 1_000 * seeds.count(), "only {commands} commands");
}
