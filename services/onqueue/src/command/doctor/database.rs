//! What is in the database: whether it answers, its tables, its clock, who may do what, the keys that sign.

use super::{Finding, said};
use crate::{
    command::keys::{self, Listed, moment},
    node::{OWNERS, condition},
    settings::Settings,
};
use onqueue_model::{Fault, Timestamp};
use onqueue_server::Clock;
use onqueue_store::{Profile, Rights, Store};
use std::time::Duration;

/// How far the machine's clock may be from the database's.
const SKEW: Duration = Duration::from_secs(1);

/// From here on tokens of one machine are refused by another.
const TOO_FAR: Duration = Duration::from_secs(30);

/// How long before its end a key should have a successor.
const SUCCEEDED: Duration = Duration::from_secs(12 * 60 * 60);

const REACH: &str = "see whether it runs, whether store.url names its address, user and password, and whether this machine may \
    reach it; the first time, `onqueue migrate` makes roles and tables";

const DAMAGED: &str = "see whether store.url names the right file and this user may write it; if the file is damaged, move it away \
    and put a copy back: `onqueue restore FILE`";

/// Looks at the database as each service of this process sees it.
pub async fn examine(settings: &Settings) -> Vec<Finding> {
    let services = settings.process.services();
    if !services.need_database() {
        return vec![Finding::ok("database", "none needed: the gateway has none")];
    }
    if settings.store.sqlite_path().is_some_and(|file| !file.exists()) {
        let remedy = "the first `onqueue serve` makes it; where there was one, look at store.url or --data";
        return vec![Finding::warn("database", "there is none yet", remedy)];
    }
    let mut findings = Vec::new();
    let mut stores = Vec::new();
    for service in OWNERS.into_iter().filter(|service| services.has(service)) {
        match Store::open_as(&settings.store, &Profile::of(service)).await {
            Ok(store) => {
                findings.extend(seen_by(service, &store).await);
                stores.push((service, store));
            }
            // One file for all: the next would find the same.
            Err(error) if !settings.store.is_postgres() => {
                return vec![Finding::fail("database", error.to_string(), DAMAGED)];
            }
            Err(error) => findings.push(Finding::fail(format!("database {service}"), error.to_string(), REACH)),
        }
    }
    if let Some((_, store)) = stores.first() {
        findings.extend(of_all(store).await);
    }
    let of = |name: &str| {
        stores
            .iter()
            .find(|(service, _)| *service == name)
            .map(|(_, store)| store)
    };
    if let (Some(auth), Some(session)) = (of("auth"), of("session")) {
        findings.extend(signing(auth, session).await);
    }
    for (_, store) in &stores {
        // What was found is found; a connection that does not close ends with the process.
        let _ = store.close().await;
    }
    findings
}

/// What does not depend on the service.
async fn of_all(store: &Store) -> Vec<Finding> {
    let version = match store.version().await {
        Ok(version) => Finding::ok("database", version),
        Err(error) => Finding::fail("database", error.to_string(), REACH),
    };
    vec![version, skew(store).await]
}

async fn skew(store: &Store) -> Finding {
    let machine = Clock::system();
    let before = machine.now();
    let database = store.now().await;
    let after = machine.now();
    match database {
        Ok(database) => judged(before, database, after),
        Err(error) => Finding::fail("clock", error.to_string(), REACH),
    }
}

/// The database's time lies between before and after, or is off by what is missing.
fn judged(before: Timestamp, database: Timestamp, after: Timestamp) -> Finding {
    const REMEDY: &str =
        "have both machines keep time (chrony, systemd-timesyncd): the gateway goes by this machine's clock";
    let behind = after.since(before) + Duration::from_millis(1);
    let skew = database.since(after).max(before.since(database + behind));
    let found = format!("{} ms from the database's", skew.as_millis());
    match skew {
        skew if skew >= TOO_FAR => Finding::fail("clock", found, REMEDY),
        skew if skew >= SKEW => Finding::warn("clock", found, REMEDY),
        _ => Finding::ok("clock", found),
    }
}

async fn seen_by(service: &'static str, store: &Store) -> Vec<Finding> {
    let tables = match condition(store, service).await {
        Ok((pending, ahead)) if pending.is_empty() => Finding::ok(format!("tables {service}"), version(&ahead)),
        Ok((pending, _)) => Finding::fail(
            format!("tables {service}"),
            format!("not up to date: {}", pending.join(", ")),
            "run `onqueue migrate` with this version",
        ),
        Err(error) => Finding::fail(format!("tables {service}"), error.to_string(), "run `onqueue migrate`"),
    };
    let rights = match store.rights(service).await {
        Ok(rights) => rights.map(|rights| may(service, &rights)),
        Err(error) => Some(Finding::fail(format!("rights {service}"), error.to_string(), REACH)),
    };
    [tables].into_iter().chain(rights).collect()
}

