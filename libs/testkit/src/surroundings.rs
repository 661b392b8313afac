//! What a service is bound to in a test.

use crate::servers::{PostgresDatabase, postgres, variable};
use onqueue_bus::Bus;
use onqueue_model::Timestamp;
use onqueue_server::{Clock, Context, Ids, ManualClock, Tasks};
use onqueue_store::{Settings, Store};
use onqueue_telemetry::{Format, Guard};
use onqueue_trust::Trust;
use std::sync::OnceLock;
use tempfile::TempDir;

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

fn file() -> (Settings, Place) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    (
        Settings::sqlite(&folder.path().join("onqueue.db")),
        Place::Folder(folder),
    )
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
