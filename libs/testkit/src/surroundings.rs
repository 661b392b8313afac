//! What a service is bound to in a test.

use crate::servers::{PostgresDatabase, postgres, variable};
use onqueue_bus::Bus;
use onqueue_model::Timestamp;
use onqueue_server::{Clock, Context, Ids, ManualClock, Tasks};
use onqueue_store::{Settings, Store, StoreError};
use onqueue_telemetry::{Format, Guard};
use onqueue_trust::Trust;
use std::{
    collections::BTreeMap,
    fs,
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::OnceLock,
};
use tempfile::TempDir;
use tokio::sync::Mutex;

/// When the manual clock begins: some morning in 2026.
pub const START: Timestamp = Timestamp(1_790_000_000_000);

/// Surroundings in which time stands still until it is moved, and ids and random bytes repeat with the seed. Nobody is
/// trusted yet: see [`crate::Tokens`].
pub fn still_context(seed: u64) -> (Context, ManualClock) {
    let (clock, hand) = Clock::manual(START);
    (context(clock, seed), hand)
}

/// Surroundings in which time runs as usual and ids repeat with the seed.
pub fn running_context(seed: u64) -> Context {
    context(Clock::system(), seed)
}

fn context(clock: Clock, seed: u64) -> Context {
    Context {
        clock,
        ids: Ids::seeded(seed),
        tasks: Tasks::new(),
        bus: Bus::in_process(),
        trust: Trust::new(),
    }
}

/// A database without tables, which goes away with this.
#[derive(Debug)]
pub struct TempStore {
    /// The open database.
    pub store: Store,
    settings: Settings,
    // Only kept.
    _place: Place,
}

#[derive(Debug)]
enum Place {
    Folder(#[expect(dead_code, reason = "kept until it is dropped")] TempDir),
    Server(#[expect(dead_code, reason = "kept until it is dropped")] PostgresDatabase),
}

impl TempStore {
    /// With these, the same database can be opened again, as another process would.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// Opens a new database: on SQLite, or with ONQUEUE_TEST_DATABASE=postgres on PostgreSQL (see [`crate::postgres`]).
pub async fn temp_store() -> TempStore {
    let (settings, place) = match variable("ONQUEUE_TEST_DATABASE").as_deref() {
        None | Some("sqlite") => file(),
        Some("postgres") => {
            let database = postgres().await;
            (database.settings(), Place::Server(database))
        }
        Some(other) => panic!("ONQUEUE_TEST_DATABASE is {other}: it can be sqlite or postgres"),
    };
    TempStore {
        store: Store::open(&settings).await.expect("a new database opens"),
        settings,
        _place: place,
    }
}

/// Applies a service's migrations.
pub type Migrate = for<'s> fn(&'s Store) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 's>>;

/// [`temp_store`] with the tables of a service. On SQLite its migrations are applied once in a process, and every further
/// database begins as a copy of what they made.
pub async fn migrated_store(service: &'static str, migrate: Migrate) -> TempStore {
    if variable("ONQUEUE_TEST_DATABASE").is_some_and(|kind| kind != "sqlite") {
        let temp = temp_store().await;
        migrate(&temp.store).await.expect("migrations apply");
        return temp;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(database(folder.path()), made_by(service, migrate).await).expect("a copy");
    let settings = Settings::sqlite(&database(folder.path()));
    TempStore {
        store: Store::open(&settings).await.expect("the copy opens"),
        settings,
        _place: Place::Folder(folder),
    }
}

/// The file that a service's migrations make of nothing.
async fn made_by(service: &'static str, migrate: Migrate) -> Vec<u8> {
    static MADE: Mutex<BTreeMap<&str, Vec<u8>>> = Mutex::const_new(BTreeMap::new());
    let mut made = MADE.lock().await;
    if let Some(bytes) = made.get(service) {
        return bytes.clone();
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&Settings::sqlite(&database(folder.path()))).await;
    let store = store.expect("a new database opens");
    migrate(&store).await.expect("migrations apply");
    store.close().await.expect("all of it is in the file");
    let bytes = fs::read(database(folder.path())).expect("the file");
    made.insert(service, bytes.clone());
    bytes
}

fn database(folder: &Path) -> PathBuf {
    folder.join("onqueue.db")
}

fn file() -> (Settings, Place) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    (Settings::sqlite(&database(folder.path())), Place::Folder(folder))
}

/// Makes spans have ids in this test process, so that trace contexts are there to be stored; logs only errors.
pub fn traced() {
    static GUARD: OnceLock<Option<Guard>> = OnceLock::new();
    GUARD.get_or_init(|| {
        let settings = onqueue_telemetry::Settings {
            level: "error".to_owned(),
            format: Format::Pretty,
            endpoint: String::new(),
        };
        onqueue_telemetry::init("onqueue-test", &settings).ok()
    });
}
