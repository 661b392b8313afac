//! Erasing transcripts whose queue's retention has passed, some at a time. Of many replicas each takes what no other has in
//! hand.

use super::entities::{conversation, policy, retention};
use super::{audits, erase, forgetting, trail};
use onqueue_model::{ConversationId, Divisions, OrganisationId, QueueId, Timestamp};
use onqueue_store::{Scope, Store, StoreError, audit, query::within};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select,
    sea_query::{Expr, LockBehavior, LockType, OnConflict, Query},
};
use uuid::Uuid;

/// How many are erased in one transaction.
const AT_ONCE: u64 = 20;

/// How many are counted.
const COUNTED: u64 = 1_000;

const DAY: i64 = 24 * 3_600_000;

/// A queue whose transcripts are not kept for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub organisation: OrganisationId,
    pub queue: QueueId,
    pub name: String,
    pub days: i32,
}

/// How far retention has come with a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub rule: Rule,
    pub erased: i64,
    pub last_erased_at: Option<Timestamp>,
    /// How many are due, at most a thousand.
    pub due: usize,
}

/// Every queue with retention.
pub(crate) async fn rules(store: &Store) -> Result<Vec<Rule>, StoreError> {
    let rows = policy::Entity::find()
        .filter(policy::Column::RetentionDays.gt(0))
        .order_by_asc(policy::Column::OrganisationId)
        .order_by_asc(policy::Column::QueueId)
        .all(store.reader())
        .await?;
    Ok(rows.into_iter().map(as_rule).collect())
}

fn as_rule(row: policy::Model) -> Rule {
    Rule {
        organisation: OrganisationId::new(row.organisation_id),
        queue: QueueId::new(row.queue_id),
        name: row.name,
        days: row.retention_days,
    }
}

/// Erases some of a queue's transcripts that are due, with a record for each in the audit trail; answers which.
pub(crate) async fn erase_some(store: &Store, rule: &Rule, now: Timestamp) -> Result<Vec<ConversationId>, StoreError> {
    // Without a transaction, which would keep a quiet database's only writer busy for nothing.
    let any = due(rule, now).limit(1).one(store.reader()).await?;
    if any.is_none() {
        return Ok(Vec::new());
    }
    let (organisation, queue, days) = (rule.organisation, rule.queue, rule.days);
    store
        .transaction(move |tx| {
            let rule = Rule {
                organisation,
                queue,
                name: String::new(),
                days,
            };
            Box::pin(async move { erase_in(tx, &rule, now).await })
        })
        .await
}

async fn erase_in(tx: &DatabaseTransaction, rule: &Rule, now: Timestamp) -> Result<Vec<ConversationId>, StoreError> {
    use conversation::Column as C;
    // In order of id, as everybody locks them, of those that are due for longest.
    let longest = due(rule, now)
        .order_by_asc(C::EndedAt)
        .order_by_asc(C::Id)
        .limit(AT_ONCE);
    let mut rows = longest
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(tx)
        .await?;
    rows.sort_by_key(|row| row.id);
    let ids: Vec<ConversationId> = rows.iter().map(|row| ConversationId::new(row.id)).collect();
    if ids.is_empty() {
        return Ok(ids);
    }
    erase::guests(tx, rule.organisation, &ids).await?;
    let mut records = Vec::with_capacity(rows.len());
    for (row, id) in rows.iter().zip(&ids) {
        let key = (rule.organisation, *id);
        erase::contents(tx, key, now).await?;
        forgetting::add(tx, key, None, now).await?;
        records.push(audit::Entry {
            organisation: rule.organisation,
            at: now,
            actor: "service:session".to_owned(),
            action: audits::EXPIRED.to_owned(),
            object: audits::object(key, row.last_sequence),
            before: None,
            after: row.head_hash.clone().try_into().ok(),
        });
    }
    count(tx, rule, (i64::try_from(ids.len()).unwrap_or(i64::MAX), now)).await?;
    trail::append(tx, &records).await?;
    Ok(ids)
}

/// What ended so long ago, and is neither erased nor to be kept.
fn due(rule: &Rule, now: Timestamp) -> Select<conversation::Entity> {
    use conversation::Column as C;
    let held = Query::select()
        .column("conversation_id")
        .from("session_legal_holds")
        .and_where(Expr::col("organisation_id").eq(rule.organisation.uuid()))
        .to_owned();
    let limit = now.millis().saturating_sub(i64::from(rule.days).saturating_mul(DAY));
    Scope::of(rule.organisation)
        .find::<conversation::Entity>()
        .filter(C::QueueId.eq(rule.queue.uuid()))
        .filter(C::EndedAt.lte(limit))
        .filter(C::EndedAt.is_not_null())
        .filter(C::ErasedAt.is_null())
        .filter(C::Id.not_in_subquery(held))
}

async fn count(tx: &DatabaseTransaction, rule: &Rule, (erased, now): (i64, Timestamp)) -> Result<(), StoreError> {
    use retention::Column as C;
    let row = retention::ActiveModel {
        organisation_id: Set(rule.organisation.uuid()),
        queue_id: Set(rule.queue.uuid()),
        erased: Set(erased),
        last_erased_at: Set(now.millis()),
    };
    let more = Expr::col((retention::Entity, C::Erased)).add(Expr::col(("excluded", "erased")));
    let counted = OnConflict::columns([C::OrganisationId, C::QueueId])
        .value(C::Erased, more)
        .update_column(C::LastErasedAt)
        .to_owned();
    retention::Entity::insert(row)
        .on_conflict(counted)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// How far retention has come with the queues of these divisions.
pub(crate) async fn progress(
    store: &Store,
    organisation: OrganisationId,
    divisions: &Divisions,
    now: Timestamp,
) -> Result<Vec<Progress>, StoreError> {
    let rules = Scope::of(organisation)
        .find::<policy::Entity>()
        .filter(policy::Column::RetentionDays.gt(0))
        .filter(within(policy::Column::DivisionId, divisions))
        .order_by_asc(policy::Column::QueueId)
        .all(store.reader())
        .await?;
    let mut all = Vec::with_capacity(rules.len());
    for rule in rules.into_iter().map(as_rule) {
        let counted = Scope::of(organisation)
            .find::<retention::Entity>()
            .filter(retention::Column::QueueId.eq(rule.queue.uuid()))
            .one(store.reader())
            .await?;
        let ids: Vec<Uuid> = due(&rule, now)
            .limit(COUNTED)
            .select_only()
            .column(conversation::Column::Id)
            .into_tuple()
            .all(store.reader())
            .await?;
        all.push(Progress {
            rule,
            erased: counted.as_ref().map_or(0, |counted| counted.erased),
            last_erased_at: counted.map(|counted| Timestamp(counted.last_erased_at)),
            due: ids.len(),
        });
    }
    Ok(all)
}
