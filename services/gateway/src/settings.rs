//! What of the gateway can be set.

use crate::Rate;
use onqueue_model::{DeploymentId, Fault};
use onqueue_server::{Limits, Network};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use tokio::sync::Semaphore;

/// The section `[gateway]`. Where the gateway has a process to itself there is no database to tell the time: it goes by the
/// machine's clock, by which tokens end and rates are counted. Keep machines within a second of each other, as time
/// synchronisation does by default.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the public door listens.
    pub listen: SocketAddr,
    /// The deployment that `/chat` shows when its address names none; empty for none.
    pub default_deployment: String,
    /// Web origins that are our own beside the one that a request names as its host.
    pub origins: Vec<String>,
    /// Networks whose `x-forwarded-for` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether `grpc.reflection` answers.
    pub reflection: bool,
    /// The most milliseconds that a unary call gets, and what it gets when it names no deadline. Some rpcs declare their own.
    pub unary_deadline_ms: u64,
    /// Unary calls at once.
    pub unary_calls: usize,
    /// Logins of one address.
    pub login_rate: Rate,
    /// New chats of one address.
    pub chat_rate: Rate,
    /// Messages of one guest.
    pub guest_message_rate: Rate,
    /// Typing notices of one caller.
    pub typing_rate: Rate,
    /// Calls of one caller, or of one address without a token; and of one address, calls that are not let in.
    pub call_rate: Rate,
    /// Pages, their files and preflights of one address.
    pub page_rate: Rate,
    /// Streams of one caller at once, or of one address without a token.
    pub streams_per_caller: u32,
    /// For how many callers and addresses rates are kept at once.
    pub rate_entries: usize,
    /// Files that come at once; each takes half a mebibyte of memory.
    pub uploads: usize,
    /// Files of one address that come or go at once.
    pub transfers_per_address: u32,
    /// Milliseconds that a file may take to come.
    pub upload_ms: u64,
    /// Milliseconds in which nothing of it comes, after which it is given up.
    pub upload_idle_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            default_deployment: String::new(),
            origins: Vec::new(),
            trusted_proxies: Vec::new(),
            reflection: true,
            unary_deadline_ms: 10_000,
            unary_calls: 4_096,
            login_rate: Rate::per_minute(10, 10),
            chat_rate: Rate::per_minute(60, 60),
            guest_message_rate: Rate::per_second(2, 10),
            typing_rate: Rate::per_second(4, 8),
            call_rate: Rate::per_second(50, 200),
            page_rate: Rate::per_second(100, 500),
            streams_per_caller: 32,
            rate_entries: 100_000,
            uploads: 128,
            transfers_per_address: 16,
            upload_ms: 300_000,
            upload_idle_ms: 15_000,
        }
    }
}

impl Settings {
    /// Refuses values that make no sense.
    pub fn check(&self) -> Result<(), Fault> {
        Fault::first_of(self.mistakes())
    }

    /// Every value that makes no sense.
    pub fn mistakes(&self) -> Vec<Fault> {
        let deployment = &self.default_deployment;
        let unknown = !deployment.is_empty() && deployment.parse::<DeploymentId>().is_err();
        let zero = [
            ("gateway.unary_deadline_ms", self.unary_deadline_ms == 0),
            ("gateway.unary_calls", self.unary_calls == 0),
            ("gateway.streams_per_caller", self.streams_per_caller == 0),
            ("gateway.rate_entries", self.rate_entries == 0),
            ("gateway.uploads", self.uploads == 0),
            ("gateway.transfers_per_address", self.transfers_per_address == 0),
            ("gateway.upload_ms", self.upload_ms == 0),
            ("gateway.upload_idle_ms", self.upload_idle_ms == 0),
        ];
        let zero = zero.into_iter().filter(|(_, zero)| *zero);
        let permits = [
            ("gateway.unary_calls", self.unary_calls),
            ("gateway.uploads", self.uploads),
        ];
        let permits = permits.into_iter().filter(|(_, most)| *most > Semaphore::MAX_PERMITS);
        let origin = |text: &&String| {
            text.split_once("://")
                .is_some_and(|(_, host)| !host.is_empty() && !host.contains('/'))
        };
        let strange = self.origins.iter().filter(|text| !origin(text));
        unknown
            .then(|| Fault::id("gateway.default_deployment"))
            .into_iter()
            .chain(zero.map(|(field, _)| Fault::field(field, "must be more than 0")))
            .chain(permits.map(|(field, _)| Fault::field(field, format!("must be at most {}", Semaphore::MAX_PERMITS))))
            .chain(strange.map(|bad| {
                let problem = format!("not an origin such as https://chat.example: {bad}");
                Fault::field("gateway.origins", problem)
            }))
            .collect()
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            unary_default_ms: self.unary_deadline_ms,
            unary_maximum_ms: self.unary_deadline_ms,
            unary_calls: self.unary_calls,
            ..Limits::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Settings::default().check(), Ok(()));
        for (change, field) in [
            (
                (|s| s.default_deployment = "demo".to_owned()) as fn(&mut Settings),
                "gateway.default_deployment",
            ),
            (|s| s.unary_deadline_ms = 0, "gateway.unary_deadline_ms"),
            (|s| s.unary_calls = 0, "gateway.unary_calls"),
            (|s| s.unary_calls = usize::MAX, "gateway.unary_calls"),
            (|s| s.streams_per_caller = 0, "gateway.streams_per_caller"),
            (|s| s.uploads = usize::MAX, "gateway.uploads"),
            (|s| s.upload_idle_ms = 0, "gateway.upload_idle_ms"),
            (|s| s.origins = vec!["chat.example".to_owned()], "gateway.origins"),
            (
                |s| s.origins = vec!["https://chat.example/".to_owned()],
                "gateway.origins",
            ),
        ] {
            let mut settings = Settings::default();
            change(&mut settings);
            let metadata = settings.check().map_err(|fault| fault.metadata);
            assert_eq!(metadata, Err(vec![("field", field.to_owned())]));
        }
    }
}
