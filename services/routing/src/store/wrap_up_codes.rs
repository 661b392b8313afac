//! Wrap-up codes: making, finding, listing, changing and removing them.

use super::entities::wrap_up_code::{ActiveModel, Column, Entity, Model};
use super::entities::{queue, wrap_up_code_queue};
use super::{Actor, Change, Done, ROWS, Tables, check_etag, lock_configuration, next_revision, record, refused};
use onqueue_model::{DivisionId, Divisions, Fault, OrganisationId, QueueId, Timestamp, WrapUpCodeId};
use onqueue_server::resource::Once;
use onqueue_store::{
    Scope, StoreError,
    query::{fold, starting_after_both, within},
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set, prelude::Expr, sea_query::Query,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A wrap-up code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrapUpCode {
    /// Which.
    pub id: WrapUpCodeId,
    /// Configuration revision of the last change; 0 before it is written.
    pub revision: i64,
    /// What is set.
    pub content: CodeContent,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it is no more.
    pub removed: bool,
}

/// What can be set about a wrap-up code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CodeContent {
    /// Unique in the organisation without regard to case.
    pub name: String,
    /// For people.
    pub description: String,
    /// Where it belongs; `None` is everywhere.
    pub division: Option<DivisionId>,
    /// Queues whose agents may use it.
    pub queues: BTreeSet<QueueId>,
}

/// A code to be made once for its request.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// Its content; the revision is not looked at.
    pub code: WrapUpCode,
    /// The request.
    pub once: Once,
}

/// Where a page of codes ended: the folded name and the id of the last.
pub type CodePlace = (String, WrapUpCodeId);

impl Tables {
    /// Makes the code. The same request again answers the first; with another body it is refused with REQUEST_ID_REUSED.
    /// NAME_TAKEN if the organisation has one of that name, FIELD_INVALID for a queue that is none.
    pub async fn create_code(
        &self,
        organisation: OrganisationId,
        new: NewCode,
        by: Actor,
    ) -> Result<WrapUpCode, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (new, by) = (new.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                if let Some(before) = requested(tx, organisation, new.once).await? {
                    return Ok(before);
                }
                refuse_wrong(tx, organisation, &new.code).await?;
                let revision = next_revision(tx, organisation).await?;
                let code = WrapUpCode { revision, ..new.code };
                Entity::insert(row(organisation, &code, new.once))
                    .exec_without_returning(tx)
                    .await?;
                write_queues(tx, organisation, &code).await?;
                record(tx, organisation, &by, done("wrap_up_code.create", None, Some(&code))).await?;
                Ok(code)
            })
        });
        work.await
    }

    /// The code, removed or not; `None` if the organisation never had one of that id.
    pub async fn code(&self, organisation: OrganisationId, id: WrapUpCodeId) -> Result<Option<WrapUpCode>, StoreError> {
        find(self.0.reader(), organisation, id).await
    }

    /// The codes that agents of the queue may use, with their names.
    pub async fn codes_of(
        &self,
        organisation: OrganisationId,
        queue: QueueId,
    ) -> Result<BTreeMap<WrapUpCodeId, String>, StoreError> {
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::DeletedAt.is_null())
            .filter(used_by(organisation, queue))
            .all(self.0.reader())
            .await?;
        Ok(rows.into_iter().map(|row| (row.code_id.into(), row.name)).collect())
    }

    /// The first `size` codes after `from`, by folded name and id, of all divisions and of these; of one queue, if given.
    pub async fn list_codes(
        &self,
        organisation: OrganisationId,
        (divisions, queue): (&Divisions, Option<QueueId>),
        from: Option<CodePlace>,
        size: u64,
    ) -> Result<Vec<WrapUpCode>, StoreError> {
        let place = from.map(|(name, id)| (name, id.uuid()));
        let visible = Condition::any()
            .add(Column::DivisionId.is_null())
            .add(within(Column::DivisionId, divisions));
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::DeletedAt.is_null())
            .filter(visible)
            .filter(Condition::all().add_option(queue.map(|queue| used_by(organisation, queue))))
            .filter(starting_after_both(Column::NameFolded, Column::CodeId, "", place))
            .order_by_asc(Column::NameFolded)
            .order_by_asc(Column::CodeId)
            .limit(size)
            .all(self.0.reader())
            .await?;
        with_queues(self.0.reader(), organisation, rows).await
    }

    /// Makes of the code what `change` says. The code as it is if that is nothing else; otherwise the etag must be the current
    /// one. NAME_TAKEN if another has the new name, FIELD_INVALID for a queue that is none, NOT_FOUND for a removed code.
    pub async fn update_code(
        &self,
        organisation: OrganisationId,
        (id, etag): (WrapUpCodeId, String),
        change: Change<CodeContent>,
        by: Actor,
    ) -> Result<WrapUpCode, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (change, etag, by) = (change.clone(), etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = find(tx, organisation, id).await?;
                let before = before.filter(|code| !code.removed).ok_or_else(not_found)?;
                let content = change(&before.content).map_err(refused)?;
                if content == before.content {
                    return Ok(before);
                }
                check_etag("wrap_up_code.etag", &etag, before.revision)?;
                let mut after = WrapUpCode {
                    content,
                    ..before.clone()
                };
                refuse_wrong(tx, organisation, &after).await?;
                after.revision = next_revision(tx, organisation).await?;
                write(tx, organisation, &after, None).await?;
                write_queues(tx, organisation, &after).await?;
                let done = done("wrap_up_code.update", Some(&before), Some(&after));
                record(tx, organisation, &by, done).await?;
                Ok(after)
            })
        });
        work.await
    }

    /// Removes the code; one that was removed before stays as it is. The etag must be the current one. NOT_FOUND if there never
    /// was one.
    pub async fn delete_code(
        &self,
        organisation: OrganisationId,
        (id, etag): (WrapUpCodeId, String),
        by: Actor,
    ) -> Result<(), StoreError> {
        let work = self.0.transaction(move |tx| {
            let (etag, by) = (etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let code = find(tx, organisation, id).await?.ok_or_else(not_found)?;
                if code.removed {
                    return Ok(());
                }
                check_etag("etag", &etag, code.revision)?;
                let revision = next_revision(tx, organisation).await?;
                let mut after = WrapUpCode {
                    revision,
                    ..code.clone()
                };
                write(tx, organisation, &after, Some(by.at)).await?;
                after.content.queues.clear();
                write_queues(tx, organisation, &after).await?;
                record(tx, organisation, &by, done("wrap_up_code.delete", Some(&code), None)).await
            })
        });
        work.await
    }
}

