//! Whether the database can be opened at all: what everything else about it depends on.

use super::Finding;
use crate::settings::RESTORE;
use onqueue_store::{NoEntry, Profile, Settings, Store, StoreError};
use std::time::Duration;

/// How long the server may take to let us in.
const LET_IN: Duration = Duration::from_secs(2);

/// Connections that a look needs; an installation may have few to spare.
const FEW: u32 = 2;

const SILENT: &str = "start it there (`systemctl start postgresql`); if it runs, see whether this is its address and whether this \
    machine may reach it (listen_addresses, firewall). Nothing acknowledged is lost, and processes connect again by themselves";

const UNOPENED: &str = "see whether store.url names the right file, and whether this user may write it and its folder";

/// What is told of the owner where no service comes as them.
const OWNER: &str = "database (store.url)";

const FOR_TABLES: &str = "no service here uses this, only `onqueue migrate` and `onqueue restored`";

/// Why a service's database was not opened.
#[derive(Clone, Debug)]
pub struct Barred {
    /// What is told of it; the same for all services that meet the same obstacle.
    pub finding: Finding,
    /// Why nothing else was looked at.
    pub because: String,
}

/// Opens a service's database, or says soon why not.
pub async fn enter(settings: &Settings, service: &'static str) -> Result<Store, Barred> {
    let hurried = Settings {
        connections: FEW,
        acquire_timeout_ms: settings.acquire_timeout_ms.min(millis(LET_IN)),
        ..settings.clone()
    };
    let own = hurried.of(service);
    let place = own.server().unwrap_or_default();
    let knocked = Store::knock(&own, LET_IN).await;
    knocked.map_err(|why| barred(&place, &setting(settings, service), &why))?;
    let opened = Store::open_as(&hurried, &Profile::of(service)).await;
    opened.map_err(|error| match own.is_postgres() {
        true => barred(&place, &setting(settings, service), &NoEntry::Silent(error.to_string())),
        false => Barred {
            finding: match error {
                StoreError::Damaged(_) => Finding::fail("database", error.to_string(), RESTORE),
                _ => Finding::fail("database", error.to_string(), UNOPENED),
            },
            because: "the file cannot be opened".to_owned(),
        },
    })
}

/// Whether the owner of the tables is let in where no service comes by `store.url`: nobody else would notice before the next
/// `onqueue migrate`. That its server is silent is told by the services that use it too.
pub async fn owner(settings: &Settings, services: &[&'static str]) -> Option<Finding> {
    let owner = settings.as_owner();
    let place = owner.server()?;
    if services.iter().any(|service| settings.of(service).url == owner.url) {
        return None;
    }
    let is_told = services
        .iter()
        .any(|service| settings.of(service).server().as_ref() == Some(&place));
    match Store::knock(&owner, LET_IN).await {
        Ok(()) => Some(Finding::ok(OWNER, format!("{place} lets us in; {FOR_TABLES}"))),
        Err(NoEntry::Silent(_)) if is_told => None,
        Err(why) => Some(unused(&place, &why)),
    }
}

/// Calls succeed all the same.
fn unused(place: &str, why: &NoEntry) -> Finding {
    let Barred { finding, .. } = barred(place, "store.url", why);
    Finding::warn(OWNER, format!("{}; {FOR_TABLES}", finding.found), &finding.remedy)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The setting that holds a service's address.
fn setting(settings: &Settings, service: &str) -> String {
    match settings.of(service).url == settings.url {
        true => "store.url".to_owned(),
        false => format!("store.{service}_url"),
    }
}

fn barred(place: &str, setting: &str, why: &NoEntry) -> Barred {
    match why {
        NoEntry::Silent(problem) => Barred {
            finding: Finding::fail(
                "database",
                format!("PostgreSQL at {place} does not answer: {problem}"),
                SILENT,
            ),
            because: format!("PostgreSQL at {place} does not answer"),
        },
        NoEntry::Refused { code, problem } => Barred {
            finding: Finding::fail(
                format!("database ({setting})"),
                format!("{place} does not let us in: {problem}"),
                &remedy(code, setting),
            ),
            because: format!("{place} does not let us in with {setting}"),
        },
    }
}

/// By the codes of PostgreSQL's appendix A.
fn remedy(code: &str, setting: &str) -> String {
    match code {
        "" => format!("see whether that is PostgreSQL, 14 or newer, and what {setting} says of sslmode"),
        "3D000" => format!("make the database (`createdb`), or correct its name in {setting}"),
        "53300" => {
            "have max_connections above the sum of all store.connections, or end what holds connections".to_owned()
        }
        "57P03" => "wait until it has started; its log says how far it is".to_owned(),
        _ if code.starts_with("28") => format!(
            "correct user and password in {setting}, or give the role that password (docs/operate.md, “Passwords of \
             PostgreSQL”); `onqueue migrate` makes services' roles that are not there"
        ),
        _ => "the server's log says more".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::State, *};

    #[test]
    fn a_refusal_names_the_setting_to_correct() {
        for (code, expected) in [
            ("28P01", "correct user and password in store.auth_url"),
            ("28000", "correct user and password in store.auth_url"),
            ("3D000", "its name in store.auth_url"),
            ("53300", "max_connections"),
            ("57P03", "wait until it has started"),
            ("42501", "the server's log"),
            ("", "14 or newer"),
        ] {
            let refused = NoEntry::Refused {
                code: code.to_owned(),
                problem: "no".to_owned(),
            };
            let barred = barred("db:5432", "store.auth_url", &refused);
            assert!(barred.finding.remedy.contains(expected), "{code}: {barred:?}");
            assert!(barred.finding.found.contains("db:5432"), "{code}: {barred:?}");
        }
    }

    #[test]
    fn an_owner_who_is_not_let_in_is_to_be_looked_after_and_no_failure() {
        let refused = NoEntry::Refused {
            code: "28P01".to_owned(),
            problem: "no".to_owned(),
        };
        for why in [refused, NoEntry::Silent("refused".to_owned())] {
            let told = unused("db:5432", &why);
            assert_eq!(told.state, State::Warn, "{told:?}");
            assert_eq!(told.check, "database (store.url)");
            assert!(
                told.found.contains("db:5432") && told.found.contains("`onqueue migrate`"),
                "{told:?}"
            );
            assert!(!told.remedy.is_empty(), "{told:?}");
        }
    }

    #[test]
    fn services_without_addresses_of_their_own_go_by_the_common_one() {
        let settings = Settings {
            session_url: "postgres://session@db/onqueue".to_owned(),
            ..Settings::postgres("postgres://onqueue@db/onqueue")
        };
        assert_eq!(setting(&settings, "auth"), "store.url");
        assert_eq!(setting(&settings, "session"), "store.session_url");
    }
}
