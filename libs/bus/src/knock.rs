//! Whether a server lets somebody in, asked once; a bus asks again and again until one does.

use crate::{
    Bus, Settings,
    nats::{CONNECT, identified},
    settings::Servers,
};
use async_nats::{ConnectErrorKind, ConnectOptions, ServerAddr};
use onqueue_model::Fault;
use std::{error::Error as _, fmt, time::Duration};

/// Why nobody gets in. Its text may be told to the operator: it holds no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoEntry {
    /// Nobody answers: there is no such host, nothing listens there, it says nothing, or it is no NATS server.
    Silent(String),
    /// A server answers, and does not accept who we say we are.
    Refused(String),
    /// The settings name no server.
    Unreadable(Fault),
}

impl fmt::Display for NoEntry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(problem) | Self::Refused(problem) => out.write_str(problem),
            Self::Unreadable(fault) => out.write_str(&fault.message),
        }
    }
}

impl Settings {
    /// Where the servers are, as `host:port`; none if hints stay in the process.
    pub fn servers(&self) -> Vec<String> {
        let place = |server: &ServerAddr| format!("{}:{}", server.host(), server.port());
        let servers = Servers::of(self).map(|servers| servers.addresses);
        servers.unwrap_or_default().iter().map(place).collect()
    }
}

impl Bus {
    /// Asks the servers for one connection and lets it go again: it is enough that one lets us in.
    pub async fn knock(settings: &Settings, within: Duration) -> Result<(), NoEntry> {
        if settings.is_in_process() {
            return Ok(());
        }
        let servers = Servers::of(settings).map_err(NoEntry::Unreadable)?;
        let options = ConnectOptions::new().name("onqueue").connection_timeout(CONNECT);
        let connecting = identified(options, servers.credentials).connect(servers.addresses);
        match tokio::time::timeout(within, connecting).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(barred(&error)),
            Err(_) => Err(NoEntry::Silent(format!("no answer within {} s", within.as_secs_f32()))),
        }
    }
}

fn barred(error: &async_nats::ConnectError) -> NoEntry {
    let cause = error.source().map(ToString::to_string);
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            NoEntry::Refused("it does not accept our user and password".to_owned())
        }
        ConnectErrorKind::TimedOut => NoEntry::Silent("no answer in time".to_owned()),
        kind => NoEntry::Silent(cause.unwrap_or_else(|| kind.to_string())),
    }
}
