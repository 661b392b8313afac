//! How long a call may take, as the header `grpc-timeout` says it: one to eight digits and a unit.

use std::time::Duration;

/// The header.
pub const HEADER: &str = "grpc-timeout";

/// The largest number that it holds.
const MOST: u128 = 99_999_999;

/// That long, in the finest unit that holds it.
pub fn write(left: Duration) -> String {
    match (left.as_micros(), left.as_millis()) {
        (micros @ 0..=MOST, _) => format!("{micros}u"),
        (_, millis @ 0..=MOST) => format!("{millis}m"),
        _ => format!("{}S", u128::from(left.as_secs()).min(MOST)),
    }
}

/// `None` for anything but one to eight digits and one of `H M S m u n`.
pub fn read(text: &str) -> Option<Duration> {
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
            assert_eq!(write(left), text);
            assert_eq!(read(text), Some(left.min(Duration::from_secs(99_999_999))));
        }
        for text in ["", "5", "m", "+1m", "1x", "123456789u", "é"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

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
            assert_eq!(read(text), expected, "{text:?}");
        }
    }
}
