//! When a call must have been answered, as `grpc-timeout` says it.

use http::{HeaderMap, HeaderValue};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

const HEADER: &str = "grpc-timeout";

/// The header has at most eight digits.
const MOST: u128 = 99_999_999;

/// The moment until which a call's caller waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// Of a call that begins now with these headers; `None` if its caller waits for ever, or says what it means in a way
    /// that the other side will refuse.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let within = parse(headers.get(HEADER)?.to_str().ok()?)?;
        now().checked_add(within).map(Self)
    }

    /// How long is left; zero when it has passed.
    pub(crate) fn remaining(self) -> Duration {
        self.0.saturating_duration_since(now())
    }

    /// Done when it has passed.
    pub(crate) fn timer(self) -> Sleep {
        sleep_until(self.0)
    }

    /// Tells what is left of it.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let text = format(self.remaining());
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(HEADER, value);
        }
    }
}

/// A timer knows what time it is; the clock of the machine is asked in one place only.
pub(crate) fn now() -> Instant {
    sleep(Duration::ZERO).deadline()
}

fn format(left: Duration) -> String {
    let (micros, millis) = (left.as_micros(), left.as_millis());
    match (micros, millis) {
        (0..=MOST, _) => format!("{micros}u"),
        (_, 0..=MOST) => format!("{millis}m"),
        _ => format!("{}S", u128::from(left.as_secs()).min(MOST)),
    }
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

    #[test]
    fn what_is_written_is_read() {
        for (left, text) in [
            (Duration::ZERO, "0u"),
            (Duration::from_secs(2), "2000000u"),
            (Duration::from_secs(100), "100000m"),
            (Duration::from_secs(1_000_000), "1000000S"),
            (Duration::MAX, "99999999S"),
        ] {
            assert_eq!(format(left), text);
            assert_eq!(parse(text), Some(left.min(Duration::from_secs(99_999_999))));
        }
        for text in ["", "5", "m", "+1m", "1x", "123456789u", "é"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_left_is_told() {
        let mut headers = HeaderMap::new();
        assert_eq!(Deadline::of(&headers), None);
        headers.insert(HEADER, HeaderValue::from_static("0n"));
        let passed = Deadline::of(&headers).expect("a deadline");
        assert_eq!(passed.remaining(), Duration::ZERO);
        passed.timer().await;
        headers.insert(HEADER, HeaderValue::from_static("50S"));
        let deadline = Deadline::of(&headers).expect("a deadline");
        deadline.write(&mut headers);
        let told = Deadline::of(&headers).expect("a deadline").remaining();
        assert!(
            told > Duration::from_secs(40) && told <= Duration::from_secs(50),
            "{told:?}"
        );
        passed.write(&mut headers);
        assert_eq!(headers[HEADER], "0u");
    }
}
