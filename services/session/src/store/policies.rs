//! What routing says of queues, held for a moment so that a batch of messages does not read it each time.

use super::{entities::policy, heads};
use onqueue_chat::{Door, Hours, Inactivity, Rules, Silence, Then};
use onqueue_model::{DivisionId, Divisions, LibraryId, OrganisationId, QueueId, ScriptId, Timestamp};
use onqueue_store::{Scope, Store, StoreError, query::within};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, ExprTrait as _, FromJsonQueryResult,
    QueryFilter as _, QuerySelect as _, Select,
    sea_query::{Expr, OnConflict},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// How long another replica may not notice a new policy.
const HELD: Duration = Duration::from_millis(500);

/// What session must know of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub organisation: OrganisationId,
    pub queue: QueueId,
    pub revision: i64,
    pub name: String,
    pub division: DivisionId,
    pub open: bool,
    /// The queue is no more.
    pub removed: bool,
    pub inactivity: Inactivity,
    /// `None` for a queue that is always open.
    pub hours: Option<Hours>,
    /// When a waiting guest who is not there is given up.
    pub abandon_after: Duration,
    /// For how long messaging at rest can be opened again.
    pub messaging_window: Duration,
    /// For how many days transcripts are kept; `None` is for ever.
    pub retention_days: Option<u32>,
    /// What may be attached, if anything.
    pub attachments: Option<Attachments>,
    /// Whether agents see who watches silently.
    pub monitor_visible: bool,
    /// The script that agents are led through.
    pub script: Option<ScriptId>,
    /// Which libraries of responses may be used.
    pub libraries: Libraries,
}

/// Which libraries of responses a queue allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Libraries {
    #[default]
    All,
    Chosen(BTreeSet<LibraryId>),
    None,
}

/// What may be attached to a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub(crate) struct Attachments {
    /// Of one.
    pub max_bytes: u64,
    /// Of a conversation's together.
    pub max_total_bytes: u64,
    /// By content, not by name.
    pub media_types: Vec<String>,
}

impl Policy {
    /// What a conversation in the queue goes by.
    pub const fn rules(&self) -> Rules {
        Rules {
            inactivity: self.inactivity,
            messaging_window: self.messaging_window,
        }
    }
}

/// Reads policies, each at most twice a second.
#[derive(Clone, Debug)]
pub(crate) struct Policies(moka::sync::Cache<(OrganisationId, QueueId), Option<Arc<Policy>>>);

impl Policies {
    pub fn new() -> Self {
        Self(
            moka::sync::Cache::builder()
                .max_capacity(10_000)
                .time_to_live(HELD)
                .build(),
        )
    }

    /// The rules of a queue, if they are held.
    pub fn held(&self, organisation: OrganisationId, queue: QueueId) -> Option<Rules> {
        let held = self.0.get(&(organisation, queue))?;
        Some(held.map_or_else(Rules::default, |policy| policy.rules()))
    }

    pub async fn get(
        &self,
        connection: &impl ConnectionTrait,
        organisation: OrganisationId,
        queue: QueueId,
    ) -> Result<Option<Arc<Policy>>, StoreError> {
        if let Some(held) = self.0.get(&(organisation, queue)) {
            return Ok(held);
        }
        let found = find(connection, organisation, queue).await?.map(Arc::new);
        self.0.insert((organisation, queue), found.clone());
        Ok(found)
    }

    /// As [`Policies::get`], outside of a transaction.
    pub async fn read(
        &self,
        store: &Store,
        organisation: OrganisationId,
        queue: QueueId,
    ) -> Result<Option<Arc<Policy>>, StoreError> {
        self.get(store.reader(), organisation, queue).await
    }

