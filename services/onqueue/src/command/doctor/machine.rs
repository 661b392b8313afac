//! What is not in the database: certificates, disks, the broker.

use super::{Finding, said};
use crate::settings::{Settings, unreadable};
use onqueue_bus::{Bus, NoEntry};
use onqueue_credentials::Identity;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Days before their end at which certificates should have been renewed.
const RENEWED: u64 = 14;

/// How long the broker may take to let us in.
const LET_IN: Duration = Duration::from_secs(3);

const MEBIBYTE: u64 = 1 << 20;

/// Below so many free bytes a disk is nearly full.
const SCARCE: u64 = 1_024 * MEBIBYTE;

/// Below so many it is as good as full.
const FULL: u64 = 64 * MEBIBYTE;

const MADE_ANEW: &str = "make new ones: `onqueue certs`, or look at cert-manager";

/// Whether the certificates of this process's services can be used, and for how long.
pub fn certificates(settings: &Settings) -> Vec<Finding> {
    if settings.tls.folder.is_empty() {
        return vec![Finding::ok(
            "certificates",
            "none needed: all services run in one process",
        )];
    }
    let folder = Path::new(&settings.tls.folder);
    let services = settings.process.services();
    let loaded: Vec<_> = services
        .iter()
        .map(|service| (service, Identity::load(folder, service)))
        .collect();
    let usable: Vec<&Identity> = loaded.iter().filter_map(|(_, loaded)| loaded.as_ref().ok()).collect();
    let authority = (usable.len() > 1).then(|| authority(&usable));
    let each = loaded.iter().map(|(service, loaded)| {
        let check = format!("certificate {service}");
        match loaded {
            Ok(identity) => lasting(check, identity.days_left()),
            Err(fault) => {
                let out_of_reach = unreadable(folder, service).map(|[_, remedy]| remedy);
                let remedy = out_of_reach.as_deref().unwrap_or(MADE_ANEW);
                Finding::fail(check, said(fault), remedy)
            }
        }
    });
    each.chain(authority).collect()
}

/// Whether each accepts all others: who is not accepted cannot be called.
fn authority(identities: &[&Identity]) -> Finding {
    const REMEDY: &str = "their folders were made by different authorities: put `ca` of the right one into the folder and make all \
        again with one `onqueue certs`, on all machines (docs/operate.md, “Certificates”)";
    let strangers = |one: &&Identity| {
        let refused = identities.iter().filter(|other| !one.trusts(other));
        let refused: Vec<&str> = refused.map(|other| other.service()).collect();
        (!refused.is_empty()).then(|| format!("{} does not accept {}", one.service(), refused.join(", ")))
    };
    let apart: Vec<String> = identities.iter().filter_map(strangers).collect();
    match apart.is_empty() {
        true => Finding::ok("authority", "one: all services accept one another"),
        false => Finding::fail("authority", apart.join("; "), REMEDY),
    }
}

fn lasting(check: String, days: u64) -> Finding {
    let found = format!("holds for {days} days");
    match days {
        0..RENEWED => Finding::warn(
            check,
            found,
            "renew it now: `onqueue certs`; processes notice without a restart",
        ),
        _ => Finding::ok(check, found),
    }
}

/// How much room there is where data lies.
pub fn disks(settings: &Settings) -> Vec<Finding> {
    let services = settings.process.services();
    let data = settings.store.sqlite_path().filter(|_| services.need_database());
    let data = data.map(|file| ("disk of the data", file));
    let files = &settings.attachments;
    let keeps_files = services.has("session") && files.s3_bucket.is_empty();
    let files = keeps_files.then(|| ("disk of files", PathBuf::from(&files.folder)));
    data.into_iter()
        .chain(files)
        .map(|(check, path)| disk(check, &path))
        .collect()
}

fn disk(check: &str, path: &Path) -> Finding {
    const REMEDY: &str = "make room or give it a larger disk: without any, messages are refused, and nothing is lost";
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = absolute.ancestors().find(|above| above.exists());
    let room = rustix::fs::statvfs(there.unwrap_or_else(|| Path::new("/")));
    let Ok(room) = room else {
        return Finding::warn(
            check,
            "cannot be looked at",
            "see whether this user may read the folder",
        );
    };
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let found = format!("{} MiB free at {}", free / MEBIBYTE, path.display());
    match free {
        0..FULL => Finding::fail(check, found, REMEDY),
        FULL..SCARCE => Finding::warn(check, found, REMEDY),
        _ => Finding::ok(check, found),
    }
}

/// Whether the broker lets us in.
pub async fn bus(settings: &Settings) -> Vec<Finding> {
    if settings.bus.is_in_process() {
        return vec![Finding::ok("bus", "within the process")];
    }
    let servers = settings.bus.servers().join(", ");
    vec![match Bus::knock(&settings.bus, LET_IN).await {
        Ok(()) => Finding::ok("bus", format!("NATS at {servers} lets us in")),
        Err(why) => barred(&servers, &why),
    }]
}

fn barred(servers: &str, why: &NoEntry) -> Finding {
    match why {
        NoEntry::Silent(problem) => Finding::fail(
            "bus",
            format!("NATS at {servers} does not answer: {problem}"),
            "start it there; if it runs, see whether bus.url names its address and whether this machine may reach it. Until then \
             everything arrives up to a second later",
        ),
        NoEntry::Refused(problem) => Finding::fail(
            "bus",
            format!("NATS at {servers} does not let us in: {problem}"),
            "correct user and password in bus.url, as the servers' own settings have them",
        ),
        NoEntry::Unreadable(fault) => Finding::fail("bus", said(fault), "correct bus.url"),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::State, *};

    #[test]
    fn certificates_are_looked_after_in_time() {
        for (days, expected) in [(0, State::Warn), (13, State::Warn), (14, State::Ok), (90, State::Ok)] {
            assert_eq!(lasting("x".to_owned(), days).state, expected, "{days}");
        }
    }

    #[test]
    fn room_is_found_where_the_folder_is_yet_to_be() {
        let finding = disk("disk", Path::new("/tmp/nowhere/at/all/onqueue.db"));
        assert!(finding.found.contains("MiB free"), "{finding:?}");
    }
}
