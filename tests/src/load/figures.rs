//! What a run measured.

use super::doors::was_unsent;
use std::{
    collections::BTreeMap,
    error::Error as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tonic::{Code, Status};

/// Times of one kind of thing.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    pub fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub fn extend(&mut self, others: &Self) {
        self.0.extend_from_slice(&others.0);
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Those that came after so many.
    #[must_use]
    pub fn since(&self, before: usize) -> Self {
        Self(self.0.get(before..).unwrap_or_default().to_vec())
    }

    /// The smallest that is not exceeded by this part of all; zero without any.
    pub fn at(&self, part: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = ((sorted.len() as f64 * part).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
        sorted.get(place).copied().unwrap_or_default()
    }

    pub fn most(&self) -> Duration {
        self.0.iter().max().copied().unwrap_or_default()
    }
}

/// How many different texts of one kind of failure are kept.
const TEXTS: usize = 8;

/// How much of a text is kept.
const TEXT: usize = 160;

/// Attempts of unary calls that were not answered, by code and rpc, each with what was said.
#[derive(Clone, Debug, Default)]
pub struct Failures(BTreeMap<(i32, &'static str), Vec<(String, usize)>>);

impl Failures {
    pub fn add(&mut self, rpc: &'static str, status: &Status) {
        let texts = self.0.entry((status.code().into(), rpc)).or_default();
        let text = text_of(status);
        if let Some((_, count)) = texts.iter_mut().find(|(known, _)| *known == text) {
            *count += 1;
        } else if texts.len() < TEXTS {
            texts.push((text, 1));
        } else if let Some((_, count)) = texts.last_mut() {
            *count += 1;
        }
    }

    fn count(&self, is_meant: impl Fn(Code) -> bool) -> usize {
        let meant = self.0.iter().filter(|((code, _), _)| is_meant(Code::from(*code)));
        meant.flat_map(|(_, texts)| texts).map(|(_, count)| count).sum()
    }
}

/// What a status says and what lies behind it.
fn text_of(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut cause = status.source();
    while let Some(error) = cause {
        text = format!("{text} < {error}");
        cause = error.source();
    }
    text.chars().take(TEXT).collect()
}

/// Everything measured so far.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// From the moment at which a message was to be sent to its acknowledgement, over all repetitions.
    pub sends: Samples,
    /// From the break of a stream to the one that goes on: a customer's is open, an agent's says something.
    pub resumed: Samples,
    /// Agents' among them.
    pub desks_resumed: Samples,
    /// From an event's commit, by the service's clock, to a customer's eyes on an open stream.
    pub delivered: Samples,
    /// From a chat's start to the agent in it.
    pub assigned: Samples,
    /// Attempts of unary calls that were not answered; clients repeat them.
    pub failed: Failures,
    /// Attempts that met a closed door and went to another.
    pub turned_away: usize,
    /// Moments at which a message was due while its sender had too many before it.
    pub late: usize,
}

/// The book of a run. Clones are one book.
#[derive(Clone, Debug, Default)]
pub struct Figures(Arc<Mutex<Measured>>);

impl Figures {
    fn with<T>(&self, work: impl FnOnce(&mut Measured) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn sent(&self, took: Duration) {
        self.with(|measured| measured.sends.add(took));
    }

    pub fn resumed(&self, took: Duration) {
        self.with(|measured| measured.resumed.add(took));
    }

    pub fn desk_resumed(&self, took: Duration) {
        self.with(|measured| measured.desks_resumed.add(took));
        self.resumed(took);
    }

    pub fn delivered(&self, took: Duration) {
        self.with(|measured| measured.delivered.add(took));
    }

    pub fn assigned(&self, took: Duration) {
        self.with(|measured| measured.assigned.add(took));
    }

    pub fn failed(&self, rpc: &'static str, status: &Status) {
        self.with(|measured| match was_unsent(status) {
            true => measured.turned_away += 1,
            false => measured.failed.add(rpc, status),
        });
    }

    pub fn late(&self) {
        self.with(|measured| measured.late += 1);
    }

    pub fn measured(&self) -> Measured {
        self.with(|measured| measured.clone())
    }
}

impl Measured {
    /// How many attempts of unary calls failed.
    pub fn failures(&self) -> usize {
        self.failed.count(|_| true)
    }

    /// Those among them that no fault excuses: they tell a client that it did something wrong, or that something is broken
    /// for good, and a page would believe it.
    pub fn wrong_answers(&self) -> usize {
        let wrong = [
            Code::Unauthenticated,
            Code::PermissionDenied,
            Code::InvalidArgument,
            Code::Internal,
        ];
        self.failed.count(|code| wrong.contains(&code))
    }

    /// The same by code and rpc and with what was said, for people.
    pub fn failures_named(&self) -> String {
        let each = self.failed.0.iter().flat_map(|((code, rpc), texts)| {
            let named =
                move |(text, count): &(String, usize)| format!("{count} × {rpc} {:?} “{text}”", Code::from(*code));
            texts.iter().map(named)
        });
        each.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_was_said() {
        let mut measured = Measured::default();
        for text in ["shed", "shed", "broken pipe"] {
            measured.failed.add("SendMessage", &Status::unavailable(text));
        }
        for number in 0..20 {
            measured.failed.add("Login", &Status::internal(format!("{number}")));
        }
        assert_eq!((measured.failures(), measured.wrong_answers()), (23, 20));
        let named = measured.failures_named();
        assert!(
            named.contains("2 × SendMessage Unavailable “shed”, 1 × SendMessage Unavailable “broken pipe”"),
            "{named}"
        );
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let samples = |count: u64| Samples((1..=count).rev().map(Duration::from_millis).collect());
        for (count, part, expected) in [
            (0, 0.5, 0),
            (1, 0.99, 1),
            (100, 0.5, 50),
            (100, 0.99, 99),
            (10, 0.99, 10),
        ] {
            assert_eq!(
                samples(count).at(part),
                Duration::from_millis(expected),
                "{part} of {count}"
            );
        }
        assert_eq!(samples(7).most(), Duration::from_millis(7));
    }
}
