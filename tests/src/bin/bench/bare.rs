//! The rows of a message written by the bare database driver with group commit: the limit that session's path is held
//! against. Equal tables, equal columns and sizes, equal durability; no rpc, no permissions, no rules, no hints.

use crate::{
    Outcome,
    append::{Options, TEXT, organisation},
    summary,
};
use sea_orm::sqlx::{
    self, Connection as _, Executor as _, PgConnection, Postgres, QueryBuilder, Sqlite, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use serde_json::Value;
use std::{
    str::FromStr as _,
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use uuid::Uuid;

/// The most messages in one transaction, as session's.
const BATCH: usize = 256;

/// One message to be written.
struct Row {
    conversation: Uuid,
    sequence: i64,
    key: String,
    written: oneshot::Sender<()>,
}

/// Where the rows go.
enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Sends through a writer that commits whatever waits.
pub async fn run(options: Options) -> Outcome<Value> {
    options.store().await?.close().await?;
    let mut database = Database::open(&options.url).await?;
    let conversations: Vec<Uuid> = (0..options.senders).map(|_| Uuid::now_v7()).collect();
    database.open_conversations(&conversations).await?;
    let (queue, waiting) = mpsc::channel(4_096);
    let writer = tokio::spawn(write(database, waiting));
    let (began, mut running) = (Instant::now(), JoinSet::new());
    let end = began + Duration::from_secs(options.seconds);
    for conversation in conversations {
        running.spawn(send(queue.clone(), conversation, end));
    }
    drop(queue);
    let mut taken = Vec::new();
    while let Some(one) = running.join_next().await {
        taken.extend(one??);
    }
    let over = began.elapsed();
    writer.await??;
    Ok(summary(taken, over))
}

async fn send(queue: mpsc::Sender<Row>, conversation: Uuid, end: Instant) -> Outcome<Vec<Duration>> {
    let (mut taken, mut sequence) = (Vec::new(), 0);
    while Instant::now() < end {
        let began = Instant::now();
        let (written, done) = oneshot::channel();
        sequence += 1;
        let row = Row {
            conversation,
            sequence,
            key: Uuid::now_v7().to_string(),
            written,
        };
        queue.send(row).await.map_err(|_| "the writer ended")?;
        done.await?;
        taken.push(began.elapsed());
    }
    Ok(taken)
}

async fn write(mut database: Database, mut waiting: mpsc::Receiver<Row>) -> Outcome<()> {
    let mut rows = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut rows, BATCH).await > 0 {
        database.append(&rows).await?;
        for row in rows.drain(..) {
            let _ = row.written.send(());
        }
    }
    Ok(())
}

const EVENTS: &str = "INSERT INTO session_events (organisation_id, conversation_id, sequence, public_sequence, \
    agent_sequence, id, kind, visibility, at, participant_id, part, salt, hash, client_message_id, traceparent) ";

impl Database {
    async fn open(url: &str) -> Outcome<Self> {
        if url.starts_with("postgres") {
            let mut connection = PgConnection::connect(url).await?;
            connection
                .execute("SET search_path = onqueue_session, onqueue_auth")
                .await?;
            return Ok(Self::Postgres(connection));
        }
        let options = SqliteConnectOptions::from_str(url)?
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .statement_cache_capacity(256);
        Ok(Self::Sqlite(SqliteConnection::connect_with(&options).await?))
    }

    async fn open_conversations(&mut self, conversations: &[Uuid]) -> Outcome<()> {
        for conversation in conversations {
            let sql = "INSERT INTO session_conversations (organisation_id, id, opening, deployment_id, queue_id, \
                guest_id, guest_name, topic, request_id, request_hash, state, last_sequence, last_public_sequence, \
                last_agent_sequence, head_hash, report_epoch, report_position, created_at, last_activity_at) \
                VALUES ($1, $2, 1, $2, $2, $2, 'Load', '', $2, $3, 1, 0, 0, 0, $3, 0, 0, 0, 0)";
            let (organisation, hash) = (organisation().uuid(), vec![0_u8; 32]);
            match self {
                Self::Sqlite(connection) => {
                    let query = sqlx::query(sql).bind(organisation).bind(conversation).bind(hash);
                    query.execute(connection).await?;
                }
                Self::Postgres(connection) => {
                    let query = sqlx::query(sql).bind(organisation).bind(conversation).bind(hash);
                    query.execute(connection).await?;
                }
            }
        }
        Ok(())
    }

    /// One transaction for these rows.
    async fn append(&mut self, rows: &[Row]) -> Outcome<()> {
        match self {
            Self::Sqlite(connection) => {
                connection.execute("BEGIN IMMEDIATE").await?;
                heads_sqlite(rows)
                    .build()
                    .persistent(true)
                    .execute(&mut *connection)
                    .await?;
                events_sqlite(rows)
                    .build()
                    .persistent(true)
                    .execute(&mut *connection)
                    .await?;
                connection.execute("COMMIT").await?;
            }
            Self::Postgres(connection) => both_postgres(connection, rows).await?,
        }
        Ok(())
    }
}

fn heads_sqlite(rows: &[Row]) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(
        "UPDATE session_conversations SET last_sequence = new.column4, last_public_sequence = new.column4, \
         last_agent_sequence = new.column4, head_hash = new.column5, last_activity_at = new.column6 FROM (",
    );
    sql.push_values(rows, |mut values, row| {
        values
            .push_bind(organisation().uuid())
            .push_bind(row.conversation)
            .push_bind(row.sequence - 1)
            .push_bind(row.sequence)
            .push_bind(vec![7_u8; 32])
            .push_bind(1_790_000_000_000_i64);
    });
    sql.push(") AS new WHERE organisation_id = new.column1 AND id = new.column2 AND last_sequence = new.column3");
    sql
}

