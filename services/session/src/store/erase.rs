//! Removing what is personal of conversations. What is left says that there was one, who of the agents took part, when and how
//! it went on: logs verify, and decisions and numbers answer as before.

use super::entities::{conversation, event, feed, guest_presence, guest_token, participant};
use super::{Key, attachments, broken, contact_entities::guest_id, feed::Fact, feed::shard, fixed, search, sql::Sql};
use futures::future::BoxFuture;
use onqueue_chat::{Body, Kind, ParticipantKind, Salt, part_hash};
use onqueue_model::{ConversationId, OrganisationId, Timestamp};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Value, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How many events are read and written at once.
const EVENTS: u64 = 500;

/// How many ids are named in one statement.
const IDS: usize = 1_000;

/// What keeps something personal of a conversation beside its log, and removes it; answers how much.
type Step = for<'t> fn(&'t DatabaseTransaction, Key, Timestamp) -> BoxFuture<'t, Result<u64, StoreError>>;

/// Whoever keeps something adds a line, and a word for receipts.
const STEPS: &[(&str, Step)] = &[
    ("feed_facts", feed_facts),
    ("attachments", files),
    ("search_entries", search_entries),
];

/// How much of what was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Counts(pub BTreeMap<String, u64>);

impl Counts {
    pub fn add(&mut self, what: &str, count: u64) {
        if count > 0 {
            *self.0.entry(what.to_owned()).or_default() += count;
        }
    }

    pub fn add_all(&mut self, others: Self) {
        for (what, count) in others.0 {
            self.add(&what, count);
        }
    }
}

/// Removes who the guests of these conversations are, and ends what lets them come back; the transaction holds the
/// conversations' rows. A conversation at rest is over from then on.
pub(crate) async fn guests(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    conversations: &[ConversationId],
) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    for some in conversations.chunks(IDS) {
        let ids: Vec<Uuid> = some.iter().map(|id| id.uuid()).collect();
        counts.add("conversations", blank(tx, organisation, &ids).await?);
        name_nobody(tx, organisation, &ids).await?;
        let tokens = guest_token::Entity::delete_many()
            .filter(guest_token::Column::OrganisationId.eq(organisation.uuid()))
            .filter(guest_token::Column::ConversationId.is_in(ids.iter().copied()));
        counts.add("guest_tokens", tokens.exec(tx).await?.rows_affected);
        let given = guest_id::Entity::delete_many()
            .filter(guest_id::Column::OrganisationId.eq(organisation.uuid()))
            .filter(guest_id::Column::ConversationId.is_in(ids.iter().copied()));
        counts.add("guest_ids", given.exec(tx).await?.rows_affected);
        guest_presence::Entity::delete_many()
            .filter(guest_presence::Column::OrganisationId.eq(organisation.uuid()))
            .filter(guest_presence::Column::ConversationId.is_in(ids))
            .exec(tx)
            .await?;
    }
    Ok(counts)
}

/// Whoever holds the head in memory finds it moved on, and reads it again before it changes anything.
async fn blank(tx: &DatabaseTransaction, organisation: OrganisationId, ids: &[Uuid]) -> Result<u64, StoreError> {
    use conversation::Column as C;
    let blanked = conversation::Entity::update_many()
        .col_expr(C::GuestName, Expr::value(""))
        .col_expr(C::Topic, Expr::value(""))
        .col_expr(C::RequestHash, Expr::value(vec![0_u8; 32]))
        .col_expr(C::Attributes, Expr::value(Option::<String>::None))
        .col_expr(C::Assistance, Expr::value(Option::<String>::None))
        .col_expr(C::Kind, Expr::value(onqueue_chat::ConversationKind::Chat.code()))
        .col_expr(C::ReportPosition, Expr::col(C::ReportPosition).add(1_i64))
        .filter(C::OrganisationId.eq(organisation.uuid()))
        .filter(C::Id.is_in(ids.iter().copied()))
        .exec(tx)
        .await?;
    Ok(blanked.rows_affected)
}

