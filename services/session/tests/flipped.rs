//! One byte that is changed anywhere in what is stored of an event is found, and the event is named.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // the environment says which set of tests this is; it tells how much it did

mod support;

use onqueue_model::ConversationId;
use onqueue_proto::session::v1::RedactMessageRequest;
use onqueue_testkit::with_token;
use sea_orm::{ConnectionTrait as _, QueryResult, Statement, Value};
use support::{Chat, House, division, id, organisation};
use uuid::Uuid;

/// What the chain covers of an event, and what follows from it: all but its id, its sender's key and its trace.
const COLUMNS: [&str; 11] = [
    "sequence",
    "public_sequence",
    "agent_sequence",
    "kind",
    "visibility",
    "at",
    "participant_id",
    "part",
    "salt",
    "part_hash",
    "hash",
];

/// What is stored in one column of one event.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Long(i64),
    Short(i16),
    Id(Uuid),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    /// Nothing where nothing is stored.
    fn read(row: &QueryResult, column: &str) -> Option<Self> {
        match column {
            "kind" | "visibility" => row.try_get("", column).ok().map(Self::Short),
            "participant_id" => row.try_get("", column).ok().map(Self::Id),
            "part" => row.try_get("", column).ok().map(Self::Text),
            "salt" | "part_hash" | "hash" => row.try_get("", column).ok().map(Self::Bytes),
            _ => row.try_get("", column).ok().map(Self::Long),
        }
    }

    /// How many places there are in which something may be changed.
    fn places(&self) -> usize {
        match self {
            Self::Long(_) => 8,
            Self::Short(_) => 2,
            Self::Id(_) => 16,
            Self::Text(text) => text.chars().count(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// With one bit of that byte changed; of texts another character is in that place.
    fn flipped(&self, place: usize) -> Self {
        let bit = place % 8;
        match self {
            Self::Long(number) => Self::Long(number ^ 1 << (8 * place + bit)),
            Self::Short(number) => Self::Short(number ^ 1 << (8 * place + bit)),
            Self::Id(id) => {
                let mut bytes = *id.as_bytes();
                bytes[place] ^= 1 << bit;
                Self::Id(Uuid::from_bytes(bytes))
            }
            Self::Bytes(bytes) => {
                let mut bytes = bytes.clone();
                bytes[place] ^= 1 << bit;
                Self::Bytes(bytes)
            }
            Self::Text(text) => {
                let change = |(at, c): (usize, char)| match at == place {
                    true => char::from_u32(u32::from(c) ^ 1).expect("a character"),
                    false => c,
                };
                Self::Text(text.chars().enumerate().map(change).collect())
            }
        }
    }

    fn value(self) -> Value {
        match self {
            Self::Long(number) => number.into(),
            Self::Short(number) => number.into(),
            Self::Id(id) => id.into(),
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => bytes.into(),
        }
    }
}

/// How many of the places are left out between two that are tried.
fn step() -> usize {
    match std::env::var_os("ONQUEUE_LONG") {
        Some(_) => 1,
        None => 9,
    }
}

/// A chat that has ended, in which something was said and one thing taken out.
async fn ended(house: &House) -> Chat {
    let (desk, chat, ada) = (&house.desk, house.connected(1).await, house.agent_token());
    for (key, text) in [("1", "Grüß Gott"), ("2", "4711"), ("3", "Danke")] {
        desk.send(&chat.token, &chat.id, key, text).await.expect("sent");
    }
    desk.send(&ada, &chat.id, "a", "Gern geschehen").await.expect("sent");
    let archivist = id(300);
    let may = ["recording:transcript:view", "recording:transcript:redact"];
    house.tokens.grant(organisation(), archivist, division(), &may);
    let archivist = house.tokens.user(organisation(), archivist, "Arch");
    let log = desk.log(&archivist, &chat.id).await.expect("a log");
    let secret = log.iter().zip(support::words(&log)).find(|(_, word)| word == "4711");
    let request = RedactMessageRequest {
        conversation_id: chat.id.clone(),
        event_id: secret.expect("was said").0.event_id.clone(),
        reason: "not ours to know".to_owned(),
    };
    let redacted = desk.transcripts().redact_message(with_token(request, &archivist)).await;
    redacted.expect("is taken out");
    desk.end(&chat.token, &chat.id).await.expect("ends");
    chat
}

/// The log of the only conversation there is.
async fn rows(house: &House) -> Vec<QueryResult> {
    let reader = house.desk.store.reader();
    let sql = format!("SELECT {} FROM session_events ORDER BY sequence", COLUMNS.join(", "));
    let all = reader.query_all_raw(Statement::from_string(reader.get_database_backend(), sql));
    all.await.expect("reads")
}

/// Puts another value into the column of the event that has this value in it; whether the database takes it.
async fn put(house: &House, column: &str, sequence: i64, value: Value) -> bool {
    let backend = house.desk.store.reader().get_database_backend();
    let sql = format!("UPDATE session_events SET {column} = $1 WHERE sequence = $2");
    let statement = Statement::from_sql_and_values(backend, sql, [value, sequence.into()]);
    let put = house.desk.store.transaction(move |tx| {
        let statement = statement.clone();
        Box::pin(async move { Ok(tx.execute_raw(statement).await?.rows_affected()) })
    });
    put.await.is_ok_and(|rows| rows == 1)
}

async fn problem(house: &House, chat: ConversationId) -> Option<String> {
    let verified = onqueue_session::verify_one(&house.desk.store, organisation(), chat).await;
    verified.expect("is looked at").problem
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_byte_anywhere_is_found_and_its_event_named() {
    let house = House::new(94).await;
    let chat: ConversationId = ended(&house).await.id.parse().expect("an id");
    assert_eq!(problem(&house, chat).await, None);
    let (mut tried, mut found) = (0, 0);
    for row in rows(&house).await {
        let sequence: i64 = row.try_get("", "sequence").expect("a number");
        for column in COLUMNS {
            let Some(cell) = Cell::read(&row, column) else { continue };
            for place in (sequence as usize % step()..cell.places()).step_by(step()) {
                let changed = cell.flipped(place);
                let now_at = match &changed {
                    Cell::Long(number) if column == "sequence" => *number,
                    _ => sequence,
                };
                // Another event may have that number already; then the database itself refuses.
                if !put(&house, column, sequence, changed.value()).await {
                    assert_eq!(column, "sequence", "{sequence} {place}");
                    continue;
                }
                tried += 1;
                let said = problem(&house, chat).await;
                let named = said
                    .as_ref()
                    .is_some_and(|said| said.contains(&format!("event {sequence} ")));
                assert!(said.is_some(), "{column} {place} of event {sequence} is not found");
                found += usize::from(named || column == "sequence");
                assert!(put(&house, column, now_at, cell.clone().value()).await, "as it was");
            }
        }
    }
    assert_eq!(problem(&house, chat).await, None);
    println!("{tried} changes were found, {found} with their event");
    assert!(tried > 150 && found == tried, "{found} of {tried}");
}
