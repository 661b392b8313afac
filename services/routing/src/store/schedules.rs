//! Schedules: making, finding, listing, changing and removing them.

use super::entities::schedule::{ActiveModel, Column, Entity, Model};
use super::entities::{schedule_group, scheduled};
use super::{Actor, Change, Done, Tables, check_etag, lock_configuration, next_revision, opening, record, refused};
use onqueue_model::{Fault, OrganisationId, Reason, ScheduleId, Timestamp};
use onqueue_server::resource::Once;
use onqueue_store::{
    Scope, StoreError,
    query::{fold, starting_after_both},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select, Set, prelude::Expr,
};
use serde::Serialize;

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Which.
    pub id: ScheduleId,
    /// Configuration revision of the last change; 0 before it is written.
    pub revision: i64,
    /// What is set.
    pub content: ScheduleContent,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it is no more.
    pub removed: bool,
}

/// What can be set about a schedule, as text that has been found good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScheduleContent {
    /// Unique in the organisation without regard to case.
    pub name: String,
    /// For people.
    pub description: String,
    /// Local time.
    pub start: String,
    /// Local time.
    pub end: String,
    /// Empty if it does not recur.
    pub rule: String,
    /// Empty for that of the group.
    pub time_zone: String,
}

/// A schedule to be made once for its request.
#[derive(Clone, Debug)]
pub struct NewSchedule {
    /// Its content; the revision is not looked at.
    pub schedule: Schedule,
    /// The request.
    pub once: Once,
}

/// Where a page of schedules ended: the folded name and the id of the last.
pub type SchedulePlace = (String, ScheduleId);

impl Tables {
    /// Makes the schedule. The same request again answers the first; with another body it is refused with
    /// REQUEST_ID_REUSED. NAME_TAKEN if the organisation has a schedule of that name.
    pub async fn create_schedule(
        &self,
        organisation: OrganisationId,
        new: NewSchedule,
        by: Actor,
    ) -> Result<Schedule, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (new, by) = (new.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                if let Some(before) = requested(tx, organisation, new.once).await? {
                    return Ok(before);
                }
                refuse_taken(tx, organisation, &new.schedule).await?;
                let revision = next_revision(tx, organisation).await?;
                let schedule = Schedule {
                    revision,
                    ..new.schedule
                };
                Entity::insert(row(organisation, &schedule, new.once))
                    .exec_without_returning(tx)
                    .await?;
                record(tx, organisation, &by, done("schedule.create", None, Some(&schedule))).await?;
                Ok(schedule)
            })
        });
        work.await
    }

    /// The schedule, removed or not; `None` if the organisation never had one of that id.
    pub async fn schedule(&self, organisation: OrganisationId, id: ScheduleId) -> Result<Option<Schedule>, StoreError> {
        find(self.0.reader(), organisation, id).await
    }

    /// The first `size` schedules after `from`, by folded name and id, whose folded name begins with `text`.
    pub async fn list_schedules(
        &self,
        organisation: OrganisationId,
        text: &str,
        from: Option<SchedulePlace>,
        size: u64,
    ) -> Result<Vec<Schedule>, StoreError> {
        let rows = page(organisation, text, from, size).all(self.0.reader()).await?;
        Ok(rows.into_iter().map(Schedule::from).collect())
    }

    /// Makes of the schedule what `change` says, and has session told of the queues that it opens or closes. The schedule as
    /// it is if that is nothing else; otherwise the etag must be the current one. NAME_TAKEN if another has the new name,
    /// NOT_FOUND for a removed one.
    pub async fn update_schedule(
        &self,
        organisation: OrganisationId,
        (id, etag): (ScheduleId, String),
        change: Change<ScheduleContent>,
        by: Actor,
    ) -> Result<Schedule, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (change, etag, by) = (change.clone(), etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = find(tx, organisation, id).await?;
                let before = before.filter(|schedule| !schedule.removed).ok_or_else(not_found)?;
                let content = change(&before.content).map_err(refused)?;
                if content == before.content {
                    return Ok(before);
                }
                check_etag("schedule.etag", &etag, before.revision)?;
                let mut after = Schedule {
                    content,
                    ..before.clone()
                };
                refuse_taken(tx, organisation, &after).await?;
                after.revision = next_revision(tx, organisation).await?;
                write(tx, organisation, &after).await?;
                opening::touch(tx, organisation, opening::keep_to(organisation, id), after.revision).await?;
                let updated = done("schedule.update", Some(&before), Some(&after));
                record(tx, organisation, &by, updated).await?;
                Ok(after)
            })
        });
        work.await
    }

    /// Removes the schedule; one that was removed before stays as it is. The etag must be the current one. STATE_CONFLICT
    /// while a group names it, NOT_FOUND if there never was one.
    pub async fn delete_schedule(
        &self,
        organisation: OrganisationId,
        (id, etag): (ScheduleId, String),
        by: Actor,
    ) -> Result<(), StoreError> {
        let work = self.0.transaction(move |tx| {
            let (etag, by) = (etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let schedule = find(tx, organisation, id).await?.ok_or_else(not_found)?;
                if schedule.removed {
                    return Ok(());
                }
                check_etag("etag", &etag, schedule.revision)?;
                refuse_named(tx, organisation, id).await?;
                let revision = next_revision(tx, organisation).await?;
                Entity::update_many()
                    .col_expr(Column::DeletedAt, Expr::value(Some(by.at.millis())))
                    .col_expr(Column::Revision, Expr::value(revision))
                    .filter(Column::OrganisationId.eq(organisation.uuid()))
                    .filter(Column::ScheduleId.eq(id.uuid()))
                    .exec(tx)
                    .await?;
                record(tx, organisation, &by, done("schedule.delete", Some(&schedule), None)).await
            })
        });
        work.await
    }
}

