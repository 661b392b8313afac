//! When a call must have been answered, as `grpc-timeout` says it.

use http::{HeaderMap, HeaderValue};
use onqueue_proto::timeout::{self, HEADER};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// The moment until which a call's caller waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// Of a call that begins now with these headers; `None` if its caller waits for ever, or says what it means in a way
    /// that the other side will refuse.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let within = timeout::read(headers.get(HEADER)?.to_str().ok()?)?;
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
        if let Ok(mut value) = HeaderValue::try_from(timeout::write(self.remaining())) {
            // Never the same twice: nobody on the way is to remember it.
            value.set_sensitive(true);
            headers.insert(HEADER, value);
        }
    }
}

/// A timer knows what time it is; the clock of the machine is asked in one place only.
pub(crate) fn now() -> Instant {
    sleep(Duration::ZERO).deadline()
}

#[cfg(test)]
mod tests {
    use super::*;

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
