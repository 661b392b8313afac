//! Where the database is, and in which part of it a service lives.

use onqueue_model::Fault;
use sea_orm::sqlx::postgres::PgConnectOptions;
use serde::Deserialize;
use std::{fmt, path::PathBuf, time::Duration};

/// Where the database is and how many connections it gets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `sqlite://path/to/file.db`, or `postgres://user:password@host:port/database`.
    pub url: String,
    /// Connections for reading a SQLite file.
    pub readers: u32,
    /// Connections to PostgreSQL, of each service.
    pub connections: u32,
    /// Milliseconds to wait for a connection before answering UNAVAILABLE.
    pub acquire_timeout_ms: u64,
    /// The same database as auth's own role sees it; empty for `url`.
    pub auth_url: String,
    /// The same database as session's own role sees it; empty for `url`.
    pub session_url: String,
    /// The same database as routing's own role sees it; empty for `url`.
    pub routing_url: String,
    /// The same database as content's own role sees it; empty for `url`.
    pub content_url: String,
}

impl Settings {
    /// For a SQLite file.
    pub fn sqlite(path: &std::path::Path) -> Self {
        Self::at(format!("sqlite://{}", path.display()))
    }

    /// For a PostgreSQL database.
    pub fn postgres(url: &str) -> Self {
        Self::at(url.to_owned())
    }

    fn at(url: String) -> Self {
        Self {
            url,
            readers: 4,
            connections: 16,
            acquire_timeout_ms: 5_000,
            auth_url: String::new(),
            session_url: String::new(),
            routing_url: String::new(),
            content_url: String::new(),
        }
    }

    /// The same with `url` as this service is to use it.
    #[must_use]
    pub fn of(&self, service: &str) -> Self {
        let own = match service {
            "auth" => &self.auth_url,
            "session" => &self.session_url,
            "routing" => &self.routing_url,
            "content" => &self.content_url,
            _ => "",
        };
        let url = if own.is_empty() { &self.url } else { own };
        Self {
            url: url.to_owned(),
            ..self.as_owner()
        }
    }

    /// The same without the services' own addresses: as the owner of the tables, who migrates them.
    #[must_use]
    pub fn as_owner(&self) -> Self {
        Self {
            readers: self.readers,
            connections: self.connections,
            acquire_timeout_ms: self.acquire_timeout_ms,
            ..Self::at(self.url.clone())
        }
    }

    /// Whether it is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        is_postgres(&self.url)
    }

    /// The file, if it is SQLite.
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        let rest = self.url.strip_prefix("sqlite://")?;
        Some(rest.split('?').next().unwrap_or(rest).into())
    }

    /// Says what can not be right.
    pub fn check(&self) -> Result<(), Fault> {
        Fault::first_of(self.mistakes())
    }

    /// Everything that can not be right. Addresses are not repeated: they hold passwords.
    pub fn mistakes(&self) -> Vec<Fault> {
        let own = own_urls(self).map(|(field, url)| {
            let is_right = url.is_empty() || (self.is_postgres() && is_postgres(url));
            let problem = "must be postgres://… and may only be given if store.url is; otherwise empty";
            (!is_right, field, problem)
        });
        let wrong = [
            (
                !self.is_postgres() && self.sqlite_path().is_none_or(|path| path.as_os_str().is_empty()),
                "store.url",
                "must be sqlite://path/to/file.db or postgres://user:password@host:port/database",
            ),
            (
                self.readers == 0 || self.acquire_timeout_ms == 0,
                "store.readers",
                "this and acquire_timeout_ms must be more than 0",
            ),
            (self.connections < 2, "store.connections", "must be 2 or more"),
        ];
        let unreadable = [("store.url", &self.url)].into_iter().chain(own_urls(self));
        let unreadable = unreadable.map(|(field, url)| (is_postgres(url) && !is_readable(url), field, UNREADABLE));
        let wrong = wrong
            .into_iter()
            .chain(own)
            .chain(unreadable)
            .filter(|(wrong, ..)| *wrong);
        wrong.map(|(_, field, problem)| Fault::field(field, problem)).collect()
    }
}

/// The addresses hold passwords.
impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_postgres() { "postgres" } else { "sqlite" };
        out.debug_struct("Settings")
            .field("kind", &kind)
            .field("readers", &self.readers)
            .field("connections", &self.connections)
            .field("acquire_timeout_ms", &self.acquire_timeout_ms)
            .finish_non_exhaustive()
    }
}

/// What is said of an address that the driver does not understand; it may hold a password and is not repeated.
const UNREADABLE: &str = "must be postgres://user:password@host:port/database, in which %40 stands for an @, %2F for a / and \
    %3A for a : of the password";