async fn name_nobody(tx: &DatabaseTransaction, organisation: OrganisationId, ids: &[Uuid]) -> Result<(), StoreError> {
    use participant::Column as C;
    participant::Entity::update_many()
        .col_expr(C::Name, Expr::value(""))
        .filter(C::OrganisationId.eq(organisation.uuid()))
        .filter(C::ConversationId.is_in(ids.iter().copied()))
        .filter(C::Kind.eq(ParticipantKind::Guest.code()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Removes everything that was written in a conversation or lies beside it, whose row the transaction holds.
pub(crate) async fn contents(tx: &DatabaseTransaction, key: Key, now: Timestamp) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    for (what, step) in STEPS {
        counts.add(what, step(tx, key, now).await?);
    }
    counts.add_all(parts(tx, key).await?);
    use conversation::Column as C;
    conversation::Entity::update_many()
        .col_expr(C::ErasedAt, Expr::value(now.millis()))
        .filter(C::OrganisationId.eq(key.0.uuid()))
        .filter(C::Id.eq(key.1.uuid()))
        .exec(tx)
        .await?;
    Ok(counts)
}

/// An event as far as it is looked at.
struct Written {
    sequence: i64,
    kind: i16,
    part: String,
    salt: Salt,
}

/// Removes parts with their salts and leaves their hashes, by which the log still verifies.
async fn parts(tx: &DatabaseTransaction, key: Key) -> Result<Counts, StoreError> {
    let (mut counts, mut after) = (Counts::default(), 0);
    loop {
        let written = written(tx, key, after).await?;
        let Some(last) = written.last() else {
            return Ok(counts);
        };
        after = last.sequence;
        let gone: Vec<Written> = written.into_iter().filter(|one| !stays(&one.part)).collect();
        for one in &gone {
            let is_message = one.kind == Kind::Message.code();
            counts.add(if is_message { "messages" } else { "texts" }, 1);
        }
        remove(tx, key, &gone).await?;
    }
}

/// Sequence, kind, part, salt.
type Row = (i64, i16, Option<String>, Option<Vec<u8>>);

async fn written(
    tx: &DatabaseTransaction,
    (organisation, conversation): Key,
    after: i64,
) -> Result<Vec<Written>, StoreError> {
    use event::Column as C;
    let rows: Vec<Row> = Scope::of(organisation)
        .find::<event::Entity>()
        .filter(C::ConversationId.eq(conversation.uuid()))
        .filter(C::Sequence.gt(after))
        .filter(C::Part.is_not_null())
        .order_by_asc(C::Sequence)
        .limit(EVENTS)
        .select_only()
        .columns([C::Sequence, C::Kind, C::Part, C::Salt])
        .into_tuple()
        .all(tx)
        .await?;
    let read = |(sequence, kind, part, salt): Row| {
        Ok(Written {
            sequence,
            kind,
            part: part.unwrap_or_default(),
            salt: fixed(salt.as_deref().unwrap_or_default())?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// What says how a conversation went on, and which agents were in it, stays. Whatever else there is, or comes to be, goes.
fn stays(part: &str) -> bool {
    match Body::from_part(part) {
        Some(
            Body::Queued { .. }
            | Body::Offered { .. }
            | Body::OfferWithdrawn { .. }
            | Body::ParticipantLeft { .. }
            | Body::InactivityWarned { .. }
            | Body::Ended { .. }
            | Body::Refused { .. }
            | Body::WrapUpSet { .. }
            | Body::Reopened { .. }
            | Body::AssistanceTaken { .. }
            | Body::AssistanceClosed { .. },
        ) => true,
        Some(Body::ParticipantJoined { kind, .. }) => kind != ParticipantKind::Guest,
        Some(
            Body::Transferred { note: text, .. }
            | Body::Notice { text, .. }
            | Body::MessageRedacted { reason: text, .. },
        ) => text.is_empty(),
        _ => false,
    }
}

async fn remove(
    tx: &DatabaseTransaction,
    (organisation, conversation): Key,
    gone: &[Written],
) -> Result<(), StoreError> {
    if gone.is_empty() {
        return Ok(());
    }
    let left = gone.iter().map(|one| {
        let hash = part_hash(&one.salt, &one.part);
        [Value::from(one.sequence), Value::from(hash.to_vec())]
    });
    let mut sql = Sql::new(
        tx.get_database_backend(),
        "UPDATE session_events SET part = NULL, salt = NULL, client_message_id = NULL, part_hash = new.column2 \
         FROM (VALUES ",
    );
    sql.rows(["bigint", "bytea"], left)
        .text(") AS new WHERE organisation_id = ")
        .value("uuid", organisation.uuid().into())
        .text(" AND conversation_id = ")
        .value("uuid", conversation.uuid().into())
        .text(" AND sequence = new.column1");
    tx.execute_raw(sql.done()).await?;
    Ok(())
}

/// What routing was told of it; it has read that long ago.
fn feed_facts<'t>(tx: &'t DatabaseTransaction, key: Key, _: Timestamp) -> BoxFuture<'t, Result<u64, StoreError>> {
    Box::pin(async move { forget_facts(tx, key).await })
}

/// Their names now, their bytes after the commit.
fn files<'t>(tx: &'t DatabaseTransaction, key: Key, now: Timestamp) -> BoxFuture<'t, Result<u64, StoreError>> {
    Box::pin(async move { Ok(attachments::erase(tx, key, None, now).await?.len() as u64) })
}

/// What search would find of it.
fn search_entries<'t>(tx: &'t DatabaseTransaction, key: Key, _: Timestamp) -> BoxFuture<'t, Result<u64, StoreError>> {
    Box::pin(async move { search::erase(tx, key).await })
}

