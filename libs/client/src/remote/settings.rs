//! The section `[connections]`.

use onqueue_model::Fault;
use serde::Deserialize;
use std::time::Duration;

/// How connections to services in other processes are made, kept and given up.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Milliseconds in which a connection must be there: network, certificates and the first words of HTTP/2.
    pub connect_timeout_ms: u64,
    /// Milliseconds of silence after which a ping is sent.
    pub keepalive_ms: u64,
    /// Milliseconds a ping may stay unanswered before the connection is given up.
    pub keepalive_timeout_ms: u64,
    /// Connections kept open to each address.
    pub connections: usize,
    /// Calls and streams at once on one connection (fewer if the other side takes fewer); another connection is made when
    /// four fifths of that are in use.
    pub streams: usize,
    /// Milliseconds between looks at what addresses a name has.
    pub resolve_ms: u64,
    /// Milliseconds that a call waits for a connection when there is none, before it is answered UNAVAILABLE; never more than
    /// half of the time that its caller has left.
    pub wait_ms: u64,
    /// Calls in a row that an address answers UNAVAILABLE, or not in time, before it is set aside.
    pub ejection_failures: u32,
    /// Milliseconds for which it is set aside.
    pub ejection_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 1_000,
            keepalive_ms: 2_000,
            keepalive_timeout_ms: 2_000,
            connections: 2,
            streams: 16_384,
            resolve_ms: 5_000,
            wait_ms: 3_000,
            ejection_failures: 5,
            ejection_ms: 5_000,
        }
    }
}

impl Settings {
    /// Refuses values with which nothing would be reached. The field is named as in the section `[connections]`.
    pub fn check(&self) -> Result<(), Fault> {
        Fault::first_of(self.mistakes())
    }

    /// Every value with which nothing could be reached.
    pub fn mistakes(&self) -> Vec<Fault> {
        let zero = [
            ("connections.connect_timeout_ms", self.connect_timeout_ms == 0),
            ("connections.keepalive_ms", self.keepalive_ms == 0),
            ("connections.keepalive_timeout_ms", self.keepalive_timeout_ms == 0),
            ("connections.connections", self.connections == 0),
            ("connections.streams", self.streams == 0),
            ("connections.resolve_ms", self.resolve_ms == 0),
            ("connections.ejection_failures", self.ejection_failures == 0),
        ];
        let zero = zero.into_iter().filter(|(_, zero)| *zero);
        zero.map(|(field, _)| Fault::field(field, "must be more than 0"))
            .collect()
    }

    pub(super) const fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(super) const fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_reach_nothing_are_refused() {
        assert_eq!(Settings::default().check(), Ok(()));
        for (change, field) in [
            (
                (|s| s.connect_timeout_ms = 0) as fn(&mut Settings),
                "connect_timeout_ms",
            ),
            (|s| s.keepalive_ms = 0, "keepalive_ms"),
            (|s| s.keepalive_timeout_ms = 0, "keepalive_timeout_ms"),
            (|s| s.connections = 0, "connections"),
            (|s| s.streams = 0, "streams"),
            (|s| s.resolve_ms = 0, "resolve_ms"),
            (|s| s.ejection_failures = 0, "ejection_failures"),
        ] {
            let mut settings = Settings::default();
            change(&mut settings);
            let told = settings.check().map_err(|fault| fault.metadata);
            assert_eq!(told, Err(vec![("field", format!("connections.{field}"))]));
        }
    }
}
