//! What connections may take.

use crate::Network;
use onqueue_model::{Fault, Reason};
use serde::Deserialize;
use tokio::sync::Semaphore;

/// What one connection, one address and all of them may take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Connections in all; more wait in the machine's backlog.
    pub connections: usize,
    /// Connections of one address; more are closed at once. Networks in `exempt` have no such limit.
    pub connections_per_address: u32,
    /// Load balancers in front of us.
    #[serde(default)]
    pub exempt: Vec<Network>,
    /// Calls at once on one HTTP/2 connection.
    pub streams: u32,
    /// Milliseconds until a new connection has to have said which HTTP it speaks (and, between services, who it is), and
    /// that HTTP/1.1 headers may take.
    pub first_words_ms: u64,
    /// Bytes of headers of one request.
    pub header_bytes: u32,
    /// Streams reset by our own errors before the connection is closed; between services also those reset by the other
    /// side before they were looked at.
    pub error_resets: usize,
    /// Milliseconds between HTTP/2 pings.
    pub keepalive_ms: u64,
    /// Milliseconds a ping may stay unanswered.
    pub keepalive_timeout_ms: u64,
    /// Milliseconds after which a connection is asked to end; each ends up to a tenth earlier or later.
    pub age_ms: u64,
    /// Milliseconds that open calls get to end after that, and in a drain; and within which connections made with a former
    /// certificate of ours are asked to end.
    pub grace_ms: u64,
}

impl Default for Limits {
    /// For the public.
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: 100,
            exempt: Vec::new(),
            streams: 100,
            first_words_ms: 10_000,
            header_bytes: 8 * 1024,
            error_resets: 256,
            keepalive_ms: 20_000,
            keepalive_timeout_ms: 10_000,
            age_ms: 30 * 60 * 1_000,
            grace_ms: 10_000,
        }
    }
}

impl Limits {
    /// For other services of this installation: few connections with many calls each, that stay for a day.
    pub fn internal() -> Self {
        Self {
            connections_per_address: u32::MAX,
            streams: 16_384,
            first_words_ms: 5_000,
            header_bytes: 16 * 1024,
            error_resets: 1_024,
            age_ms: 24 * 60 * 60 * 1_000,
            ..Self::default()
        }
    }

    /// Refuses values with which nothing would be served; the field is named as one of that section.
    pub fn check(&self, section: &str) -> Result<(), Fault> {
        Fault::first_of(self.mistakes(section))
    }

    /// Every value with which nothing would be served.
    pub fn mistakes(&self, section: &str) -> Vec<Fault> {
        let zero = [
            ("connections", self.connections == 0),
            ("connections_per_address", self.connections_per_address == 0),
            ("streams", self.streams == 0),
            ("first_words_ms", self.first_words_ms == 0),
            ("header_bytes", self.header_bytes == 0),
            ("keepalive_ms", self.keepalive_ms == 0),
            ("keepalive_timeout_ms", self.keepalive_timeout_ms == 0),
            ("age_ms", self.age_ms == 0),
        ];
        let zero = zero.into_iter().filter(|(_, zero)| *zero);
        let zero = zero.map(|(field, _)| (field, "must be more than 0".to_owned()));
        let most = (self.connections > Semaphore::MAX_PERMITS)
            .then(|| ("connections", format!("must be at most {}", Semaphore::MAX_PERMITS)));
        let named = |(field, problem): (&str, String)| {
            Fault::new(Reason::FieldInvalid, problem).with("field", format!("{section}.{field}"))
        };
        zero.chain(most).map(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_serve_nothing_are_refused() {
        assert_eq!(Limits::default().check("listener"), Ok(()));
        assert_eq!(Limits::internal().check("internal"), Ok(()));
        for (change, field) in [
            ((|l| l.connections = 0) as fn(&mut Limits), "connections"),
            (|l| l.connections = Semaphore::MAX_PERMITS + 1, "connections"),
            (|l| l.connections_per_address = 0, "connections_per_address"),
            (|l| l.streams = 0, "streams"),
            (|l| l.first_words_ms = 0, "first_words_ms"),
            (|l| l.header_bytes = 0, "header_bytes"),
            (|l| l.keepalive_ms = 0, "keepalive_ms"),
            (|l| l.keepalive_timeout_ms = 0, "keepalive_timeout_ms"),
            (|l| l.age_ms = 0, "age_ms"),
        ] {
            let mut limits = Limits::default();
            change(&mut limits);
            for section in ["listener", "internal"] {
                let told = limits.check(section).map_err(|fault| fault.metadata);
                assert_eq!(told, Err(vec![("field", format!("{section}.{field}"))]));
            }
        }
    }
}
