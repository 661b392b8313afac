//! All settings of the binary.

mod machine;
mod owner;
mod process;

pub use machine::{Obstacles, RESTORE, database, emptied, holds_something, is_there, obstacles};
pub use owner::{for_whom, out_of_reach, unreadable, unusable_by_us};
pub use process::{Process, Services};

use crate::cli::Place;
use onqueue_model::Fault;
pub use onqueue_server::settings::Mistake;
use onqueue_server::{Limits, listener, settings};
use serde::Deserialize;
use std::{collections::BTreeMap, net::SocketAddr};

/// Every key with its default, its unit and its effect.
pub const DEFAULTS: &str = include_str!("defaults.toml");

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

    fn mistakes(&self) -> Vec<Fault> {
        let sections = [
            self.gateway.mistakes(),
            self.auth.own.mistakes(),
            self.routing.own.mistakes(),
            self.session.own.mistakes(),
            self.content.own.mistakes(),
            self.attachments.mistakes(),
            self.store.mistakes(),
            self.bus.mistakes(),
            self.tls.check().err().into_iter().collect(),
            self.connections.mistakes(),
            self.limits.mistakes(),
            self.listener.mistakes("listener"),
            self.internal.mistakes("internal"),
            self.telemetry.check().err().into_iter().collect(),
            self.process.mistakes(),
            self.contradictions(),
            self.missing_addresses(),
            self.shared_addresses(),
        ];
        sections.into_iter().flatten().collect()
    }

    /// What one section means for another.
    fn contradictions(&self) -> Vec<Fault> {
        let services = self.process.services();
        let is_shared = !services.are_all();
        let is_replicated = is_shared || (self.is_distributed() && self.store.is_postgres());
        let wrong = [
            (
                is_shared && self.tls.folder.is_empty(),
                "tls.folder",
                "services in separate processes need certificates: make some with `onqueue certs --out certs` and name that folder",
            ),
            (
                is_shared && !self.store.is_postgres() && services.need_database(),
                "store.url",
                "services in separate processes need PostgreSQL (postgres://…): a SQLite file is for one process",
            ),
            (
                is_replicated && self.bus.is_in_process() && services.need_database(),
                "bus.url",
                "services in separate processes need NATS for hints (nats://host:4222): without it each would look once a second only",
            ),
            (
                self.is_distributed() && services.has("routing") && self.routing_address().is_none(),
                "routing.address",
                "must say where other replicas reach this one (host:port), because routing.listen is no single address",
            ),
            (
                self.process.production && !self.process.test_clock.is_empty(),
                "process.test_clock",
                "is for tests: not in production",
            ),
            (
                !self.routing.own.fence && (self.process.production || !cfg!(debug_assertions)),
                "routing.fence",
                "is switched off in tests only: not in production and not in a release build",
            ),
            (
                self.process.production && services.has("gateway") && self.gateway.reflection,
                "gateway.reflection",
                "must be false in production",
            ),
        ];
        let wrong = wrong.into_iter().filter(|(wrong, ..)| *wrong);
        wrong.map(|(_, field, problem)| Fault::field(field, problem)).collect()
    }

    /// Services that are called here and run elsewhere, nobody says where; and addresses that are none.
    fn missing_addresses(&self) -> Vec<Fault> {
        let services = self.process.services();
        let missing = services
            .others()
            .filter(|service| services.call(service) && self.clients.of(service).is_empty())
            .map(|service| {
                let problem = "must name at least one address (host:port): it runs in another process";
                Fault::field(client(service), problem)
            });
        let strange = SERVICES.into_iter().flat_map(|service| {
            let strange = self.clients.of(service).iter().filter(|text| !is_address(text));
            strange.map(move |text| Fault::field(client(service), format!("must be host:port, not {text}")))
        });
        let own = &self.routing.own.address;
        let own = (!own.is_empty() && !is_address(own))
            .then(|| Fault::field("routing.address", format!("must be host:port, not {own}")));
        missing.chain(strange).chain(own).collect()
    }

    /// Two listeners of this process at one address.
    fn shared_addresses(&self) -> Vec<Fault> {
        let mut taken = BTreeMap::new();
        let mut shared = Vec::new();
        for (field, address) in self.listeners() {
            match taken.get(&address) {
                Some(other) if address.port() != 0 => {
                    let problem = format!("is the same address as {other}: each needs its own port");
                    shared.push(Fault::field(field, problem));
                }
                _ => {
                    taken.insert(address, field);
                }
            }
        }
        shared
    }

    /// Everything that this process listens on, by the setting that says so.
    pub fn listeners(&self) -> Vec<(&'static str, SocketAddr)> {
        let services = self.process.services();
        let door = services
            .has("gateway")
            .then_some(("gateway.listen", self.gateway.listen));
        let inner = [
            ("auth.listen", "auth", self.auth.listen),
            ("routing.listen", "routing", self.routing.listen),
            ("session.listen", "session", self.session.listen),
            ("content.listen", "content", self.content.listen),
        ];
        let inner = inner
            .into_iter()
            .filter(|(_, service, _)| self.is_distributed() && services.has(service));
        door.into_iter()
            .chain(inner.map(|(field, _, address)| (field, address)))
            .chain([("process.health_listen", self.process.health_listen)])
            .collect()
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

/// The services that others call.
const SERVICES: [&str; 4] = ["auth", "routing", "session", "content"];

fn client(service: &str) -> &'static str {
    match service {
        "auth" => "clients.auth",
        "routing" => "clients.routing",
        "session" => "clients.session",
        _ => "clients.content",
    }
}