fn version(ahead: &[String]) -> String {
    match ahead.is_empty() {
        true => "up to date".to_owned(),
        false => format!("up to date; a newer version has added {}", ahead.join(", ")),
    }
}

fn may(service: &str, rights: &Rights) -> Finding {
    let check = format!("rights {service}");
    let role = &rights.role;
    if rights.missing > 0 {
        let found = format!("{role} may not write {} of {} tables", rights.missing, rights.own);
        return Finding::fail(
            check,
            found,
            "run `onqueue migrate` as the owner of the tables, which gives the rights",
        );
    }
    let apart =
        "give each service its own role: store.auth_url, store.session_url, store.routing_url, store.content_url";
    if rights.is_superuser {
        return Finding::warn(check, format!("{role} is a superuser of the server"), apart);
    }
    if rights.foreign > 0 {
        let found = format!("{role} may write {} tables of other services too", rights.foreign);
        return Finding::warn(check, found, apart);
    }
    Finding::ok(
        check,
        format!("{role} may write its {} tables and no others", rights.own),
    )
}

async fn signing(auth: &Store, session: &Store) -> Vec<Finding> {
    let read = async {
        let now = auth.now().await?;
        Ok::<_, Fault>((keys::known(auth, session, now).await?, now))
    };
    match read.await {
        Ok((keys, now)) => ["auth", "session"].map(|service| signs(service, &keys, now)).into(),
        Err(fault) => vec![Finding::fail("signing keys", said(&fault), "run `onqueue migrate`")],
    }
}

fn signs(service: &str, keys: &[Listed], now: Timestamp) -> Finding {
    let check = format!("signing key {service}");
    let own = keys
        .iter()
        .filter(|key| key.service == service && key.signs_until > now);
    let Some(last) = own.max_by_key(|key| key.signs_until) else {
        let remedy = "the service makes one when it starts: start it";
        return Finding::warn(check, "there is none that signs", remedy);
    };
    let days = now.since(last.made_at).as_secs() / (24 * 60 * 60);
    let found = format!("{} days old, signs until {}", days, moment(last.signs_until));
    match last.signs_until.since(now) < SUCCEEDED {
        true => Finding::warn(
            check,
            found,
            "the service should have made the next one: see whether it runs, and its log",
        ),
        false => Finding::ok(check, found),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::State, *};

    #[test]
    fn clocks_apart_are_told() {
        let at = |seconds: i64| Timestamp(1_790_000_000_000 + seconds * 1_000);
        for (database, expected) in [
            (0, State::Ok),
            (2, State::Warn),
            (-3, State::Warn),
            (40, State::Fail),
            (-40, State::Fail),
        ] {
            assert_eq!(judged(at(0), at(database), at(0)).state, expected, "{database}");
        }
        assert_eq!(judged(at(0), at(1), at(2)).state, State::Ok, "it took so long to ask");
    }

    #[test]
    fn rights_are_enough_and_no_more() {
        let rights = |missing, foreign, is_superuser| Rights {
            role: "onqueue_auth".to_owned(),
            is_superuser,
            own: 20,
            missing,
            foreign,
        };
        for (rights, expected) in [
            (rights(0, 0, false), State::Ok),
            (rights(1, 0, false), State::Fail),
            (rights(0, 3, false), State::Warn),
            (rights(0, 3, true), State::Warn),
        ] {
            assert_eq!(may("auth", &rights).state, expected, "{rights:?}");
        }
    }

    #[test]
    fn keys_without_a_successor_are_told() {
        let now = Timestamp(1_790_000_000_000);
        let key = |hours: u64| Listed {
            service: "auth",
            kid: "k".to_owned(),
            made_at: now,
            signs_until: now + Duration::from_secs(hours * 3_600),
            expires_at: now + Duration::from_secs(hours * 3_600),
        };
        assert_eq!(signs("auth", &[key(24), key(1)], now).state, State::Ok);
        assert_eq!(signs("auth", &[key(11)], now).state, State::Warn);
        assert_eq!(signs("session", &[key(24)], now).state, State::Warn);
    }
}
