//! What of the machine contradicts the settings, found before anything starts: certificates that cannot be used, addresses
//! that are taken, folders that are none.

use super::{
    Settings, mistake,
    owner::{out_of_reach, unreadable, unusable_by_us},
};
use onqueue_credentials::Identity;
use onqueue_model::Fault;
use onqueue_server::settings::Mistake;
use std::{
    fs::{File, OpenOptions},
    io::{Error, ErrorKind, Read as _},
    net::{SocketAddr, TcpListener},
    path::Path,
};

/// What each SQLite file begins with.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// What is to be done with a file that SQLite finds damaged.
pub const RESTORE: &str =
    "end whatever uses it, move it away and put a copy back: `onqueue restore FILE` (docs/operate.md, “Restore”)";

/// What would keep `serve` from beginning on this machine.
#[derive(Debug, Default)]
pub struct Obstacles {
    /// What stays so until somebody changes it.
    pub mistakes: Vec<Mistake>,
    /// Addresses that something else uses, perhaps for a moment only: a former process that still drains.
    pub taken: Vec<Mistake>,
}

/// Looks for everything at once. Addresses are tried and let go of again.
pub fn obstacles(settings: &Settings) -> Obstacles {
    let (taken, unusable) = addresses(settings);
    let found = [
        certificates(settings),
        unusable,
        database(settings),
        attachments(settings),
    ];
    Obstacles {
        mistakes: found.into_iter().flatten().collect(),
        taken,
    }
}

/// What is wrong with a file that is there and holds nothing, and what to do; `None` if it is not that. SQLite would take it
/// for a new database, and where data is missed everything would look well.
pub fn emptied(file: &Path) -> Option<[&'static str; 2]> {
    let found = file.metadata().ok()?;
    (found.is_file() && found.len() == 0).then_some([
        "is empty (0 bytes), as a file is that was lost or cut off",
        "move it away and put a copy back: `onqueue restore FILE` (docs/operate.md, “Restore”); if nothing was ever in it, \
         remove it, and a new one is made",
    ])
}

/// Refuses a file that is there and holds nothing.
pub fn holds_something(file: &Path) -> Result<(), Fault> {
    match emptied(file) {
        Some([problem, remedy]) => Err(Fault::unavailable(format!("{} {problem}: {remedy}", file.display()))),
        None => Ok(()),
    }
}

/// Whether there is such a file, and something in it; why not, if this user may not know.
pub fn is_there(file: &Path) -> Result<(), Fault> {
    let Err(error) = file.metadata() else {
        return holds_something(file);
    };
    Err(match out_of_reach(file, &error) {
        Some([problem, remedy]) => Fault::unavailable(format!("{problem}: {remedy}")),
        None => Fault::unavailable(format!("{}: there is no database", file.display())),
    })
}

fn certificates(settings: &Settings) -> Vec<Mistake> {
    if settings.tls.folder.is_empty() {
        return Vec::new();
    }
    let folder = Path::new(&settings.tls.folder);
    let services = settings.process.services();
    let told = |service: &'static str| {
        let fault = Identity::load(folder, service).err()?;
        let remedy = match unreadable(folder, service) {
            Some([_, remedy]) => remedy,
            None => "`onqueue certs` makes certificates".to_owned(),
        };
        Some(Mistake::new(
            "tls.folder",
            format!("{}; {remedy}", mistake(&fault).problem),
        ))
    };
    services.iter().filter_map(told).collect()
}

/// Those that are taken, and those that cannot be used at all.
fn addresses(settings: &Settings) -> (Vec<Mistake>, Vec<Mistake>) {
    // Held until all are tried: two of them may overlap, as 0.0.0.0 and 127.0.0.1 do.
    let mut held = Vec::new();
    let (mut taken, mut mistakes) = (Vec::new(), Vec::new());
    for (field, address) in settings.listeners() {
        match TcpListener::bind(address) {
            Ok(listener) => held.push(listener),
            Err(error) => {
                let told = Mistake::new(field, unusable(address, &error));
                match error.kind() {
                    ErrorKind::AddrInUse => taken.push(told),
                    _ => mistakes.push(told),
                }
            }
        }
    }
    (taken, mistakes)
}

fn unusable(address: SocketAddr, error: &Error) -> String {
    let remedy = match error.kind() {
        ErrorKind::AddrInUse => {
            "another process listens there: end it, wait until it has ended if it is the former one, or choose another port"
        }
        ErrorKind::AddrNotAvailable => "this machine has no such address: name one of its own, or 0.0.0.0 for all",
        ErrorKind::PermissionDenied => "ports below 1024 need a right to them: choose a higher one",
        _ => "choose another address",
    };
    format!("cannot listen on {address}: {remedy} ({error})")
}

/// Why SQLite's file cannot be used, if it is there or cannot be made.
pub fn database(settings: &Settings) -> Vec<Mistake> {
    let file = settings.store.sqlite_path();
    let Some(file) = file.filter(|_| settings.process.services().need_database()) else {
        return Vec::new();
    };
    if let Some([problem, remedy]) = unusable_by_us(&file) {
        return vec![Mistake::new("store.url", format!("{problem}: {remedy}"))];
    }
    let problem = match file.metadata() {
        Ok(found) if found.is_dir() => Some("is a folder: name the file in it".to_owned()),
        Ok(_) => unusable_file(&file),
        Err(_) => no_folder(file.parent()),
    };
    let told = |problem| Mistake::new("store.url", format!("{}: {problem}", file.display()));
    problem.map(told).into_iter().collect()
}

fn unusable_file(file: &Path) -> Option<String> {
    if let Some([problem, remedy]) = emptied(file) {
        return Some(format!("{problem}: {remedy}"));
    }
    let writable = OpenOptions::new().append(true).open(file);
    if let Err(error) = writable {
        return Some(format!("cannot be written, give this user the right to: {error}"));
    }
    let mut first = [0; SQLITE.len()];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut first));
    let is_database = read.is_ok() && first == SQLITE;
    (!is_database).then(|| format!("is no SQLite database: name another file; if it was one, it is damaged: {RESTORE}"))
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
