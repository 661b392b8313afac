//! Deadlines as gRPC sends them, and how long is left of one.

use http::{HeaderMap, HeaderValue};
use onqueue_model::Fault;
use onqueue_proto::timeout::{self, HEADER};
use std::{pin::Pin, time::Duration};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tonic::Request;

/// When a call must be answered.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    began: Instant,
    within: Duration,
}

/// How long is left.
pub type Remaining = Duration;

impl Deadline {
    /// That long from now.
    pub fn within(within: Duration) -> Self {
        // A timer knows what time it is; the clock of the machine is asked in one place only.
        let began = sleep(Duration::ZERO).deadline();
        Self { began, within }
    }

    /// How long is left; zero when it has passed.
    pub fn remaining(&self) -> Remaining {
        self.within.saturating_sub(self.began.elapsed())
    }

    /// Says in the headers of a call made in turn how long is left: `grpc-timeout`, in the finest unit that holds it.
    pub fn write(&self, headers: &mut HeaderMap) {
        if let Ok(mut value) = HeaderValue::try_from(timeout::write(self.remaining())) {
            // Never the same twice: nobody on the way is to remember it.
            value.set_sensitive(true);
            headers.insert(HEADER, value);
        }
    }

    pub(crate) fn timer(&self) -> Pin<Box<Sleep>> {
        Box::pin(match self.began.checked_add(self.within) {
            Some(at) => sleep_until(at),
            None => sleep(Duration::MAX),
        })
    }
}

/// How long the caller of this request still waits, if it has a deadline: give it to what you call in turn.
pub fn deadline<T>(request: &Request<T>) -> Option<Remaining> {
    request.extensions().get::<Deadline>().map(Deadline::remaining)
}

/// The `grpc-timeout` header: one to eight digits and one of `H M S m u n`. FIELD_INVALID for anything else, and for a
/// second one.
pub fn parse_timeout(headers: &HeaderMap) -> Result<Option<Duration>, Fault> {
    let mut given = headers.get_all(HEADER).iter();
    let Some(first) = given.next() else {
        return Ok(None);
    };
    let parsed = first
        .to_str()
        .ok()
        .and_then(timeout::read)
        .filter(|_| given.next().is_none());
    parsed.map(Some).ok_or_else(|| {
        Fault::field(
            "grpc-timeout",
            "must be one to eight digits and one of H, M, S, m, u, n",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn what_is_left_is_passed_on() {
        for (within, least) in [
            (Duration::ZERO, Duration::ZERO),
            (Duration::from_secs(5), Duration::from_secs(4)),
            (Duration::from_secs(86_400), Duration::from_secs(86_399)),
            (Duration::from_secs(1_000_000), Duration::from_secs(999_998)),
            (Duration::MAX, Duration::from_secs(99_999_999)),
        ] {
            let mut headers = HeaderMap::new();
            Deadline::within(within).write(&mut headers);
            let passed = parse_timeout(&headers).expect("well formed").expect("passed on");
            assert!(least <= passed && passed <= within, "{within:?}: {passed:?}");
        }
    }

    #[test]
    fn one_timeout_or_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(parse_timeout(&headers), Ok(None));
        headers.append("grpc-timeout", HeaderValue::from_static("5S"));
        assert_eq!(parse_timeout(&headers), Ok(Some(Duration::from_secs(5))));
        headers.append("grpc-timeout", HeaderValue::from_static("5S"));
        assert!(parse_timeout(&headers).is_err());
    }
}