pub(super) fn page(organisation: OrganisationId, text: &str, from: Option<SchedulePlace>, size: u64) -> Select<Entity> {
    let place = from.map(|(name, id)| (name, id.uuid()));
    Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::DeletedAt.is_null())
        .filter(starting_after_both(
            Column::NameFolded,
            Column::ScheduleId,
            &fold(text),
            place,
        ))
        .order_by_asc(Column::NameFolded)
        .order_by_asc(Column::ScheduleId)
        .limit(size)
}

async fn find<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    id: ScheduleId,
) -> Result<Option<Schedule>, StoreError> {
    let row = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::ScheduleId.eq(id.uuid()))
        .one(connection)
        .await?;
    Ok(row.map(Schedule::from))
}

/// What the same request made before.
async fn requested(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    once: Once,
) -> Result<Option<Schedule>, StoreError> {
    let row = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::RequestId.eq(once.request))
        .one(tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.request_hash.as_deref() != Some(&once.hash[..]) {
        return Err(refused(Fault::request_id_reused()));
    }
    Ok(Some(row.into()))
}

/// NAME_TAKEN if another schedule than this has its name.
async fn refuse_taken(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    schedule: &Schedule,
) -> Result<(), StoreError> {
    let taken = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::NameFolded.eq(fold(&schedule.content.name)))
        .filter(Column::ScheduleId.ne(schedule.id.uuid()))
        .filter(Column::DeletedAt.is_null());
    match taken.one(tx).await? {
        None => Ok(()),
        Some(_) => Err(refused(Fault::name_taken("schedule.name"))),
    }
}

async fn refuse_named(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    id: ScheduleId,
) -> Result<(), StoreError> {
    let named = Scope::of(organisation)
        .find::<scheduled::Entity>()
        .filter(scheduled::Column::ScheduleId.eq(id.uuid()));
    let Some(first) = named.one(tx).await? else {
        return Ok(());
    };
    let group = Scope::of(organisation)
        .find::<schedule_group::Entity>()
        .filter(schedule_group::Column::ScheduleGroupId.eq(first.schedule_group_id));
    let group = group.one(tx).await?.map(|group| group.name).unwrap_or_default();
    let problem = format!("the schedule group “{group}” names this schedule; take it out first");
    Err(refused(Fault::new(Reason::StateConflict, problem)))
}

fn row(organisation: OrganisationId, schedule: &Schedule, once: Once) -> ActiveModel {
    let content = &schedule.content;
    ActiveModel {
        organisation_id: Set(organisation.uuid()),
        schedule_id: Set(schedule.id.uuid()),
        name: Set(content.name.clone()),
        name_folded: Set(fold(&content.name)),
        description: Set(content.description.clone()),
        starts: Set(content.start.clone()),
        ends: Set(content.end.clone()),
        rule: Set(content.rule.clone()),
        time_zone: Set(content.time_zone.clone()),
        revision: Set(schedule.revision),
        request_id: Set(Some(once.request)),
        request_hash: Set(Some(once.hash.to_vec())),
        created_at: Set(schedule.created_at.millis()),
        deleted_at: Set(None),
    }
}

/// Writes what can be changed about a schedule.
async fn write(tx: &DatabaseTransaction, organisation: OrganisationId, schedule: &Schedule) -> Result<(), StoreError> {
    let content = &schedule.content;
    let texts = [
        (Column::Name, content.name.clone()),
        (Column::NameFolded, fold(&content.name)),
        (Column::Description, content.description.clone()),
        (Column::Starts, content.start.clone()),
        (Column::Ends, content.end.clone()),
        (Column::Rule, content.rule.clone()),
        (Column::TimeZone, content.time_zone.clone()),
    ];
    let mut update = Entity::update_many().col_expr(Column::Revision, Expr::value(schedule.revision));
    for (column, text) in texts {
        update = update.col_expr(column, Expr::value(text));
    }
    update
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::ScheduleId.eq(schedule.id.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

fn done(action: &'static str, before: Option<&Schedule>, after: Option<&Schedule>) -> Done<'static> {
    let id = before.or(after).map(|schedule| schedule.id.to_string());
    let text = |schedule: &Schedule| serde_json::to_string(&schedule.content).unwrap_or_default();
    Done {
        action,
        object: format!("schedule:{}", id.unwrap_or_default()),
        before: before.map(text),
        after: after.map(text),
    }
}

fn not_found() -> StoreError {
    refused(Fault::not_found("schedule"))
}

impl From<Model> for Schedule {
    fn from(row: Model) -> Self {
        Self {
            id: row.schedule_id.into(),
            revision: row.revision,
            content: ScheduleContent {
                name: row.name,
                description: row.description,
                start: row.starts,
                end: row.ends,
                rule: row.rule,
                time_zone: row.time_zone,
            },
            created_at: Timestamp(row.created_at),
            removed: row.deleted_at.is_some(),
        }
    }
}
