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
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The worlds that a test looks at.
#[derive(Clone, Copy)]
struct Worlds {
    /// As cargo names the test.
    test: &'static str,
    short: u64,
    long: u64,
}

impl Worlds {
    fn seeds(self) -> Range<u64> {
        if let Ok(seed) = std::env::var("ONQUEUE_SEED") {
            let seed = seed.parse().expect("ONQUEUE_SEED is a number");
            return seed..seed + 1;
        }
        let is_long = std::env::var_os("ONQUEUE_LONG").is_some();
        0..if is_long { self.long } else { self.short }
    }

    /// Whether it is more than the one that was asked for, so that they must have something to show together.
    fn are_many(self) -> bool {
        self.seeds().count() > 1
    }

    /// The command that looks at this one alone.
    fn repeat(self, seed: u64) -> String {
        let test = self.test;
        format!("ONQUEUE_SEED={seed} cargo test -p onqueue-acd --test comparison {test} -- --exact")
    }

    /// The answer of one, or how to repeat that there is none.
    fn look<T>(self, seed: u64, what: impl Fn(u64) -> T) -> T {
        let answer = catch_unwind(AssertUnwindSafe(|| what(seed)));
        answer.unwrap_or_else(|_| panic!("seed {seed} failed; to repeat it:\n{}", self.repeat(seed)))
    }

    /// Does it for each, on all cores; the answers, in order.
    fn each<T: Send>(self, what: impl Fn(u64) -> T + Sync) -> Vec<T> {
        for_each_seed(&self.seeds(), |seed| self.look(seed, &what))
    }
}

fn for_each_seed<T: Send>(seeds: &Range<u64>, what: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let workers = std::thread::available_parallelism().map_or(1, |number| number.get() as u64);
    let what = &what;
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
    // Each has more than a thousand commands.
    let worlds = Worlds {
        test: "does_as_the_naive_one",
        short: 200,
        long: 10_000,
    };
    let commands = worlds.each(|seed| match by_seed(seed, Rules::default()) {
        Ok(commands) => commands,
        Err(difference) => panic!("{}", report(seed, difference)),
    });
    let sum: usize = commands.iter().sum();
    assert!(sum >= 1_000 * commands.len(), "only {sum} commands");
}