    /// The policy as it is, and stays until the transaction ends: a new one, which has the queue's conversations looked at
    /// again, waits and so finds what was made of this one.
    pub async fn renew(
        &self,
        tx: &DatabaseTransaction,
        organisation: OrganisationId,
        queue: QueueId,
    ) -> Result<Option<Arc<Policy>>, StoreError> {
        let row = select(organisation, queue).lock_shared().one(tx).await?;
        let found = row.map(|row| Arc::new(from_row(organisation, row)));
        self.0.insert((organisation, queue), found.clone());
        Ok(found)
    }

    pub fn forget(&self, organisation: OrganisationId, queue: QueueId) {
        self.0.invalidate(&(organisation, queue));
    }
}

/// The policy as it stands in the database.
pub(crate) async fn fresh(
    store: &Store,
    organisation: OrganisationId,
    queue: QueueId,
) -> Result<Option<Policy>, StoreError> {
    find(store.reader(), organisation, queue).await
}

/// The queues of these divisions.
pub(crate) async fn queues_in(
    store: &Store,
    organisation: OrganisationId,
    divisions: &Divisions,
) -> Result<Vec<QueueId>, StoreError> {
    let ids: Vec<uuid::Uuid> = Scope::of(organisation)
        .find::<policy::Entity>()
        .filter(within(policy::Column::DivisionId, divisions))
        .select_only()
        .column(policy::Column::QueueId)
        .into_tuple()
        .all(store.reader())
        .await?;
    Ok(ids.into_iter().map(QueueId::new).collect())
}

/// Keeps it unless a newer revision is kept already, and has the queue's connected conversations looked at: their next
/// look at inactivity may be due earlier now.
///
/// In two transactions: others read a policy while they hold conversations, so that nobody may wait for conversations
/// while holding a policy. Whoever read the old one has committed before the first ends, and is found by the second; if
/// that fails, so does the call, which is repeated.
pub(crate) async fn put(store: &Store, policy: Policy, now: Timestamp) -> Result<(), StoreError> {
    let policy = Arc::new(policy);
    let kept = Arc::clone(&policy);
    store
        .transaction(move |tx| {
            let policy = Arc::clone(&kept);
            Box::pin(async move {
                policy::Entity::insert(as_row(&policy))
                    .on_conflict(replace_older())
                    .exec_without_returning(tx)
                    .await?;
                Ok(())
            })
        })
        .await?;
    store
        .transaction(move |tx| {
            let policy = Arc::clone(&policy);
            Box::pin(async move { heads::look_again(tx, (policy.organisation, policy.queue), now).await })
        })
        .await
}

fn replace_older() -> OnConflict {
    use policy::Column as C;
    OnConflict::columns([C::OrganisationId, C::QueueId])
        .update_columns([
            C::Revision,
            C::Name,
            C::DivisionId,
            C::Open,
            C::Removed,
            C::InactivityTimeoutMs,
            C::InactivityWarningMs,
            C::State,
            C::ChangesAt,
            C::NextState,
            C::OpensAt,
            C::InactivityCounts,
            C::InactivityTransferQueueId,
            C::AbandonAfterMs,
            C::MessagingWindowMs,
            C::RetentionDays,
            C::Attachments,
            C::MonitorVisible,
            C::ScriptId,
            C::Libraries,
        ])
        .action_and_where(is_newer())
        .to_owned()
}

/// By the revision; of one revision, what knows of a later change of its hours was said later.
fn is_newer() -> Expr {
    let (kept, new) = (
        |column| Expr::col((policy::Entity, column)),
        |column: &'static str| Expr::col(("excluded", column)),
    );
    let same = kept(policy::Column::Revision).eq(new("revision"));
    let later = kept(policy::Column::ChangesAt).lt(new("changes_at"));
    kept(policy::Column::Revision).lt(new("revision")).or(same.and(later))
}

async fn find(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    queue: QueueId,
) -> Result<Option<Policy>, StoreError> {
    let row = select(organisation, queue).one(connection).await?;
    Ok(row.map(|row| from_row(organisation, row)))
}

fn select(organisation: OrganisationId, queue: QueueId) -> Select<policy::Entity> {
    Scope::of(organisation)
        .find::<policy::Entity>()
        .filter(policy::Column::QueueId.eq(queue.uuid()))
}

