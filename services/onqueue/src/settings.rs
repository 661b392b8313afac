//! All settings of the binary.

mod process;

pub use process::{Process, Services};

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
    pub auth: Section<onqueue_auth::Settings>,
    /// Routing.
    pub routing: Section<onqueue_routing::Settings>,
    /// Conversations.
    pub session: Section<onqueue_session::Settings>,
    /// Files in conversations.
    pub attachments: onqueue_files::Settings,
    /// Canned responses and scripts.
    pub content: Section<onqueue_content::Settings>,
    /// The database.
    pub store: onqueue_store::Settings,
    /// Hints between processes.
    pub bus: onqueue_bus::Settings,
    /// The certificates by which services know one another.
    pub tls: onqueue_credentials::Settings,
    /// Where the services are that run in other processes.
    pub clients: Clients,
    /// Connections to them.
    pub connections: onqueue_client::Settings,
    /// What each service takes on.
    pub limits: Limits,
    /// Connections at the public door.
    pub listener: listener::Limits,
    /// Connections of other services.
    pub internal: listener::Limits,
    /// Logs, traces and metrics.
    pub telemetry: onqueue_telemetry::Settings,
    /// What runs here; beginning, health and ending.
    pub process: Process,
}

/// The settings of a service that other services call.
#[derive(Debug, Clone, Deserialize)]
pub struct Section<T> {
    /// Where it listens for them when they run in other processes.
    pub listen: SocketAddr,
    /// Its own.
    #[serde(flatten)]
    pub own: T,
}

/// Addresses as `host:port`, of services in other processes. All addresses of a name are used.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clients {
    /// Of auth.
    pub auth: Vec<String>,
    /// Of routing.
    pub routing: Vec<String>,
    /// Of session.
    pub session: Vec<String>,
    /// Of content.
    pub content: Vec<String>,
}

impl Clients {
    /// Where this service is.
    pub fn of(&self, service: &str) -> &[String] {
        match service {
            "auth" => &self.auth,
            "routing" => &self.routing,
            "session" => &self.session,
            "content" => &self.content,
            _ => &[],
        }
    }
}

impl Settings {
    /// Where this service listens for others; `None` for the gateway, which has a public door.
    pub fn listen(&self, service: &str) -> Option<SocketAddr> {
        match service {
            "auth" => Some(self.auth.listen),
            "routing" => Some(self.routing.listen),
            "session" => Some(self.session.listen),
            "content" => Some(self.content.listen),
            _ => None,
        }
    }

    /// Whether services here are reached from other processes, or reach others there.
    pub fn is_distributed(&self) -> bool {
        !self.process.services().are_all() || !self.tls.folder.is_empty()
    }

    fn checks(&self) -> Vec<Result<(), Fault>> {
        let mut checks = vec![
            self.gateway.check(),
            self.auth.own.check(),
            self.routing.own.check(),
            self.session.own.check(),
            self.attachments.check(),
            self.store.check(),
            self.bus.check(),
            self.tls.check(),
            self.connections.check(),
            self.limits.check(),
            self.listener.check("listener"),
            self.internal.check("internal"),
            self.telemetry.check(),
            self.process.check(),
        ];
        checks.extend(self.check_together());
        checks
    }

    /// What one section means for another.
    fn check_together(&self) -> Vec<Result<(), Fault>> {
        let services = self.process.services();
        let is_shared = !services.are_all();
        let refuse = |wrong: bool, field: &'static str, problem: &str| match wrong {
            true => Err(Fault::field(field, problem)),
            false => Ok(()),
        };
        let mut checks = vec![
            refuse(
                is_shared && self.tls.folder.is_empty(),
                "tls.folder",
                "services in separate processes need certificates: make some with `onqueue certs --out certs` and name that folder",
            ),
            refuse(
                is_shared && !self.store.is_postgres() && services.need_database(),
                "store.url",
                "services in separate processes need PostgreSQL (postgres://…): a SQLite file is for one process",
            ),
            refuse(
                self.is_distributed() && services.has("routing") && self.routing_address().is_none(),
                "routing.address",
                "must say where other replicas reach this one (host:port), because routing.listen is no single address",
            ),
            refuse(
                self.process.production && !self.process.test_clock.is_empty(),
                "process.test_clock",
                "is for tests: not in production",
            ),
            refuse(
                !self.routing.own.fence && (self.process.production || !cfg!(debug_assertions)),
                "routing.fence",
                "is switched off in tests only: not in production and not in a release build",
            ),
            refuse(
                self.process.production && services.has("gateway") && self.gateway.reflection,
                "gateway.reflection",
                "must be false in production",
            ),
        ];
        checks.extend(
            services
                .others()
                .filter(|service| services.call(service))
                .map(|service| {
                    let field = match service {
                        "auth" => "clients.auth",
                        "routing" => "clients.routing",
                        "session" => "clients.session",
                        _ => "clients.content",
                    };
                    refuse(
                        self.clients.of(service).is_empty(),
                        field,
                        "must name at least one address (host:port): it runs in another process",
                    )
                }),
        );
        checks
    }

    /// What routing writes into its leases; `None` if nobody could reach it there.
    pub fn routing_address(&self) -> Option<String> {
        let (address, listen) = (&self.routing.own.address, self.routing.listen);
        match (address.is_empty(), listen.ip().is_unspecified()) {
            (false, _) => Some(address.clone()),
            (true, false) => Some(listen.to_string()),
            (true, true) => None,
        }
    }
}

/// Settings in force, with a way to print them.
pub type Loaded = settings::Loaded<Settings>;

/// Reads defaults, file and environment, then what the command line says. One sentence for each mistake.
// The environment is read here, for `onqueue_server::settings`.
#[allow(clippy::disallowed_methods)]
pub fn load(place: &Place) -> Result<Loaded, Vec<String>> {
    // What is not UTF-8 cannot be a setting of ours.
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    let mut given: Vec<(String, String)> = std::env::vars_os().filter_map(text).collect();
    for (name, value) in place.settings() {
        given.retain(|(given, _)| given != name);
        given.push((name.to_owned(), value));
    }
    let loaded: Loaded = settings::load(DEFAULTS, place.config.as_deref(), given)?;
    let mistakes: Vec<String> = loaded
        .settings
        .checks()
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

/// The administrator's password, where the command line reads it: never from its arguments, which everybody sees.
#[allow(clippy::disallowed_methods)]
pub fn administrator_password() -> Option<String> {
    std::env::var(ADMINISTRATOR_PASSWORD).ok()
}

/// The environment variable that holds it.
const ADMINISTRATOR_PASSWORD: &str = "ONQUEUE_ADMIN_PASSWORD";