fn events_sqlite(rows: &[Row]) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(EVENTS);
    sql.push_values(rows, |mut values, row| {
        values
            .push_bind(organisation().uuid())
            .push_bind(row.conversation)
            .push_bind(row.sequence)
            .push_bind(row.sequence)
            .push_bind(row.sequence)
            .push_bind(Uuid::now_v7())
            .push_bind(7_i16)
            .push_bind(1_i16)
            .push_bind(1_790_000_000_000_i64)
            .push_bind(row.conversation)
            .push_bind(part())
            .push_bind(vec![7_u8; 16])
            .push_bind(vec![7_u8; 32])
            .push_bind(row.key.clone())
            .push_bind(None::<String>);
    });
    sql
}

fn part() -> String {
    format!("{{\"text\":\"{TEXT}\"}}")
}

/// Heads and events in one statement, which is its own transaction.
async fn both_postgres(connection: &mut PgConnection, rows: &[Row]) -> Outcome<()> {
    const SQL: &str = "WITH new AS (SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::uuid[], $4::text[]) \
        AS n(conversation, sequence, id, key)), \
        heads AS (UPDATE session_conversations SET last_sequence = new.sequence, \
        last_public_sequence = new.sequence, last_agent_sequence = new.sequence, head_hash = $5, \
        last_activity_at = $6 FROM new WHERE organisation_id = $7 AND session_conversations.id = new.conversation \
        AND last_sequence = new.sequence - 1 RETURNING 1) \
        INSERT INTO session_events (organisation_id, conversation_id, sequence, public_sequence, agent_sequence, id, \
        kind, visibility, at, participant_id, part, salt, hash, client_message_id) \
        SELECT $7, conversation, sequence, sequence, sequence, id, 7, 1, $6, conversation, $8, $9, $5, key FROM new";
    let (mut conversations, mut sequences, mut ids, mut keys) = (vec![], vec![], vec![], vec![]);
    for row in rows {
        conversations.push(row.conversation);
        sequences.push(row.sequence);
        ids.push(Uuid::now_v7());
        keys.push(row.key.clone());
    }
    sqlx::query::<Postgres>(SQL)
        .bind(conversations)
        .bind(sequences)
        .bind(ids)
        .bind(keys)
        .bind(vec![7_u8; 32])
        .bind(1_790_000_000_000_i64)
        .bind(organisation().uuid())
        .bind(part())
        .bind(vec![7_u8; 16])
        .execute(connection)
        .await?;
    Ok(())
}
