//! All settings of the binary.

use crate::cli::Place;
use onqueue_model::Fault;
use onqueue_server::{Limits, listener, settings};
use serde::Deserialize;
use std::{ffi::OsString, net::SocketAddr};

/// Every key with its default, its unit and its effect.
const DEFAULTS: &str = include_str!("defaults.toml");

/// What the binary can be told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The public door.
    pub gateway: onqueue_gateway::Settings,
    /// Identity.
    pub auth: onqueue_auth::Settings,
    /// Routing.
    pub routing: onqueue_routing::Settings,
    /// Conversations.
    pub session: onqueue_session::Settings,
    /// Canned responses and scripts.
    pub content: onqueue_content::Settings,
    /// The database.
    pub store: onqueue_store::Settings,
    /// What each service takes on.
    pub limits: Limits,
    /// Connections at the public door.
    pub listener: listener::Limits,
    /// Logs and traces.
    pub telemetry: onqueue_telemetry::Settings,
    /// Beginning, health and ending.
    pub process: Process,
}

/// How the process is watched and ended.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Where health is served over HTTP.
    pub health_listen: SocketAddr,
    /// Milliseconds from the signal to the end at the latest.
    pub drain_ms: u64,
}

impl Process {
    fn check(&self) -> Result<(), Fault> {
        let is_bounded = (1..=3_600_000).contains(&self.drain_ms);
        is_bounded
            .then_some(())
            .ok_or_else(|| Fault::field("process.drain_ms", "must be 1 to 3,600,000"))
    }
}

/// Settings in force, with a way to print them.
pub type Loaded = settings::Loaded<Settings>;

/// Reads defaults, file and environment, then what the command line says of places. One sentence for each mistake.
// The environment is read here, for `onqueue_server::settings`.
#[allow(clippy::disallowed_methods)]
pub fn load(place: &Place) -> Result<Loaded, Vec<String>> {
    // What is not UTF-8 cannot be a setting of ours.
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    let mut given: Vec<(String, String)> = std::env::vars_os().filter_map(text).collect();
    if let Some(folder) = &place.data {
        given.retain(|(name, _)| name != "ONQUEUE_STORE__URL");
        given.push((
            "ONQUEUE_STORE__URL".to_owned(),
            format!("sqlite://{}", folder.join("onqueue.db").display()),
        ));
    }
    let loaded: Loaded = settings::load(DEFAULTS, place.config.as_deref(), given)?;
    let settings = &loaded.settings;
    let checks = [
        settings.gateway.check(),
        settings.auth.check(),
        settings.routing.check(),
        settings.session.check(),
        settings.limits.check(),
        settings.listener.check(),
        settings.telemetry.check(),
        settings.process.check(),
    ];
    let mistakes: Vec<String> = checks
        .into_iter()
        .filter_map(Result::err)
        .map(|fault| mistake(&fault))
        .collect();
    if mistakes.is_empty() { Ok(loaded) } else { Err(mistakes) }
}

fn mistake(fault: &Fault) -> String {
    let field = fault
        .metadata
        .iter()
        .find(|(key, _)| *key == "field")
        .map_or("settings", |(_, field)| field);
    format!("{field}: {}", fault.message)
}