fn used_by(organisation: OrganisationId, queue: QueueId) -> Expr {
    use wrap_up_code_queue as of;
    let codes = Query::select()
        .column(of::Column::CodeId)
        .from(of::Entity)
        .and_where(of::Column::OrganisationId.eq(organisation.uuid()))
        .and_where(of::Column::QueueId.eq(queue.uuid()))
        .to_owned();
    Column::CodeId.in_subquery(codes)
}

async fn find<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    id: WrapUpCodeId,
) -> Result<Option<WrapUpCode>, StoreError> {
    let rows = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::CodeId.eq(id.uuid()))
        .all(connection)
        .await?;
    Ok(with_queues(connection, organisation, rows).await?.pop())
}

async fn with_queues<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    rows: Vec<Model>,
) -> Result<Vec<WrapUpCode>, StoreError> {
    use wrap_up_code_queue as of;
    let used = Scope::of(organisation)
        .find::<of::Entity>()
        .filter(of::Column::CodeId.is_in(rows.iter().map(|row| row.code_id)))
        .all(connection)
        .await?;
    let mut queues: BTreeMap<Uuid, BTreeSet<QueueId>> = BTreeMap::new();
    for row in used {
        queues.entry(row.code_id).or_default().insert(row.queue_id.into());
    }
    let codes = rows.into_iter().map(|row| WrapUpCode {
        id: row.code_id.into(),
        revision: row.revision,
        created_at: Timestamp(row.created_at),
        removed: row.deleted_at.is_some(),
        content: CodeContent {
            queues: queues.remove(&row.code_id).unwrap_or_default(),
            name: row.name,
            description: row.description,
            division: row.division_id.map(DivisionId::from),
        },
    });
    Ok(codes.collect())
}