fn from_row(organisation: OrganisationId, row: policy::Model) -> Policy {
    Policy {
        organisation,
        queue: QueueId::new(row.queue_id),
        revision: row.revision,
        name: row.name,
        division: DivisionId::new(row.division_id),
        open: row.open,
        removed: row.removed,
        inactivity: Inactivity {
            timeout: duration(row.inactivity_timeout_ms),
            warning: duration(row.inactivity_warning_ms),
            counts: silence(row.inactivity_counts),
            then: row
                .inactivity_transfer_queue_id
                .map_or(Then::End, |queue| Then::Transfer(QueueId::new(queue))),
        },
        hours: door(row.state).map(|now| Hours {
            now,
            changes_at: row.changes_at.map(Timestamp),
            then: door(row.next_state).unwrap_or(now),
            opens_at: row.opens_at.map(Timestamp),
        }),
        abandon_after: duration(row.abandon_after_ms),
        messaging_window: duration(row.messaging_window_ms),
        retention_days: u32::try_from(row.retention_days).ok().filter(|days| *days > 0),
        attachments: row.attachments,
        monitor_visible: row.monitor_visible,
        script: row.script_id.map(ScriptId::new),
        libraries: row.libraries.unwrap_or_default(),
    }
}

/// 0 is both sides'.
const fn silence(number: i16) -> Silence {
    match number {
        1 => Silence::Guest,
        2 => Silence::Agent,
        _ => Silence::Both,
    }
}

const fn silence_number(silence: Silence) -> i16 {
    match silence {
        Silence::Both => 0,
        Silence::Guest => 1,
        Silence::Agent => 2,
    }
}

/// 0 is that of a queue without hours.
const fn door(state: i16) -> Option<Door> {
    match state {
        1 => Some(Door::Open),
        2 => Some(Door::Closed),
        3 => Some(Door::Holiday),
        4 => Some(Door::Emergency),
        _ => None,
    }
}

const fn state(door: Door) -> i16 {
    match door {
        Door::Open => 1,
        Door::Closed => 2,
        Door::Holiday => 3,
        Door::Emergency => 4,
    }
}

fn as_row(policy: &Policy) -> policy::ActiveModel {
    policy::ActiveModel {
        organisation_id: Set(policy.organisation.uuid()),
        queue_id: Set(policy.queue.uuid()),
        revision: Set(policy.revision),
        name: Set(policy.name.clone()),
        division_id: Set(policy.division.uuid()),
        open: Set(policy.open),
        removed: Set(policy.removed),
        inactivity_timeout_ms: Set(millis(policy.inactivity.timeout)),
        inactivity_warning_ms: Set(millis(policy.inactivity.warning)),
        state: Set(policy.hours.map_or(0, |hours| state(hours.now))),
        changes_at: Set(policy.hours.and_then(|hours| hours.changes_at).map(Timestamp::millis)),
        next_state: Set(policy.hours.map_or(0, |hours| state(hours.then))),
        opens_at: Set(policy.hours.and_then(|hours| hours.opens_at).map(Timestamp::millis)),
        inactivity_counts: Set(silence_number(policy.inactivity.counts)),
        inactivity_transfer_queue_id: Set(match policy.inactivity.then {
            Then::End => None,
            Then::Transfer(queue) => Some(queue.uuid()),
        }),
        abandon_after_ms: Set(millis(policy.abandon_after)),
        messaging_window_ms: Set(millis(policy.messaging_window)),
        retention_days: Set(policy
            .retention_days
            .map_or(0, |days| i32::try_from(days).unwrap_or(i32::MAX))),
        attachments: Set(policy.attachments.clone()),
        monitor_visible: Set(policy.monitor_visible),
        script_id: Set(policy.script.map(ScriptId::uuid)),
        libraries: Set(Some(policy.libraries.clone())),
    }
}

fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
