//! What is in the database: whether it answers, its tables, its clock, who may do what, the keys that sign.

use super::{
    Finding,
    entry::{Barred, enter, owner},
    file, said,
};
use crate::{
    command::keys::{self, Listed, moment},
    node::{OWNERS, condition},
    settings::{RESTORE, Settings},
};
use futures::future::join_all;
use onqueue_model::{Cause, Fault, Reason, Timestamp};
use onqueue_server::Clock;
use onqueue_store::{Rights, Store};
use std::{collections::BTreeMap, path::Path, time::Duration};
use tokio::time::timeout;

/// How far the machine's clock may be from the database's.
const SKEW: Duration = Duration::from_secs(1);

/// From here on tokens of one machine are refused by another.
const TOO_FAR: Duration = Duration::from_secs(30);

/// Those who have keys that sign.
const SIGNERS: [&str; 2] = ["auth", "session"];

/// How long before its end a key should have a successor.
const SUCCEEDED: Duration = Duration::from_secs(12 * 60 * 60);

const REACH: &str = "see whether it runs, whether store.url names its address, user and password, and whether this machine may \
    reach it; the first time, `onqueue migrate` makes roles and tables";

/// How long a look at what is in the database may take.
const LOOKED: Duration = Duration::from_secs(3);

/// How long closing may take.
const CLOSED: Duration = Duration::from_secs(1);

const SLOW: &str = "look at the database: its log, its disk, and what waits for a lock (pg_stat_activity)";

/// What was opened, and why the rest was not.
#[derive(Default)]
struct Opened {
    stores: BTreeMap<&'static str, Store>,
    barred: BTreeMap<&'static str, Barred>,
    /// Whether it has roles with rights; a file has none.
    has_roles: bool,
}

/// Looks at the database as each service of this process sees it; at the same time, and at each for a few seconds at most.
/// Looking thoroughly takes as long as it takes.
pub async fn examine(settings: &Settings, is_thorough: bool) -> Vec<Finding> {
    let services = settings.process.services();
    if !services.need_database() {
        return vec![Finding::ok("database", "none needed: the gateway has none")];
    }
    let path = settings.store.sqlite_path();
    if let Some(found) = path.as_deref().and_then(file::unseen) {
        return vec![found];
    }
    let own: Vec<_> = OWNERS.into_iter().filter(|service| services.has(service)).collect();
    let (opened, owner) = futures::join!(open(&settings.store, &own), owner(&settings.store, &own));
    let (general, pages, each, signing) = futures::join!(
        of_all(&opened),
        pages(path.as_deref(), &opened, is_thorough),
        join_all(own.iter().map(|service| seen_by(service, &opened))),
        join_all(SIGNERS.map(|service| signing(service, &opened)))
    );
    let closing = opened.stores.values().map(|store| timeout(CLOSED, store.close()));
    // What was found is found; a connection that does not close ends with the process.
    let _ = join_all(closing).await;
    general
        .into_iter()
        .chain(owner)
        .chain(pages)
        .chain(each.into_iter().flatten())
        .chain(signing.into_iter().flatten())
        .collect()
}