/// The services' own addresses.
fn own_urls(settings: &Settings) -> [(&'static str, &String); 4] {
    [
        ("store.auth_url", &settings.auth_url),
        ("store.session_url", &settings.session_url),
        ("store.routing_url", &settings.routing_url),
        ("store.content_url", &settings.content_url),
    ]
}

/// Whether the driver understands it.
fn is_readable(url: &str) -> bool {
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let has_host = !rest.is_empty() && !rest.starts_with('/') || rest.contains("host=");
    has_host && url.parse::<PgConnectOptions>().is_ok()
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// How one service uses a PostgreSQL database; it means nothing to SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Which: its tables lie in the schema `onqueue_<service>`.
    pub service: &'static str,
    /// After this the server ends a statement, which is then UNAVAILABLE; below the deadlines of calls.
    pub statement_timeout: Duration,
    /// After this without a statement the server ends a transaction and its connection, so that a process that is paused
    /// keeps no locks.
    pub idle_in_transaction: Duration,
    /// For what prepared statements are planned.
    pub planning: Planning,
}

/// For what a PostgreSQL server plans prepared statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planning {
    /// Once for all values, where that seems to be good enough.
    Once,
    /// Each time, for its values and for the sizes that tables have then: for tables that are empty at one moment and long at
    /// the next, for which a plan that is kept is bad until statistics are gathered again.
    EachTime,
}

impl Planning {
    pub(crate) const fn mode(self) -> &'static str {
        match self {
            Self::Once => "auto",
            Self::EachTime => "force_custom_plan",
        }
    }
}

impl Profile {
    /// As most services do: 8 seconds and 2 seconds, planned once.
    pub const fn of(service: &'static str) -> Self {
        Self {
            service,
            statement_timeout: Duration::from_secs(8),
            idle_in_transaction: Duration::from_secs(2),
            planning: Planning::Once,
        }
    }

    /// The schema of its tables.
    pub fn schema(&self) -> String {
        schema(self.service)
    }

    /// Where unqualified tables are looked for: its own schema, then those that hold the trust tables.
    pub(crate) fn search_path(&self) -> String {
        let trust = TRUST.into_iter().filter(|service| *service != self.service);
        let services: Vec<String> = [self.service].into_iter().chain(trust).map(schema).collect();
        services.join(",")
    }
}

/// Who writes trust tables, which every service reads.
pub(crate) const TRUST: [&str; 2] = ["auth", "session"];

/// The schema of a service's tables, and the name of its role.
pub(crate) fn schema(service: &str) -> String {
    format!("onqueue_{service}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_its_address_or_the_common_one() {
        let mut settings = Settings::postgres("postgres://owner@db/onqueue");
        settings.session_url = "postgres://onqueue_session@db/onqueue".to_owned();
        assert_eq!(settings.check(), Ok(()));
        assert_eq!(settings.of("session").url, settings.session_url);
        for service in ["auth", "routing", "content", "gateway"] {
            assert_eq!(settings.of(service).url, settings.url, "{service}");
        }
        assert_eq!(settings.as_owner().of("session").url, settings.url);
        assert!(!format!("{settings:?}").contains("owner@db"));
    }

    #[test]
    fn what_can_not_be_right_is_named() {
        let sqlite = || Settings::at("sqlite://x.db".to_owned());
        assert_eq!(sqlite().check(), Ok(()));
        let url = |url: &str| Settings {
            url: url.to_owned(),
            ..sqlite()
        };
        let postgres = "postgres://db".to_owned();
        for (field, settings) in [
            ("store.url", url("mysql://db")),
            ("store.url", url("")),
            (
                "store.auth_url",
                Settings {
                    auth_url: postgres.clone(),
                    ..sqlite()
                },
            ),
            (
                "store.content_url",
                Settings {
                    content_url: "sqlite://x.db".to_owned(),
                    ..url(&postgres)
                },
            ),
            (
                "store.readers",
                Settings {
                    acquire_timeout_ms: 0,
                    ..sqlite()
                },
            ),
            (
                "store.connections",
                Settings {
                    connections: 1,
                    ..sqlite()
                },
            ),
        ] {
            let fault = settings.check().expect_err(field);
            assert!(format!("{fault:?}").contains(field), "{fault:?}");
        }
    }

    #[test]
    fn the_own_schema_comes_first() {
        let path = |service| Profile::of(service).search_path();
        assert_eq!(path("auth"), "onqueue_auth,onqueue_session");
        assert_eq!(path("session"), "onqueue_session,onqueue_auth");
        assert_eq!(path("routing"), "onqueue_routing,onqueue_auth,onqueue_session");
    }
}
