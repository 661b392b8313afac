//! The feed: what began and ended, for routing.

use super::entities::{conversation, feed, feed_head};
use super::plan::{Logged, Opening};
use super::{broken, sql::Sql};
use onqueue_chat::{Body, ConversationKind, EndReason, Head, NoticeCode};
use onqueue_model::{ConversationId, OrganisationId, QueueId, Shard, SkillId, Timestamp, UserId};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// One row as it is read.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub shard: Shard,
    pub number: i64,
    pub organisation: OrganisationId,
    pub conversation: ConversationId,
    pub opening: i32,
    pub at: Timestamp,
    pub traceparent: Option<String>,
    pub fact: Fact,
}

/// What happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Fact {
    Opened {
        queue: QueueId,
        language: Option<String>,
        skills: Vec<SkillId>,
        priority: i32,
        guest_name: String,
        topic: String,
        /// What kind of work it is.
        #[serde(default)]
        kind: Option<ConversationKind>,
        /// Whom the guest had last.
        #[serde(default)]
        last_agent: Option<UserId>,
    },
    /// Nobody has written: it is to go to that queue.
    Silent {
        queue: QueueId,
    },
    Ended {
        reason: EndReason,
    },
}

/// The shard that an organisation's facts go to.
pub(crate) fn shard(organisation: OrganisationId) -> Shard {
    Shard(Sha256::digest(organisation.uuid().as_bytes())[0])
}

/// The row for a conversation that begins; its number comes later.
pub(super) fn began(opening: &Opening) -> Option<feed::ActiveModel> {
    let details = &opening.details;
    let fact = Fact::Opened {
        queue: opening.head.queue,
        language: details.language.clone(),
        skills: details.skills.clone(),
        priority: 0,
        guest_name: details.guest_name.clone(),
        topic: details.topic.clone(),
        kind: Some(opening.head.kind),
        last_agent: None,
    };
    row((&opening.head, opening.head.opening), opening.log.first()?, &fact)
}

/// The row for an event of a conversation that is there already, if routing is to hear of it.
pub(super) async fn of_event(
    tx: &DatabaseTransaction,
    (head, opening): (&Head, u32),
    logged: &Logged,
) -> Result<Option<feed::ActiveModel>, StoreError> {
    let fact = match logged.event.body {
        Body::Ended { reason } => Fact::Ended { reason },
        Body::Notice {
            code: NoticeCode::InactivityTransfer,
            queue: Some(queue),
            ..
        } => Fact::Silent { queue },
        Body::Reopened { last_agent, .. } => opened_again(tx, head, last_agent).await?,
        _ => return Ok(None),
    };
    Ok(row((head, opening), logged, &fact))
}

/// As it wanted an agent before, and with whom it had last.
async fn opened_again(tx: &DatabaseTransaction, head: &Head, last_agent: Option<UserId>) -> Result<Fact, StoreError> {
    let found = Scope::of(head.organisation)
        .find::<conversation::Entity>()
        .filter(conversation::Column::Id.eq(head.conversation.uuid()))
        .one(tx)
        .await?;
    let before = found.ok_or_else(|| broken("a conversation that is opened again is not there"))?;
    Ok(Fact::Opened {
        queue: head.queue,
        language: before.language,
        skills: serde_json::from_str(&before.skill_ids).map_err(broken)?,
        priority: 0,
        guest_name: before.guest_name,
        topic: before.topic,
        kind: Some(head.kind),
        last_agent,
    })
}

fn row((head, opening): (&Head, u32), logged: &Logged, fact: &Fact) -> Option<feed::ActiveModel> {
    Some(feed::ActiveModel {
        shard: Set(shard(head.organisation).number()),
        number: Set(0),
        organisation_id: Set(head.organisation.uuid()),
        conversation_id: Set(head.conversation.uuid()),
        opening: Set(i32::try_from(opening).ok()?),
        at: Set(logged.event.at.millis()),
        traceparent: Set(logged.traceparent.as_deref().map(str::to_owned)),
        fact: Set(serde_json::to_string(fact).ok()?),
    })
}

/// Gives the next `count` numbers of a shard and answers the last of them. The shard's row stays locked until the
/// commit, so a higher number is never visible before a lower one.
pub(super) async fn count(tx: &DatabaseTransaction, shard: i16, count: i64) -> Result<i64, StoreError> {
    let mut sql = Sql::new(
        tx.get_database_backend(),
        "UPDATE session_feed_heads SET number = number + ",
    );
    sql.value("bigint", count.into())
        .text(" WHERE shard = ")
        .value("smallint", shard.into());
    sql.text(" RETURNING number");
    let row = tx.query_one_raw(sql.done()).await?;
    let row = row.ok_or_else(|| broken("a shard without a head"))?;
    Ok(row.try_get("", "number")?)
}

/// The last number of each of these shards.
pub(crate) async fn heads(store: &Store, shards: &[Shard]) -> Result<Vec<(Shard, i64)>, StoreError> {
    let rows = feed_head::Entity::find()
        .filter(feed_head::Column::Shard.is_in(shards.iter().map(|shard| shard.number())))
        .all(store.reader())
        .await?;
    rows.into_iter()
        .map(|row| Ok((Shard(u8::try_from(row.shard).map_err(broken)?), row.number)))
        .collect()
}

/// The rows of a shard after a number, in order.
pub(crate) async fn after(store: &Store, shard: Shard, number: i64, limit: u64) -> Result<Vec<Row>, StoreError> {
    let rows = feed::Entity::find()
        .filter(feed::Column::Shard.eq(shard.number()))
        .filter(feed::Column::Number.gt(number))
        .order_by_asc(feed::Column::Number)
        .limit(limit)
        .all(store.reader())
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Row {
                shard,
                number: row.number,
                organisation: OrganisationId::new(row.organisation_id),
                conversation: ConversationId::new(row.conversation_id),
                opening: row.opening,
                at: Timestamp(row.at),
                traceparent: row.traceparent,
                fact: serde_json::from_str(&row.fact).map_err(broken)?,
            })
        })
        .collect()
}
