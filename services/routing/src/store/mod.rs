//! The tables: what is read and written, and in which transactions. Plain data in, plain data out; nothing is decided here.

mod agents;
mod at_once;
mod audited;
mod commit;
#[cfg(test)]
mod commit_tests;
mod configuration;
mod decisions;
mod entities;
mod history;
mod intervals;
mod leases;
mod listing;
mod load;
mod members;
mod opening;
mod outbox;
#[cfg(test)]
mod plans;
mod queue_changes;
mod queue_rules;
mod queue_settings;
mod queues;
mod records;
mod references;
mod renewal;
mod replay;
mod retention;
mod revisions;
mod schedule_groups;
mod scheduled;
mod schedules;
mod search;
mod seed;
mod settings;
mod skills;
mod utilization;
mod wrap_up_codes;
mod wrap_ups;

pub use audited::Audited;
#[cfg(test)]
use commit::Delivered;
pub use commit::{Batch, Details, Logged, NewDecision};
pub use configuration::{Configuration, Profile};
pub use decisions::{DecisionPlace, Record, StoredDecision, TimePlace};
pub use history::History;
pub use intervals::{IntervalPlace, Past, Span};
pub use leases::{Claim, Epochs, Fence, Holder};
pub use load::Loaded;
pub use members::{Joined, Roster, Standing};
pub use opening::{Hours, Opening};
pub use outbox::{NewPack, Parcel, Undelivered};
pub use queue_rules::{
    AgentLostAction, AttachmentRules, ConversationRules, InactivityAction, InactivityCounts, LibraryUse,
};
pub use queue_settings::{Group, Message, Preferred, QueueGroupRule, QueueSettings, RoutingMethod};
pub use queues::{NewQueue, QueuePlace};
pub use records::{Capacities, Content, Knowledge, Member, Queue, Skill, SkillContent, Utilization};
pub use renewal::Kept;
pub use revisions::QueueRevision;
pub use schedule_groups::{Emergency, GroupContent, GroupPlace, NewScheduleGroup, ScheduleGroup};
pub use schedules::{NewSchedule, Schedule, ScheduleContent, SchedulePlace};
pub(crate) use search::turned;
pub use settings::OrganisationSettings;
pub use skills::{NewSkill, SkillPlace};
pub use wrap_up_codes::{CodeContent, CodePlace, NewCode, WrapUpCode};
pub use wrap_ups::{Handled, Said, StoredWrapUp, WrapUpPlace};

use onqueue_model::{Fault, OrganisationId, Timestamp};
use onqueue_store::{Scope, Store, StoreError, audit};
use sea_orm::{
    DatabaseTransaction, EntityTrait, ExprTrait as _, QueryFilter as _, QuerySelect as _, Set, prelude::Expr,
    sea_query::OnConflict,
};
use std::sync::Arc;

use onqueue_store::audit::{Actor, Done};

/// Makes of what is there what is to be; a fault if that may not be.
pub type Change<T> = Arc<dyn Fn(&T) -> Result<T, Fault> + Send + Sync>;

/// The tables of this service.
#[derive(Clone, Debug)]
pub struct Tables(pub(crate) Store);

/// How many rows are written in one statement: SQLite binds at most 32,766 values, and no row here has more than 30.
const ROWS: usize = 1_000;

/// Keeps other changes of the organisation's configuration waiting until the transaction ends. It comes first in each of them,
/// so that none waits for another that waits for it; on SQLite one transaction writes at a time anyway.
async fn lock_configuration(tx: &DatabaseTransaction, organisation: OrganisationId) -> Result<(), StoreError> {
    use entities::head::{ActiveModel, Column, Entity};
    let first = ActiveModel {
        organisation_id: Set(organisation.uuid()),
        revision: Set(0),
        utilization_revision: Set(0),
    };
    let unless_there = OnConflict::column(Column::OrganisationId).do_nothing().to_owned();
    Entity::insert(first)
        .on_conflict(unless_there)
        .exec_without_returning(tx)
        .await?;
    let head = Scope::of(organisation).find::<Entity>();
    head.lock_exclusive().one(tx).await?;
    Ok(())
}

/// The organisation's next configuration revision, in a transaction that has locked its configuration.
async fn next_revision(tx: &DatabaseTransaction, organisation: OrganisationId) -> Result<i64, StoreError> {
    use entities::head::{Column, Entity};
    let moved = Entity::update_many()
        .col_expr(Column::Revision, Expr::col(Column::Revision).add(1))
        .filter(Expr::col(Column::OrganisationId).eq(organisation.uuid()))
        .exec_with_returning(tx)
        .await?;
    let head = moved.first().ok_or_else(|| broken("configuration was not locked"))?;
    Ok(head.revision)
}

/// The organisation's configuration revision; 0 before there is any configuration.
async fn revision<C: sea_orm::ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
) -> Result<i64, StoreError> {
    let head = Scope::of(organisation)
        .find::<entities::head::Entity>()
        .one(connection)
        .await?;
    Ok(head.map_or(0, |head| head.revision))
}

/// Notes what was done in the service's audit trail.
async fn record(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    by: &Actor,
    done: Done<'_>,
) -> Result<(), StoreError> {
    audit::record(tx, "routing", organisation, by, done).await
}

/// Whoever changes something names the revision that they have read.
fn check_etag(field: &'static str, given: &str, revision: i64) -> Result<(), StoreError> {
    if given.is_empty() {
        return Err(refused(Fault::field(field, "must be the one that was read last")));
    }
    if given != revision.to_string() {
        return Err(refused(Fault::etag_mismatch(revision)));
    }
    Ok(())
}

/// A row that does not mean what the code means is a defect.
fn broken(what: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(what.to_string())
}

fn refused(fault: Fault) -> StoreError {
    StoreError::Refused(fault)
}

fn optional_timestamp(at: Timestamp) -> Option<i64> {
    Some(at.millis())
}
