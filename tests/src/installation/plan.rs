//! How many of what, with which settings.

use super::{Database, Member, clock_file, member::Launch};
use onqueue_daemons::free_port;
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};
use toml::{Table, Value, toml};

/// Services in the order in which their members are listed.
const SERVICES: [&str; 5] = ["auth", "session", "routing", "content", "gateway"];

/// Which PostgreSQL server the installation is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disks {
    /// One of its own, whose commits reach the disk; it can be restarted.
    Own,
    /// The same without waiting for the disk: right where only the server dies, and kinder to a busy machine.
    Unsynced,
    /// The one that the tests of this process share.
    Shared,
}

/// What to start.
#[derive(Clone, Debug)]
pub struct Plan {
    pub disks: Disks,
    /// How many members run each service.
    pub replicas: BTreeMap<&'static str, usize>,
    /// Settings of every member, over those that the installation needs itself.
    pub settings: Table,
    /// Further addresses in the list of a service's replicas.
    pub more_addresses: BTreeMap<&'static str, Vec<String>>,
}

impl Plan {
    /// Two of everything that keeps state or has a door, and one of the others, as users meet it.
    pub fn usual(disks: Disks) -> Self {
        Self {
            disks,
            replicas: [
                ("gateway", 2),
                ("session", 2),
                ("routing", 2),
                ("auth", 1),
                ("content", 1),
            ]
            .into(),
            settings: Table::new(),
            more_addresses: BTreeMap::new(),
        }
    }

    /// The usual, with limits under which one machine may act as many customers.
    pub fn for_load() -> Self {
        Self {
            settings: toml! {
                [gateway]
                login_rate = "1000000/second burst 1000000"
                chat_rate = "1000000/second burst 1000000"
                guest_message_rate = "1000000/second burst 1000000"
                call_rate = "1000000/second burst 1000000"
                streams_per_caller = 100000
                [listener]
                connections_per_address = 100000
                connections = 100000
                [session]
                heartbeat_ms = 1000
                [store]
                connections = 10
                [telemetry]
                level = "info,sea_orm_migration=warn"
            },
            ..Self::usual(Disks::Own)
        }
    }

    /// The same on another PostgreSQL server.
    #[must_use]
    pub fn on(mut self, disks: Disks) -> Self {
        self.disks = disks;
        self
    }

    /// Lays a setting over the others, such as `routing.fence`.
    #[must_use]
    pub fn with(mut self, section: &str, key: &str, value: impl Into<Value>) -> Self {
        let section = self
            .settings
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()));
        section
            .as_table_mut()
            .expect("a section")
            .insert(key.to_owned(), value.into());
        self
    }

    /// The members, none of them running, each with its settings in a file.
    pub(super) fn members(&self, place: &Place<'_>) -> Vec<Member> {
        let named = SERVICES.into_iter().flat_map(|service| {
            let count = self.replicas.get(service).copied().unwrap_or(0);
            (1..=count).map(move |number| (format!("{service}-{number}"), service))
        });
        let named: Vec<(String, &'static str)> = named.collect();
        let ports = free_ports(2 * named.len());
        let seats: Vec<Seat> = named
            .into_iter()
            .zip(ports.chunks(2))
            .map(|((name, service), ports)| Seat {
                name,
                service,
                address: ports[0],
                health: ports[1],
            })
            .collect();
        seats.iter().map(|seat| self.member(seat, &seats, place)).collect()
    }

    fn member(&self, seat: &Seat, all: &[Seat], place: &Place<'_>) -> Member {
        let config = place.folder.join(format!("{}.toml", seat.name));
        let mut settings = self.common(all, place);
        lay_over(&mut settings, Self::own(seat, place));
        lay_over(&mut settings, self.settings.clone());
        std::fs::write(&config, settings.to_string()).expect("writes");
        Member::new(Launch {
            name: seat.name.clone(),
            service: seat.service,
            address: seat.address,
            health: seat.health,
            log: place.folder.join(format!("{}.log", seat.name)),
            config,
        })
    }

    fn common(&self, all: &[Seat], place: &Place<'_>) -> Table {
        let addresses = |service: &'static str| {
            let there = all
                .iter()
                .filter(|seat| seat.service == service)
                .map(|seat| seat.address.to_string());
            let more = self.more_addresses.get(service).cloned().unwrap_or_default();
            Value::Array(there.chain(more).map(Value::String).collect())
        };
        let clients = ["auth", "routing", "session", "content"].map(|service| (service.to_owned(), addresses(service)));
        let text = |text: String| Value::String(text);
        Table::from_iter([
            ("clients".to_owned(), Value::Table(clients.into_iter().collect())),
            (
                "attachments".to_owned(),
                section([("folder", text(place.folder.join("attachments").display().to_string()))]),
            ),
            ("bus".to_owned(), section([("url", text(place.nats.to_owned()))])),
            (
                "tls".to_owned(),
                section([("folder", text(place.folder.join("certs").display().to_string()))]),
            ),
            (
                "process".to_owned(),
                section([("test_clock", text(clock_file(place.folder).display().to_string()))]),
            ),
        ])
    }

    fn own(seat: &Seat, place: &Place<'_>) -> Table {
        let own_key = format!("{}_url", seat.service);
        let mut store = vec![("url", Value::String(place.database.owner_url()))];
        if seat.service != "gateway" {
            store.push((
                own_key.as_str(),
                Value::String(place.database.url_of(seat.service, &seat.name)),
            ));
        }
        Table::from_iter([
            ("store".to_owned(), section(store)),
            (
                seat.service.to_owned(),
                section([("listen", Value::String(seat.address.to_string()))]),
            ),
            (
                "process".to_owned(),
                section([("health_listen", Value::String(seat.health.to_string()))]),
            ),
        ])
    }
}

/// What the members of one installation have in common.
pub(super) struct Place<'a> {
    pub folder: &'a Path,
    pub nats: &'a str,
    pub database: &'a Database,
}

/// A member to be.
struct Seat {
    name: String,
    service: &'static str,
    address: SocketAddr,
    health: SocketAddr,
}

fn section<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Table(
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

fn lay_over(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

/// Different ports of loopback, nobody else's.
fn free_ports(count: usize) -> Vec<SocketAddr> {
    (0..count)
        .map(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().expect("a free port"))))
        .collect()
}