async fn forget_facts(tx: &DatabaseTransaction, (organisation, conversation): Key) -> Result<u64, StoreError> {
    use feed::Column as C;
    let rows: Vec<feed::Model> = feed::Entity::find()
        .filter(C::OrganisationId.eq(organisation.uuid()))
        .filter(C::ConversationId.eq(conversation.uuid()))
        .filter(C::Shard.eq(shard(organisation).number()))
        .all(tx)
        .await?;
    let mut count = 0;
    for row in rows {
        let mut fact: Fact = serde_json::from_str(&row.fact).map_err(broken)?;
        let Fact::Opened { guest_name, topic, .. } = &mut fact else {
            continue;
        };
        guest_name.clear();
        topic.clear();
        feed::Entity::update_many()
            .col_expr(C::Fact, Expr::value(serde_json::to_string(&fact).map_err(broken)?))
            .filter(C::Shard.eq(row.shard))
            .filter(C::Number.eq(row.number))
            .exec(tx)
            .await?;
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_it_went_on_stays_and_what_was_said_goes() {
        for (part, expected) in [
            (r#"{"type":"ended","reason":"guest_left"}"#, true),
            (r#"{"type":"message","text":"x"}"#, false),
            (
                r#"{"type":"notice","code":"inactivity_transfer","text":"x","queue":null}"#,
                false,
            ),
            (r#"{"type":"what_comes_to_be"}"#, false),
            ("", false),
        ] {
            assert_eq!(stays(part), expected, "{part}");
        }
        let passed_on = |note: &str| {
            let body = Body::Transferred {
                queue: onqueue_model::Id::new(Uuid::from_u128(1)),
                queue_name: "Sales".to_owned(),
                user: None,
                agent_name: String::new(),
                attended: false,
                note: note.to_owned(),
            };
            stays(&body.to_part())
        };
        assert!(passed_on("") && !passed_on("She is upset."));
    }
}
