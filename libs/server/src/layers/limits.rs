//! How much a service takes on.

use onqueue_model::Fault;
use serde::Deserialize;
use tokio::sync::Semaphore;

/// How much a service takes on. All of it is per process.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Milliseconds for a unary call whose caller named no deadline and whose rpc declares none.
    pub unary_default_ms: u64,
    /// The most milliseconds a unary call may ask for whose rpc declares none.
    pub unary_maximum_ms: u64,
    /// Unary calls at once; the next is refused with UNAVAILABLE before it costs anything.
    pub unary_calls: usize,
    /// Milliseconds that a request may take to arrive, streams' requests too.
    pub request_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unary_default_ms: 10_000,
            unary_maximum_ms: 60_000,
            unary_calls: 4_096,
            request_ms: 10_000,
        }
    }
}

impl Limits {
    /// Refuses values with which nothing would be served. The field is named as in the section `[limits]`.
    pub fn check(&self) -> Result<(), Fault> {
        Fault::first_of(self.mistakes())
    }

    /// Every value with which nothing would be served.
    pub fn mistakes(&self) -> Vec<Fault> {
        let zero = [
            ("limits.unary_default_ms", self.unary_default_ms == 0),
            ("limits.unary_maximum_ms", self.unary_maximum_ms == 0),
            ("limits.unary_calls", self.unary_calls == 0),
            ("limits.request_ms", self.request_ms == 0),
        ];
        let zero = zero.into_iter().filter(|(_, zero)| *zero);
        let zero = zero.map(|(field, _)| Fault::field(field, "must be more than 0"));
        let contradicts = self.unary_default_ms > self.unary_maximum_ms && self.unary_maximum_ms > 0;
        let contradicts = contradicts.then(|| {
            let problem = "must not be more than unary_maximum_ms";
            Fault::field("limits.unary_default_ms", problem)
        });
        let too_many = (self.unary_calls > Semaphore::MAX_PERMITS).then(|| {
            let problem = format!("must be at most {}", Semaphore::MAX_PERMITS);
            Fault::field("limits.unary_calls", problem)
        });
        zero.chain(contradicts).chain(too_many).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_serve_nothing_are_refused() {
        assert_eq!(Limits::default().check(), Ok(()));
        for (change, field) in [
            (
                (|l| l.unary_default_ms = 0) as fn(&mut Limits),
                "limits.unary_default_ms",
            ),
            (|l| l.unary_default_ms = 60_001, "limits.unary_default_ms"),
            (|l| l.unary_maximum_ms = 0, "limits.unary_maximum_ms"),
            (|l| l.unary_calls = 0, "limits.unary_calls"),
            (|l| l.unary_calls = Semaphore::MAX_PERMITS + 1, "limits.unary_calls"),
            (|l| l.request_ms = 0, "limits.request_ms"),
        ] {
            let mut limits = Limits::default();
            change(&mut limits);
            let told = limits.check().map_err(|fault| fault.metadata);
            assert_eq!(told, Err(vec![("field", field.to_owned())]));
        }
    }
}