/// What the same request made before.
async fn requested(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    once: Once,
) -> Result<Option<WrapUpCode>, StoreError> {
    let row = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::RequestId.eq(once.request))
        .one(tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.request_hash.as_deref() != Some(&once.hash[..]) {
        return Err(refused(Fault::request_id_reused()));
    }
    Ok(with_queues(tx, organisation, vec![row]).await?.pop())
}

/// NAME_TAKEN if another code has its name, FIELD_INVALID if a queue of it is none.
async fn refuse_wrong(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    code: &WrapUpCode,
) -> Result<(), StoreError> {
    let scope = Scope::of(organisation);
    let taken = scope
        .find::<Entity>()
        .filter(Column::NameFolded.eq(fold(&code.content.name)))
        .filter(Column::CodeId.ne(code.id.uuid()))
        .filter(Column::DeletedAt.is_null());
    if taken.one(tx).await?.is_some() {
        return Err(refused(Fault::name_taken("wrap_up_code.name")));
    }
    let there: Vec<Uuid> = scope
        .find::<queue::Entity>()
        .select_only()
        .column(queue::Column::QueueId)
        .filter(queue::Column::QueueId.is_in(code.content.queues.iter().map(|queue| queue.uuid())))
        .filter(queue::Column::DeletedAt.is_null())
        .into_tuple()
        .all(tx)
        .await?;
    let there: BTreeSet<QueueId> = there.into_iter().map(QueueId::from).collect();
    match code.content.queues.difference(&there).next() {
        None => Ok(()),
        Some(queue) => Err(refused(Fault::field(
            "wrap_up_code.queue_ids",
            format!("{queue} is not a queue of this organisation"),
        ))),
    }
}

fn row(organisation: OrganisationId, code: &WrapUpCode, once: Once) -> ActiveModel {
    ActiveModel {
        organisation_id: Set(organisation.uuid()),
        code_id: Set(code.id.uuid()),
        name: Set(code.content.name.clone()),
        name_folded: Set(fold(&code.content.name)),
        description: Set(code.content.description.clone()),
        division_id: Set(code.content.division.map(DivisionId::uuid)),
        revision: Set(code.revision),
        request_id: Set(Some(once.request)),
        request_hash: Set(Some(once.hash.to_vec())),
        created_at: Set(code.created_at.millis()),
        deleted_at: Set(None),
    }
}

/// Writes what can be changed about a code, and whether it is no more.
async fn write(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    code: &WrapUpCode,
    removed: Option<Timestamp>,
) -> Result<(), StoreError> {
    let content = &code.content;
    Entity::update_many()
        .col_expr(Column::Name, Expr::value(content.name.clone()))
        .col_expr(Column::NameFolded, Expr::value(fold(&content.name)))
        .col_expr(Column::Description, Expr::value(content.description.clone()))
        .col_expr(Column::DivisionId, Expr::value(content.division.map(DivisionId::uuid)))
        .col_expr(Column::Revision, Expr::value(code.revision))
        .col_expr(Column::DeletedAt, Expr::value(removed.map(Timestamp::millis)))
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::CodeId.eq(code.id.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Makes exactly those the queues that use it.
async fn write_queues(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    code: &WrapUpCode,
) -> Result<(), StoreError> {
    use wrap_up_code_queue as of;
    of::Entity::delete_many()
        .filter(of::Column::OrganisationId.eq(organisation.uuid()))
        .filter(of::Column::CodeId.eq(code.id.uuid()))
        .exec(tx)
        .await?;
    let queues: Vec<_> = code.content.queues.iter().collect();
    for some in queues.chunks(ROWS) {
        let rows = some.iter().map(|queue| of::ActiveModel {
            organisation_id: Set(organisation.uuid()),
            queue_id: Set(queue.uuid()),
            code_id: Set(code.id.uuid()),
        });
        of::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

fn done(action: &'static str, before: Option<&WrapUpCode>, after: Option<&WrapUpCode>) -> Done<'static> {
    let id = before.or(after).map(|code| code.id.to_string());
    let text = |code: &WrapUpCode| serde_json::to_string(&code.content).unwrap_or_default();
    Done {
        action,
        object: format!("wrap_up_code:{}", id.unwrap_or_default()),
        before: before.map(text),
        after: after.map(text),
    }
}

fn not_found() -> StoreError {
    refused(Fault::not_found("wrap_up_code"))
}
