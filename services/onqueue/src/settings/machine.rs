//! What of the machine contradicts the settings, found before anything starts: certificates that cannot be used, addresses
//! that are taken, folders that are none.

use super::{Settings, mistake};
use onqueue_credentials::Identity;
use onqueue_server::settings::Mistake;
use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read as _},
    net::{SocketAddr, TcpListener},
    path::Path,
};

/// What each SQLite file begins with.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Everything that would keep `serve` from beginning on this machine. Addresses are tried and let go of again.
pub fn mistakes(settings: &Settings) -> Vec<Mistake> {
    let found = [
        certificates(settings),
        addresses(settings),
        database(settings),
        attachments(settings),
    ];
    found.into_iter().flatten().collect()
}

fn certificates(settings: &Settings) -> Vec<Mistake> {
    if settings.tls.folder.is_empty() {
        return Vec::new();
    }
    let folder = Path::new(&settings.tls.folder);
    let services = settings.process.services();
    let refused = services
        .iter()
        .filter_map(|service| Identity::load(folder, service).err());
    let remedy = "`onqueue certs` makes certificates";
    refused
        .map(|fault| Mistake::new("tls.folder", format!("{}; {remedy}", mistake(&fault).problem)))
        .collect()
}

fn addresses(settings: &Settings) -> Vec<Mistake> {
    // Held until all are tried: two of them may overlap, as 0.0.0.0 and 127.0.0.1 do.
    let mut held = Vec::new();
    let mut mistakes = Vec::new();
    for (field, address) in settings.listeners() {
        match TcpListener::bind(address) {
            Ok(listener) => held.push(listener),
            Err(error) => mistakes.push(Mistake::new(field, unusable(address, &error))),
        }
    }
    mistakes
}

fn unusable(address: SocketAddr, error: &std::io::Error) -> String {
    let remedy = match error.kind() {
        ErrorKind::AddrInUse => "another process listens there: end it, or choose another port",
        ErrorKind::AddrNotAvailable => "this machine has no such address: name one of its own, or 0.0.0.0 for all",
        ErrorKind::PermissionDenied => "ports below 1024 need a right to them: choose a higher one",
        _ => "choose another address",
    };
    format!("cannot listen on {address}: {remedy} ({error})")
}

fn database(settings: &Settings) -> Vec<Mistake> {
    let file = settings.store.sqlite_path();
    let Some(file) = file.filter(|_| settings.process.services().need_database()) else {
        return Vec::new();
    };
    let problem = match file.metadata() {
        Ok(found) if found.is_dir() => Some("is a folder: name the file in it".to_owned()),
        Ok(found) => unusable_file(&file, found.len()),
        Err(_) => no_folder(file.parent()),
    };
    let told = |problem| Mistake::new("store.url", format!("{}: {problem}", file.display()));
    problem.map(told).into_iter().collect()
}

fn unusable_file(file: &Path, length: u64) -> Option<String> {
    let writable = OpenOptions::new().append(true).open(file);
    if let Err(error) = writable {
        return Some(format!("cannot be written, give this user the right to: {error}"));
    }
    let mut first = [0; SQLITE.len()];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut first));
    let is_database = length == 0 || (read.is_ok() && first == SQLITE);
    (!is_database).then(|| {
        "is no SQLite database: name another file, or move it away and put a copy back with `onqueue restore`"
            .to_owned()
    })
}

fn attachments(settings: &Settings) -> Vec<Mistake> {
    let files = &settings.attachments;
    if !files.s3_bucket.is_empty() || files.folder.is_empty() || !settings.process.services().has("session") {
        return Vec::new();
    }
    let problem = no_folder(Some(Path::new(&files.folder)));
    problem
        .map(|problem| Mistake::new("attachments.folder", problem))
        .into_iter()
        .collect()
}

/// Why this can neither be nor become a folder.
fn no_folder(folder: Option<&Path>) -> Option<String> {
    let there = folder?.ancestors().find(|above| above.exists())?;
    (!there.is_dir()).then(|| format!("{} is not a folder: name one", there.display()))
}
