//! Deadlines as gRPC sends them, and how long is left of one.

use http::HeaderMap;
use onqueue_model::Fault;
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
    let mut given = headers.get_all("grpc-timeout").iter();
    let Some(first) = given.next() else {
        return Ok(None);
    };
    let parsed = first.to_str().ok().and_then(parse).filter(|_| given.next().is_none());
    parsed.map(Some).ok_or_else(|| {
        Fault::field(
            "grpc-timeout",
            "must be one to eight digits and one of H, M, S, m, u, n",
        )
    })
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let plain = (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| plain)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn timeouts_are_read_strictly() {
        let day = Duration::from_secs(86_400);
        for (text, expected) in [
            ("24H", Some(day)),
            ("1440M", Some(day)),
            ("86400S", Some(day)),
            ("86400000m", Some(day)),
            ("99999999u", Some(Duration::from_micros(99_999_999))),
            ("0n", Some(Duration::ZERO)),
            ("", None),
            ("m", None),
            ("100", None),
            ("100000000m", None),
            ("+1m", None),
            ("-1m", None),
            ("1.5S", None),
            (" 1S", None),
            ("1 S", None),
            ("1s", None),
            ("1é", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
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
