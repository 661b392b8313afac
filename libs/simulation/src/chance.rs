//! Where random numbers come from: one stream for each purpose, so that what is varied elsewhere leaves the others as they
//! were.

use crate::Nanos;
use crate::scenario::format::{Rate, Spread};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use rand_distr::{Distribution as _, Exp, Exp1, Gamma, LogNormal};

pub(crate) const SECOND: f64 = 1e9;
pub(crate) const HOUR: f64 = 3_600.0 * SECOND;
pub(crate) const MINUTE: f64 = 60.0 * SECOND;

/// What a stream of random numbers is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Arrivals,
    Handling,
    WrapUp,
    Patience,
    Wishes,
}

/// Random numbers for one purpose of one replication.
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    numbers: ChaCha8Rng,
}

impl Chance {
    /// Those of a flow (by number) in a replication; the same for the same arguments.
    pub fn new(seed: u64, replication: u32, flow: u16, purpose: Purpose) -> Self {
        let mut numbers = ChaCha8Rng::seed_from_u64(seed);
        numbers.set_stream(u64::from(replication) << 32 | u64::from(flow) << 8 | purpose as u64);
        Self { numbers }
    }

    /// Less than `bound`, which is not 0; all alike.
    pub fn below(&mut self, bound: u32) -> u32 {
        // The upper half of a product of 64 bits: even to 2⁻³².
        let product = u64::from(self.numbers.next_u32()) * u64::from(bound);
        u32::try_from(product >> 32).unwrap_or(0)
    }

    /// At least 0 and less than 1.
    pub fn share(&mut self) -> f64 {
        let upper = (self.numbers.next_u64() >> 11) as f64;
        upper / 9_007_199_254_740_992.0
    }

    /// Exponential with mean 1.
    fn unit(&mut self) -> f64 {
        Exp1.sample(&mut self.numbers)
    }
}

/// A distribution of durations, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Durations {
    Constant(f64),
    Exponential(Exp<f64>),
    Gamma(Gamma<f64>),
    LogNormal(LogNormal<f64>),
}

impl Durations {
    /// Of a spread that was found sensible.
    pub fn new(spread: &Spread) -> Self {
        match *spread {
            Spread::Constant(seconds) => Self::Constant(seconds * SECOND),
            Spread::Exponential(mean) => Exp::new(1.0 / (mean * SECOND)).map_or(Self::Constant(0.0), Self::Exponential),
            Spread::Erlang(erlang) => {
                let stages = f64::from(erlang.stages);
                Gamma::new(stages, erlang.mean * SECOND / stages).map_or(Self::Constant(0.0), Self::Gamma)
            }
            Spread::Lognormal(lognormal) => {
                let variation = lognormal.deviation / lognormal.mean;
                LogNormal::from_mean_cv(lognormal.mean * SECOND, variation).map_or(Self::Constant(0.0), Self::LogNormal)
            }
        }
    }

    pub fn sample(&self, chance: &mut Chance) -> f64 {
        match self {
            Self::Constant(nanos) => *nanos,
            Self::Exponential(exponential) => exponential.sample(&mut chance.numbers),
            Self::Gamma(gamma) => gamma.sample(&mut chance.numbers),
            Self::LogNormal(lognormal) => lognormal.sample(&mut chance.numbers),
        }
    }
}

/// The mean of a spread, in seconds.
pub(crate) const fn mean_seconds(spread: &Spread) -> f64 {
    match spread {
        Spread::Constant(mean) | Spread::Exponential(mean) => *mean,
        Spread::Erlang(erlang) => erlang.mean,
        Spread::Lognormal(lognormal) => lognormal.mean,
    }
}

/// The times of a Poisson process whose rate is constant within intervals of equal length, over and over.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    /// Per nanosecond.
    rates: Vec<f64>,
    /// Of one interval, in nanoseconds.
    interval: f64,
}

impl Rates {
    pub fn new(rate: &Rate, interval_minutes: f64) -> Self {
        let per_hour = match rate {
            Rate::Steady(rate) => vec![*rate],
            Rate::Profile(rates) => rates.clone(),
        };
        Self {
            rates: per_hour.into_iter().map(|rate| rate / HOUR).collect(),
            interval: interval_minutes * MINUTE,
        }
    }

    /// The first arrival after `now`; `None` if there is never one.
    pub fn next(&self, now: Nanos, chance: &mut Chance) -> Option<Nanos> {
        let mut left = chance.unit();
        if let [rate] = self.rates[..] {
            return (rate > 0.0).then(|| now + nanos(left / rate));
        }
        self.rates.iter().find(|rate| **rate > 0.0)?;
        let mut at = now as f64;
        loop {
            let number = (at / self.interval).floor();
            let end = (number + 1.0) * self.interval;
            let rate = self.rates[number as usize % self.rates.len()];
            let here = rate * (end - at);
            if left < here {
                return Some(nanos(at + left / rate).max(now));
            }
            left -= here;
            at = end;
        }
    }
}

/// Rounded to a whole number; what is below 0 is 0.
pub(crate) fn nanos(duration: f64) -> Nanos {
    duration.round() as Nanos
}
