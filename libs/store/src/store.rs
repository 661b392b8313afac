//! Opening the database.

use crate::{
    Profile, Reader, Settings, StoreError,
    kept::Kept,
    place,
    pool::{self, Asked, Watch},
};
use onqueue_model::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use std::{sync::Arc, time::Duration};

/// An open database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    profile: Option<Profile>,
    writer: DatabaseConnection,
    reader: Reader,
    watch: Arc<Watch>,
    kept: Kept,
}

impl Store {
    /// Opens the database as its url says; a SQLite file is made if it is not there. SQLite gets WAL, `synchronous=FULL` and
    /// exactly one writing connection, so that writers queue here and not in the file's lock.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        match settings.sqlite_path() {
            Some(file) => Self::open_file(settings, &file).await,
            None => Self::open_server(settings, None, (settings.connections, Asked::Quiet), Arc::default()).await,
        }
    }

    /// Opens the database for one service, at the service's own url. On PostgreSQL tables are found in the service's schema,
    /// then in those with the trust tables, and the profile's limits hold on every connection. SQLite: the same as
    /// [`Store::open`].
    pub async fn open_as(settings: &Settings, profile: &Profile) -> Result<Self, StoreError> {
        let settings = settings.of(profile.service);
        if !settings.is_postgres() {
            return Self::open(&settings).await;
        }
        Self::open_server(
            &settings,
            Some(*profile),
            (settings.connections, Asked::Quiet),
            Arc::default(),
        )
        .await
    }

    /// The same database with connections of its own, for work that must not wait for others' work; its statements count
    /// here too. A statement is one round trip: a connection is not asked first whether it still lives. A SQLite file has one
    /// writer only: there it is a clone.
    pub async fn apart(&self, connections: u32) -> Result<Self, StoreError> {
        let Inner { settings, profile, .. } = &*self.0;
        if !settings.is_postgres() {
            return Ok(self.clone());
        }
        Self::open_server(
            settings,
            *profile,
            (connections, Asked::Never),
            Arc::clone(&self.0.watch),
        )
        .await
    }

    async fn open_file(settings: &Settings, file: &std::path::Path) -> Result<Self, StoreError> {
        place::file(file).map_err(|error| StoreError::Unavailable(format!("{}: {error}", file.display())))?;
        let watch = Arc::default();
        let writer = pool::sqlite(settings, 1, &watch).await?;
        let reader = pool::sqlite(settings, settings.readers, &watch).await?;
        Ok(Self(Arc::new(Inner {
            settings: settings.clone(),
            profile: None,
            writer,
            reader: Reader::new(reader, Arc::clone(&watch), None),
            watch,
            kept: Kept::default(),
        })))
    }

    async fn open_server(
        settings: &Settings,
        profile: Option<Profile>,
        (connections, asked): (u32, Asked),
        watch: Arc<Watch>,
    ) -> Result<Self, StoreError> {
        let connection = pool::postgres(settings, profile, connections, asked, &watch).await?;
        Ok(Self(Arc::new(Inner {
            settings: settings.clone(),
            profile,
            writer: connection.clone(),
            reader: Reader::new(connection, Arc::clone(&watch), patience(settings, profile)),
            watch,
            kept: Kept::default(),
        })))
    }

    /// For reading outside a transaction. On PostgreSQL a statement whose connection is lost fails: reading is for whoever
    /// calls to try again.
    pub fn reader(&self) -> &Reader {
        &self.0.reader
    }

    /// The writing connection, for migrations and tests; everything else writes in a [`Store::transaction`].
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.0.writer
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.0.watch
    }

    pub(crate) fn kept(&self) -> &Kept {
        &self.0.kept
    }

    pub(crate) fn profile(&self) -> Option<Profile> {
        self.0.profile
    }

    /// How long a transaction may take before its connection is given up, where the server would have ended it.
    pub(crate) fn patience(&self) -> Option<Duration> {
        patience(&self.0.settings, self.0.profile)
    }

    /// The database's own time.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        let backend = self.reader().get_database_backend();
        let row = self
            .reader()
            .query_one_raw(Statement::from_string(
                backend,
                format!("SELECT {} AS now_ms", now_ms(backend)),
            ))
            .await?;
        let row = row.ok_or_else(|| StoreError::Broken("no time".to_owned()))?;
        Ok(Timestamp(row.try_get("", "now_ms")?))
    }

    /// How many statements were sent since opening, BEGIN and COMMIT included.
    pub fn statements(&self) -> u64 {
        self.0.watch.statements()
    }

    /// Closes every connection; SQLite folds its log into the file.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.0.kept.close();
        self.0.reader.connection().close_by_ref().await?;
        self.0.writer.close_by_ref().await?;
        Ok(())
    }
}

/// Without a profile there is no limit: the owner's work on the schema takes as long as it takes.
fn patience(settings: &Settings, profile: Option<Profile>) -> Option<Duration> {
    let acquire = Duration::from_millis(settings.acquire_timeout_ms);
    profile.map(|profile| acquire + profile.statement_timeout + profile.idle_in_transaction)
}

/// The SQL expression for the database's time in milliseconds since the epoch.
pub fn now_ms(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        _ => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    }
}
