//! Whether a server lets somebody in, asked once. A pool asks again and again until its patience is over, and then knows no more
//! than that it was in vain.

use crate::{Settings, Store};
use sea_orm::sqlx::{self, Connection as _, PgConnection, postgres::PgConnectOptions};
use std::{fmt, time::Duration};

/// Why nobody gets in. Its text may be told to the operator: it holds no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoEntry {
    /// Nobody answers: there is no such host, nothing listens there, or it says nothing.
    Silent(String),
    /// Somebody answers and refuses.
    Refused {
        /// PostgreSQL's code (its appendix A); empty if it is not PostgreSQL that refuses, or not to talk to us as it was told to.
        code: String,
        /// What it says.
        problem: String,
    },
}

impl fmt::Display for NoEntry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(problem) | Self::Refused { problem, .. } => out.write_str(problem),
        }
    }
}

impl From<sqlx::Error> for NoEntry {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(error) => Self::Silent(error.to_string()),
            sqlx::Error::Database(error) => Self::Refused {
                code: error.code().unwrap_or_default().into_owned(),
                problem: error.message().to_owned(),
            },
            other => Self::Refused {
                code: String::new(),
                problem: other.to_string(),
            },
        }
    }
}

impl Settings {
    /// Where the server of `url` is: `host:port`, or the folder of its socket. Nothing for SQLite.
    pub fn server(&self) -> Option<String> {
        let options = self.is_postgres().then(|| self.url.parse::<PgConnectOptions>());
        let options = options?.ok()?;
        Some(match options.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => format!("{}:{}", options.get_host(), options.get_port()),
        })
    }
}

impl Store {
    /// Asks the server at `url` for one connection and lets it go again. SQLite has no server, and lets everybody in.
    pub async fn knock(settings: &Settings, within: Duration) -> Result<(), NoEntry> {
        if !settings.is_postgres() {
            return Ok(());
        }
        let knocking = async {
            let options: PgConnectOptions = settings.url.parse()?;
            let connection = PgConnection::connect_with(&options).await?;
            // We were let in; how we part does not matter.
            let _ = connection.close().await;
            Ok(())
        };
        let in_vain = |_| Err(NoEntry::Silent(format!("no answer within {} s", within.as_secs_f32())));
        tokio::time::timeout(within, knocking).await.unwrap_or_else(in_vain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_without_who_we_are() {
        for (url, expected) in [
            ("postgres://me:hush@db.example/onqueue", Some("db.example:5432")),
            ("postgresql://me:hush@127.0.0.1:6000/onqueue", Some("127.0.0.1:6000")),
            (
                "postgres:///onqueue?host=/run/postgresql&user=me&password=hush",
                Some("/run/postgresql"),
            ),
            ("sqlite://data/onqueue.db", None),
        ] {
            let settings = Settings {
                url: url.to_owned(),
                ..Settings::postgres("")
            };
            assert_eq!(settings.server().as_deref(), expected, "{url}");
        }
    }
}
