//! What the database holds: transcripts, conversations, routing's log, and who wrote what while whom the lease named.

use super::{Class, Seen};
use onqueue_acd::Command;
use onqueue_chat::Body;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, FromQueryResult, IsolationLevel, Statement, TransactionTrait,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Where a conversation is, as session numbers it in the database.
pub const QUEUED: i16 = 2;
pub const ALERTING: i16 = 3;
pub const CONNECTED: i16 = 4;
pub const ENDED: i16 = 5;

/// A conversation's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Conversation {
    pub id: Uuid,
    pub queue_id: Uuid,
    pub state: i16,
    pub last_sequence: i64,
}

/// One event of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    pub sequence: i64,
    pub public: Option<i64>,
    pub agent: Option<i64>,
    pub at: i64,
    pub participant: Option<Uuid>,
    pub key: Option<String>,
    pub body: Body,
}

/// One input of routing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub organisation: Uuid,
    pub position: i64,
    pub epoch: i64,
    pub at: i64,
    pub command: Command,
}

/// A committed write to routing's tables: who wrote, and whom the lease named in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Write {
    pub writer: String,
    pub owner: String,
    pub relation: String,
    pub count: i64,
}

/// Everything that the judges look at.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub conversations: Vec<Conversation>,
    /// In the order of the log.
    pub transcripts: BTreeMap<Uuid, Vec<Entry>>,
    /// In the order of position.
    pub log: Vec<Logged>,
    pub writes: Vec<Write>,
    /// When this was read, in milliseconds.
    pub now: i64,
}

#[derive(FromQueryResult)]
struct EventRow {
    conversation_id: Uuid,
    id: Uuid,
    sequence: i64,
    public_sequence: Option<i64>,
    agent_sequence: Option<i64>,
    at: i64,
    participant_id: Option<Uuid>,
    part: Option<String>,
    client_message_id: Option<String>,
}

#[derive(FromQueryResult)]
struct LogRow {
    organisation_id: Uuid,
    position: i64,
    epoch: i64,
    at: i64,
    command: String,
}

impl Facts {
    /// Reads all of one database in which the services' tables are found by their names alone, as of one moment: what is
    /// written meanwhile is in none of it.
    pub async fn read(database: &DatabaseConnection, now: i64) -> Result<Self, DbErr> {
        // SQLite knows no levels: a transaction there sees one state anyhow.
        let level = match database.get_database_backend() {
            DbBackend::Postgres => Some(IsolationLevel::RepeatableRead),
            _ => None,
        };
        let moment = database.begin_with_config(level, None).await?;
        let facts = Self::read_in(&moment, now).await?;
        moment.commit().await?;
        Ok(facts)
    }

    async fn read_in(database: &impl ConnectionTrait, now: i64) -> Result<Self, DbErr> {
        let conversations = "SELECT id, queue_id, state, last_sequence FROM session_conversations ORDER BY id";
        let log =
            "SELECT organisation_id, position, epoch, at, command FROM routing_log ORDER BY organisation_id, position";
        let log: Vec<LogRow> = rows(database, log).await?;
        Ok(Self {
            transcripts: transcripts(database).await?,
            conversations: rows(database, conversations).await?,
            log: log.iter().map(logged).collect::<Result<_, _>>()?,
            writes: Vec::new(),
            now,
        })
    }

    /// A conversation's transcript; empty if there is none.
    pub fn transcript(&self, conversation: Uuid) -> &[Entry] {
        self.transcripts.get(&conversation).map_or(&[], Vec::as_slice)
    }

    /// What somebody of a class should have seen of a conversation.
    pub fn seen(&self, conversation: Uuid, class: Class) -> Vec<Seen> {
        let visible = |entry: &Entry| {
            let sequence = entry.number(class)?;
            Some(Seen {
                sequence,
                event: entry.id,
            })
        };
        self.transcript(conversation).iter().filter_map(visible).collect()
    }
}

impl Entry {
    /// What was written, if it is a message.
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            Body::Message { text } => Some(text),
            _ => None,
        }
    }
}

async fn transcripts(database: &impl ConnectionTrait) -> Result<BTreeMap<Uuid, Vec<Entry>>, DbErr> {
    let statement = "SELECT conversation_id, id, sequence, public_sequence, agent_sequence, at, participant_id, part, \
                     client_message_id FROM session_events ORDER BY conversation_id, sequence";
    let mut transcripts: BTreeMap<Uuid, Vec<Entry>> = BTreeMap::new();
    for row in rows::<EventRow>(database, statement).await? {
        let body = row.part.as_deref().and_then(Body::from_part);
        let entry = Entry {
            id: row.id,
            sequence: row.sequence,
            public: row.public_sequence,
            agent: row.agent_sequence,
            at: row.at,
            participant: row.participant_id,
            key: row.client_message_id,
            body: body.ok_or_else(|| DbErr::Custom(format!("event {} cannot be read", row.id)))?,
        };
        transcripts.entry(row.conversation_id).or_default().push(entry);
    }
    Ok(transcripts)
}

fn logged(row: &LogRow) -> Result<Logged, DbErr> {
    let command = serde_json::from_str(&row.command);
    Ok(Logged {
        organisation: row.organisation_id,
        position: row.position,
        epoch: row.epoch,
        at: row.at,
        command: command.map_err(|error| DbErr::Custom(format!("input {}: {error}", row.position)))?,
    })
}

/// The rows of a statement.
pub async fn rows<R: FromQueryResult>(database: &impl ConnectionTrait, statement: &str) -> Result<Vec<R>, DbErr> {
    let statement = Statement::from_string(database.get_database_backend(), statement);
    R::find_by_statement(statement).all(database).await
}
