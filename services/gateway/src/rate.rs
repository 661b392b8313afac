//! Token buckets: how many calls of one kind one caller may make. Kept in this process: each replica counts for itself.

use onqueue_model::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// So many per second, minute or hour, and so many at once when there were none before. Written `10/minute burst 10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    per: Per,
    burst: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Per {
    Second,
    Minute,
    Hour,
}

impl Per {
    const ALL: [(Self, &'static str, u64); 3] = [
        (Self::Second, "second", 1_000),
        (Self::Minute, "minute", 60_000),
        (Self::Hour, "hour", 3_600_000),
    ];

    fn row(self) -> (Self, &'static str, u64) {
        Self::ALL[self as usize]
    }
}

impl Rate {
    /// `count` a second, `burst` at once.
    pub const fn per_second(count: u32, burst: u32) -> Self {
        Self {
            count,
            per: Per::Second,
            burst,
        }
    }

    /// `count` a minute, `burst` at once.
    pub const fn per_minute(count: u32, burst: u32) -> Self {
        Self {
            count,
            per: Per::Minute,
            burst,
        }
    }

    /// How long one more takes to come.
    fn interval(self) -> f64 {
        let (_, _, millis) = self.per.row();
        Duration::from_millis(millis).as_secs_f64() / f64::from(self.count)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} burst {}", self.count, self.per.row().1, self.burst)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (rate, burst) = text.split_once(" burst ")?;
            let (count, per) = rate.split_once('/')?;
            let (count, burst) = (count.parse().ok()?, burst.parse().ok()?);
            let (per, _, _) = Per::ALL.into_iter().find(|(_, name, _)| *name == per)?;
            (count > 0 && burst > 0).then_some(Self { count, per, burst })
        };
        parse().ok_or_else(|| format!("not a rate such as 10/minute burst 10: {text}"))
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Buckets by key, a bounded number of them.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    most: usize,
    buckets: Mutex<HashMap<K, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    rate: Rate,
    left: f64,
    at: Timestamp,
}

impl Bucket {
    fn refill(&mut self, now: Timestamp) {
        let came = now.since(self.at).as_secs_f64() / self.rate.interval();
        self.left = (self.left + came).min(f64::from(self.rate.burst));
        self.at = self.at.max(now);
    }

    /// How long until there is one, if there is none.
    fn wait(&self) -> Result<(), Duration> {
        if self.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - self.left) * self.rate.interval()));
        }
        Ok(())
    }

    fn is_full(&self, now: Timestamp) -> bool {
        let missing = f64::from(self.rate.burst) - self.left;
        now.since(self.at).as_secs_f64() >= missing * self.rate.interval()
    }
}

impl<K: Eq + Hash> Buckets<K> {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            buckets: Mutex::default(),
        }
    }

    /// Takes one from the key's bucket; if it is empty, says how long until there is one.
    pub(crate) fn take(&self, key: K, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.most && !buckets.contains_key(&key) {
            make_room(&mut buckets, self.most, now);
        }
        let bucket = buckets.entry(key).or_insert(Bucket {
            rate,
            left: f64::from(rate.burst),
            at: now,
        });
        bucket.refill(now);
        bucket.wait()?;
        bucket.left -= 1.0;
        Ok(())
    }

    /// What taking one would answer; takes nothing.
    pub(crate) fn look(&self, key: &K, now: Timestamp) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = buckets.get_mut(key) else {
            return Ok(());
        };
        bucket.refill(now);
        bucket.wait()
    }
}

/// A full bucket says nothing that a new one does not. If none is full, all are forgotten: letting too much through for a
/// moment is better than refusing everybody who is new.
fn make_room<K: Eq + Hash>(buckets: &mut HashMap<K, Bucket>, most: usize, now: Timestamp) {
    buckets.retain(|_, bucket| !bucket.is_full(now));
    if buckets.len() >= most {
        tracing::warn!(most, "too many callers at once to keep rates for all; all begin anew");
        buckets.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_000_000);

    #[test]
    fn rates_are_written_as_people_say_them() {
        for text in ["10/minute burst 10", "2/second burst 10", "1/hour burst 1"] {
            assert_eq!(text.parse::<Rate>().expect("a rate").to_string(), text);
        }
        for bad in [
            "",
            "10",
            "10/minute",
            "0/second burst 1",
            "1/second burst 0",
            "1/day burst 1",
            "-1/second burst 1",
        ] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_burst_then_the_rate() {
        let (buckets, rate) = (Buckets::new(10), Rate::per_second(2, 3));
        let take = |millis| buckets.take("a", rate, START + Duration::from_millis(millis));
        assert_eq!([take(0), take(0), take(0)], [Ok(()), Ok(()), Ok(())]);
        let look = |key| buckets.look(&key, START);
        assert_eq!((look("a"), look("b")), (Err(Duration::from_millis(500)), Ok(())));
        assert_eq!(take(0), Err(Duration::from_millis(500)));
        assert_eq!(take(400), Err(Duration::from_millis(100)));
        assert_eq!((take(500), take(500)), (Ok(()), Err(Duration::from_millis(500))));
        assert_eq!(buckets.take("b", rate, START), Ok(()));
        assert!((0..3).all(|_| take(60_000).is_ok()) && take(60_000).is_err());
    }

    #[test]
    fn memory_is_bounded_and_busy_callers_are_remembered_longest() {
        let (buckets, rate) = (Buckets::new(100), Rate::per_second(1, 1));
        for caller in 0..1_000 {
            let now = START + Duration::from_millis(caller * 20);
            assert_eq!(buckets.take(caller, rate, now), Ok(()));
            assert!(buckets.take(caller, rate, now).is_err(), "{caller}");
        }
        assert!(buckets.buckets.lock().expect("buckets").len() <= 100);
    }
}
