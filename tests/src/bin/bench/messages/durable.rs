//! Messages made durable on session's own path, beside the bare database driver.

use super::Bench;
use crate::{
    Outcome,
    figures::{milliseconds, number, own},
    profile,
};
use onqueue_testkit::own_postgres;
use serde_json::Value;

/// PostgreSQL waits that long before each flush, as disks elsewhere do.
const SLOW: [&str; 2] = [
    "ALTER SYSTEM SET commit_delay = 1500",
    "ALTER SYSTEM SET commit_siblings = 0",
];

impl Bench {
    /// Session's own path and the bare driver, in turn: many senders, and one alone.
    pub(super) async fn durable(&mut self, is_profiled: bool) -> Outcome<()> {
        for senders in [64, 1] {
            for database in ["SQLite", "PostgreSQL"] {
                let (session, bare) = match database {
                    "SQLite" => (self.on_sqlite("session", senders)?, self.on_sqlite("bare", senders)?),
                    _ => (
                        self.on_postgres("session", senders, &[]).await?,
                        self.on_postgres("bare", senders, &[]).await?,
                    ),
                };
                match senders {
                    1 => self.compare_alone(database, &session, &bare)?,
                    _ => self.compare_many(database, senders, &session, &bare)?,
                }
            }
        }
        let said = self.on_postgres("session", 64, &SLOW).await?;
        let label = "durable, PostgreSQL with 1.5 ms flushes, 64 senders, p50";
        self.figures
            .add(label, "ms", "P4: ≤ 4", milliseconds(&said, "/p50_us")?);
        if is_profiled {
            self.profile_durable().await?;
        }
        Ok(())
    }

    /// Session's path once more, to see where its time goes.
    async fn profile_durable(&mut self) -> Outcome<()> {
        let (folder, server) = (
            tempfile::tempdir_in(&self.options.folder)?,
            own_postgres(onqueue_daemons::Disk::Synced).await,
        );
        let file = format!("sqlite://{}", folder.path().join("onqueue.db").display());
        for (database, url) in [("SQLite", file), ("PostgreSQL", server.url("onqueue"))] {
            let what = format!("durable, {database}, 64 senders, session's path");
            let table = profile::of_driver(&["session", "--url", &url], &self.options.folder, &what)?;
            self.profiles.push_str(&table);
        }
        Ok(())
    }

    fn compare_alone(&mut self, database: &str, session: &Value, bare: &Value) -> Outcome<()> {
        let (own, plain) = (number(session, "/p50_us")?, number(bare, "/p50_us")?);
        let label = |what: &str| format!("durable, {database}, alone, {what}");
        self.figures.add(&label("session's path, p50"), "µs", "", own);
        self.figures.add(&label("bare statement, p50"), "µs", "", plain);
        self.figures
            .add(&label("of the bare one"), "×", "P4: ≤ 1.5", own / plain);
        Ok(())
    }

    fn compare_many(&mut self, database: &str, senders: usize, session: &Value, bare: &Value) -> Outcome<()> {
        let (own, driver) = (number(session, "/per_second")?, number(bare, "/per_second")?);
        let label = |what: &str| format!("durable, {database}, {senders} senders, {what}");
        self.figures.add(&label("session's path"), "1/s", "", own);
        self.figures.add(&label("bare driver"), "1/s", "", driver);
        self.figures
            .add(&label("of the bare one"), "%", "P4: ≥ 60", 100.0 * own / driver);
        let statements = number(session, "/statements_each")?;
        self.figures.add(&label("statements each"), "", "≤ 0.2", statements);
        Ok(())
    }

    fn on_sqlite(&self, who: &str, senders: usize) -> Outcome<Value> {
        let folder = tempfile::tempdir_in(&self.options.folder)?;
        let url = format!("sqlite://{}", folder.path().join("onqueue.db").display());
        self.drive(who, &url, senders)
    }

    async fn on_postgres(&self, who: &str, senders: usize, before: &[&str]) -> Outcome<Value> {
        let server = own_postgres(onqueue_daemons::Disk::Synced).await;
        for sql in before.iter().chain(&["SELECT pg_reload_conf()"]) {
            onqueue_daemons::psql(&server.url("onqueue"), sql).map_err(|failure| failure.0)?;
        }
        self.drive(who, &server.url("onqueue"), senders)
    }

    fn drive(&self, who: &str, url: &str, senders: usize) -> Outcome<Value> {
        let (senders, seconds) = (senders.to_string(), self.options.seconds.to_string());
        own(&[who, "--url", url, "--senders", &senders, "--seconds", &seconds])
    }
}