/// Whether it is `host:port`; a host may be `[::1]`.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '/', '@', ' ']),
    };
    is_host && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Settings in force, with a way to print them.
pub type Loaded = settings::Loaded<Settings>;

/// Settings, with everything that is wrong with them.
pub type Tried = settings::Tried<Settings>;

/// Reads defaults, file and environment, then what the command line says. The error is everything that is wrong.
pub fn load(place: &Place) -> Result<Loaded, Vec<Mistake>> {
    let tried = attempt(place)?;
    match tried.mistakes.is_empty() {
        true => Ok(tried.loaded),
        false => Err(tried.mistakes),
    }
}

/// The same, for whoever has more to find. The error is one in the program's own defaults.
// The environment is read here, for `onqueue_server::settings`.
#[allow(clippy::disallowed_methods)]
pub fn attempt(place: &Place) -> Result<Tried, Vec<Mistake>> {
    let (mut given, mut unreadable) = (Vec::new(), Vec::new());
    for (name, value) in std::env::vars_os() {
        // A name that is not UTF-8 cannot be a setting of ours.
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => given.push((name, value)),
            Err(_) if name.starts_with("ONQUEUE_") => unreadable.push(Mistake::new(name, "must be UTF-8")),
            Err(_) => {}
        }
    }
    for (name, value) in place.settings() {
        given.retain(|(given, _)| given != name);
        given.push((name.to_owned(), value));
    }
    let mut tried: Tried = settings::load(DEFAULTS, place.config.as_deref(), given).map_err(|mistake| vec![mistake])?;
    tried.mistakes.extend(unreadable);
    let found: Vec<Mistake> = tried.loaded.settings.mistakes().iter().map(mistake).collect();
    tried.add(found);
    Ok(tried)
}

/// The variables of the environment that set something, by name.
#[allow(clippy::disallowed_methods)]
pub fn variables() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut own: Vec<String> = names
        .filter(|name| name.starts_with("ONQUEUE_") && name.contains("__"))
        .collect();
    own.sort();
    own
}

/// A refused field as a mistake of a person.
fn mistake(fault: &Fault) -> Mistake {
    let field = fault.metadata.iter().find(|(key, _)| *key == "field");
    Mistake::new(field.map_or("settings", |(_, field)| field), fault.message.as_str())
}

/// The administrator's password, where the command line reads it: never from its arguments, which everybody sees.
#[allow(clippy::disallowed_methods)]
pub fn administrator_password() -> Option<String> {
    std::env::var(ADMINISTRATOR_PASSWORD).ok()
}

/// The environment variable that holds it.
const ADMINISTRATOR_PASSWORD: &str = "ONQUEUE_ADMIN_PASSWORD";

#[cfg(test)]
mod tests;
