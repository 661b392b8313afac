//! What runs in this process, and how it begins and ends.

use onqueue_credentials::SERVICES;
use onqueue_model::Fault;
use serde::Deserialize;
use std::net::SocketAddr;

/// What runs here; beginning, health and ending.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// The services that run in this process.
    pub services: Vec<String>,
    /// Refuses what is for laptops and tests only.
    pub production: bool,
    /// Where health and metrics are served over HTTP.
    pub health_listen: SocketAddr,
    /// Milliseconds from the signal during which work is still taken while readiness says no.
    pub drain_delay_ms: u64,
    /// Milliseconds from the signal until the services have ended at the latest, the delay among them.
    pub drain_ms: u64,
    /// A file with the milliseconds by which the clock is moved; empty for none.
    pub test_clock: String,
}

impl Process {
    /// Refuses services that there are not, and times without an end.
    pub fn mistakes(&self) -> Vec<Fault> {
        let known = SERVICES.join(", ");
        let unknown = self.services.iter().filter(|name| !SERVICES.contains(&name.as_str()));
        let unknown = unknown.map(|name| format!("there is no service {name}: name some of {known}"));
        let none = self
            .services
            .is_empty()
            .then(|| format!("must name at least one of {known}"));
        let services = unknown
            .chain(none)
            .map(|problem| Fault::field("process.services", problem));
        let drain = !(1..=3_600_000).contains(&self.drain_ms) || self.drain_delay_ms >= self.drain_ms;
        let drain = drain.then(|| {
            let problem = "must be 1 to 3,600,000, and more than drain_delay_ms";
            Fault::field("process.drain_ms", problem)
        });
        services.chain(drain).collect()
    }

    /// The services that run here, each once.
    pub fn services(&self) -> Services {
        let named = |service: &&str| self.services.iter().any(|name| name == service);
        Services(SERVICES.iter().copied().filter(named).collect())
    }
}

/// Services of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services(Vec<&'static str>);

impl Services {
    /// Whether it runs here.
    pub fn has(&self, service: &str) -> bool {
        self.0.contains(&service)
    }

    /// Whether the process is a whole installation.
    pub fn are_all(&self) -> bool {
        self.0.len() == SERVICES.len()
    }

    /// Those that run here.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }

    /// Those that run elsewhere.
    pub fn others(&self) -> impl Iterator<Item = &'static str> {
        SERVICES.iter().copied().filter(|service| !self.has(service))
    }

    /// Whether any of them has a database; the gateway has none.
    pub fn need_database(&self) -> bool {
        self.iter().any(|service| service != "gateway")
    }

    /// Whether any of them calls that service.
    pub fn call(&self, service: &str) -> bool {
        !self.callers_of(service).is_empty()
    }

    /// Those of them that call that service.
    pub fn callers_of(&self, service: &str) -> Vec<&'static str> {
        let callers: &[&str] = match service {
            "auth" | "routing" | "content" => &["gateway"],
            "session" => &["gateway", "routing", "content"],
            _ => &[],
        };
        self.iter().filter(|own| callers.contains(own)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(services: &[&str]) -> Process {
        Process {
            services: services.iter().map(|&name| name.to_owned()).collect(),
            production: false,
            health_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            drain_delay_ms: 0,
            drain_ms: 1,
            test_clock: String::new(),
        }
    }

    #[test]
    fn services_are_known_and_each_counts_once() {
        for (named, expected) in [
            (&["session", "session"][..], Ok(vec!["session"])),
            (&["session", "gateway"], Ok(vec!["gateway", "session"])),
            (&["sessions"], Err("process.services")),
            (&[], Err("process.services")),
        ] {
            let process = process(named);
            let found = Fault::first_of(process.mistakes()).map(|()| process.services().0);
            let field = |fault: Fault| fault.metadata[0].1.clone();
            assert_eq!(found.map_err(field), expected.map_err(str::to_owned), "{named:?}");
        }
    }

    #[test]
    fn only_callers_need_addresses() {
        let needs = |services: &[&str]| -> Vec<&str> {
            let services = process(services).services();
            services.others().filter(|other| services.call(other)).collect()
        };
        assert_eq!(needs(&["gateway"]), ["auth", "routing", "session", "content"]);
        assert_eq!(needs(&["routing"]), ["session"]);
        assert_eq!(needs(&["routing", "session"]), [""; 0]);
        assert_eq!(needs(&["content"]), ["session"]);
        assert_eq!(needs(&["auth", "session", "content"]), [""; 0]);
    }
}
