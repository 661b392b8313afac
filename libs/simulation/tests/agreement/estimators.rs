//! How far two estimates of a wait are off: by the length of the queue, and by the wait of who was last to be answered.
//!
//! With `n` before one, all agents busy and exponential handling, the wait is the sum of `n + 1` times of mean `m` (mean handling
//! by agents): the first estimate is `(n + 1) m`, its error has variance `(n + 1) m²`. If the last to be answered waited `w`,
//! then `n` is Poisson with mean `λw` (those who came while they waited) plus what came since, a geometric number of mean ρ: the
//! second estimate is `(λw + ρ + 1) m`, its error has variance `(2λw + 2ρ + ρ² + 1) m²`. Given the wait, the first is half of the
//! second, but for what does not grow with the wait (Ibrahim and Whitt, “Real-time delay estimation based on delay history”,
//! 2009).

use crate::trial::{REPLICATIONS, assert_agreement, point, run_section, set};
use onqueue_simulation::{Estimate, Nanos, Observer, Scenario};
use std::collections::BTreeMap;

const SERVERS: f64 = 10.0;
const LOAD: f64 = 9.3;
const HANDLING: f64 = 300.0;

/// The time between two ends of service while all are busy, in seconds.
const STEP: f64 = HANDLING / SERVERS;

/// Looks at those who wait.
#[derive(Default)]
struct Onlooker {
    last: Option<f64>,
    expected: BTreeMap<u64, Expected>,
    by_length: Error,
    by_last: Error,
}

/// What was known when somebody came: all in seconds.
struct Expected {
    ahead: f64,
    last: f64,
}

/// Sums over those who waited, in squares of [`STEP`].
#[derive(Default)]
struct Error {
    count: f64,
    squares: f64,
    expected: f64,
}

impl Error {
    fn add(&mut self, error: f64, variance: f64) {
        self.count += 1.0;
        self.squares += (error / STEP).powi(2);
        self.expected += variance;
    }
}

impl Observer for Onlooker {
    fn waits(&mut self, _at: Nanos, serial: u64, _flow: usize, ahead: usize) {
        // Who was answered at once says nothing of how long those wait who wait.
        if let Some(last) = self.last.filter(|last| *last > 0.0) {
            let ahead = ahead as f64;
            self.expected.insert(serial, Expected { ahead, last });
        }
    }

    fn answered(&mut self, _at: Nanos, serial: u64, _flow: usize, waited: Nanos) {
        let waited = waited as f64 / 1e9;
        self.last = Some(waited);
        let Some(Expected { ahead, last }) = self.expected.remove(&serial) else {
            return;
        };
        let came = LOAD / HANDLING * last;
        let use_ = LOAD / SERVERS;
        self.by_length.add(waited - (ahead + 1.0) * STEP, came + use_ + 1.0);
        self.by_last.add(
            waited - (came + use_ + 1.0) * STEP,
            2.0 * came + 2.0 * use_ + use_ * use_ + 1.0,
        );
    }
}

#[test]
fn the_length_of_the_queue_is_twice_as_sure_as_the_last_wait() {
    let set = set();
    let text = format!(
        "{}
[queues.q]
[arrivals.a]
queue = \"q\"
per_hour = {}
handle_seconds = {{ exponential = {HANDLING} }}
[agents.p]
count = {SERVERS}
queues = [\"q\"]
at_once = {{ chat = 1 }}
",
        run_section(set.hours(900.0), 400),
        LOAD * 3_600.0 / HANDLING
    );
    let scenario = Scenario::parse(&text).expect("a scenario");
    let model = scenario.variants[0].model(scenario.seed);
    let looked: Vec<Onlooker> = (0..REPLICATIONS)
        .map(|number| {
            let mut onlooker = Onlooker::default();
            let _ = model.replicate_before(number, &mut onlooker);
            onlooker
        })
        .collect();
    let ratio = |of: fn(&Onlooker) -> (f64, f64)| Estimate::ratio(&looked.iter().map(of).collect::<Vec<_>>());
    let sum = |of: fn(&Onlooker) -> f64| looked.iter().map(of).sum::<f64>();
    let half = sum(|one| one.by_length.expected) / sum(|one| one.by_last.expected);
    assert!((half - 0.5).abs() < 0.01, "given the wait, half: {half}");
    assert_agreement(
        set,
        &[
            point(
                "by length: variance as it must be",
                ratio(|one| (one.by_length.squares, one.by_length.expected)),
                1.0,
            ),
            point(
                "by the last: variance as it must be",
                ratio(|one| (one.by_last.squares, one.by_last.expected)),
                1.0,
            ),
            point(
                "by length ÷ by the last",
                ratio(|one| (one.by_length.squares, one.by_last.squares)),
                half,
            ),
        ],
    );
}