async fn open(settings: &onqueue_store::Settings, services: &[&'static str]) -> Opened {
    let mut opened = Opened {
        has_roles: settings.is_postgres(),
        ..Opened::default()
    };
    if !settings.is_postgres() {
        // One file for all.
        let entered = enter(settings, "auth").await;
        services
            .iter()
            .for_each(|service| opened.note(service, entered.clone()));
        return opened;
    }
    let entering = services
        .iter()
        .map(|service| async { (*service, enter(settings, service).await) });
    for (service, entered) in join_all(entering).await {
        opened.note(service, entered);
    }
    opened
}

impl Opened {
    fn note(&mut self, service: &'static str, entered: Result<Store, Barred>) {
        match entered {
            Ok(store) => drop(self.stores.insert(service, store)),
            Err(barred) => drop(self.barred.insert(service, barred)),
        }
    }

    /// A service's database, or why nothing in it was looked at.
    fn of(&self, service: &str) -> Option<Result<&Store, &str>> {
        let barred = || self.barred.get(service).map(|barred| Err(barred.because.as_str()));
        self.stores.get(service).map(Ok).or_else(barred)
    }

    /// What keeps services out, each obstacle once.
    fn obstacles(&self) -> Vec<Finding> {
        let mut told: Vec<Finding> = Vec::new();
        for Barred { finding, .. } in self.barred.values() {
            if !told.contains(finding) {
                told.push(finding.clone());
            }
        }
        told
    }
}

/// What was found in time.
async fn in_time(check: &str, looking: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    let late = || {
        let found = format!("no answer within {} s", LOOKED.as_secs());
        vec![Finding::fail(check, found, SLOW)]
    };
    timeout(LOOKED, looking).await.unwrap_or_else(|_| late())
}

/// What does not depend on the service.
async fn of_all(opened: &Opened) -> Vec<Finding> {
    let mut findings = opened.obstacles();
    let Some(store) = opened.stores.values().next() else {
        let because = opened.barred.values().next().map(|barred| barred.because.as_str());
        findings.extend(because.map(|because| Finding::skipped("clock", because)));
        return findings;
    };
    let looking = async {
        let version = match store.version().await {
            Ok(version) => Finding::ok("database", version),
            Err(error) => Finding::fail("database", error.to_string(), REACH),
        };
        vec![version, skew(store).await]
    };
    findings.extend(in_time("database", looking).await);
    findings
}

/// The pages of the file, if it is one and could be opened.
async fn pages(path: Option<&Path>, opened: &Opened, is_thorough: bool) -> Vec<Finding> {
    let (Some(path), Some(store)) = (path, opened.stores.values().next()) else {
        return Vec::new();
    };
    match is_thorough {
        true => vec![file::all_of(path, store).await],
        false => in_time("file", async { vec![file::glance(path, store).await] }).await,
    }
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

/// What one service sees.
async fn seen_by(service: &'static str, opened: &Opened) -> Vec<Finding> {
    let (tables, rights) = (format!("tables {service}"), format!("rights {service}"));
    match opened.of(service) {
        Some(Ok(store)) => {
            let looking = async {
                let own = granted(service, rights, store).await;
                [condition_of(service, &tables, store).await]
                    .into_iter()
                    .chain(own)
                    .collect()
            };
            in_time(&tables, looking).await
        }
        Some(Err(because)) => {
            let rights = opened.has_roles.then(|| Finding::skipped(rights, because));
            [Finding::skipped(tables, because)].into_iter().chain(rights).collect()
        }
        None => Vec::new(),
    }
}

async fn condition_of(service: &str, check: &str, store: &Store) -> Finding {
    match condition(store, service).await {
        Ok((pending, ahead)) if pending.is_empty() => Finding::ok(check, version(&ahead)),
        Ok((pending, _)) => Finding::fail(
            check,
            format!("not up to date: {}", pending.join(", ")),
            "run `onqueue migrate` with this version; after a restore from a backup, `onqueue restored`",
        ),
        Err(error) => unread(check, &error.into()),
    }
}

/// Tables that cannot be read are missing, or of another version; unless it is the file, or the way to the server.
fn unread(check: &str, fault: &Fault) -> Finding {
    let remedy = match (fault.cause, fault.reason) {
        (Some(Cause::DamagedDatabase), _) => RESTORE,
        (None, Reason::Unavailable) => REACH,
        (None, _) => "run `onqueue migrate`",
    };
    Finding::fail(check, said(fault), remedy)
}

async fn granted(service: &str, check: String, store: &Store) -> Option<Finding> {
    match store.rights(service).await {
        Ok(rights) => rights.map(|rights| may(service, &rights)),
        Err(error) => Some(Finding::fail(check, error.to_string(), REACH)),
    }
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
            "run `onqueue migrate` as the owner of the tables, which gives the rights; after a restore, `onqueue restored`",
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

/// The keys of a service, if it has some and runs here.
async fn signing(service: &'static str, opened: &Opened) -> Vec<Finding> {
    let check = format!("signing key {service}");
    let store = match opened.of(service) {
        Some(Ok(store)) => store,
        Some(Err(because)) => return vec![Finding::skipped(check, because)],
        None => return Vec::new(),
    };
    let looking = async {
        match known(service, store).await {
            Ok((keys, now)) => vec![signs(service, &keys, now)],
            Err(fault) => vec![unread(&check, &fault)],
        }
    };
    in_time(&check, looking).await
}

async fn known(service: &str, store: &Store) -> Result<(Vec<Listed>, Timestamp), Fault> {
    let now = store.now().await?;
    let keys = match service {
        "auth" => keys::of_auth(store).await?,
        _ => keys::of_session(store, now).await?,
    };
    Ok((keys, now))
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
    fn what_cannot_be_read_is_told_by_its_cause_and_not_by_its_words() {
        let fault = Fault::internal("a table named “the database's file is damaged”");
        for (fault, expected) in [
            (fault.clone(), "onqueue migrate"),
            (fault.with_cause(Cause::DamagedDatabase), "onqueue restore"),
            (Fault::unavailable("gone"), "whether this machine may reach it"),
        ] {
            assert!(unread("tables auth", &fault).remedy.contains(expected), "{fault:?}");
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
