//! Files on their way in: kept part by part until all are there, and what became of each.

use super::entities::{import, import_part};
use super::{Tables, broken};
use crate::transfer::Outcome;
use onqueue_model::{Fault, OrganisationId, Reason, Timestamp};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set, prelude::Expr, sea_query::OnConflict,
};
use std::sync::Arc;
use uuid::Uuid;

/// How many imports of an organisation may be under way at once.
const OPEN: u64 = 8;

/// How many imports are forgotten in one transaction.
const AT_ONCE: u64 = 100;

/// An import, as everybody who sends a part of it describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    pub request: Uuid,
    /// SHA-256 of everything that was asked for beside the content.
    pub hash: [u8; 32],
    /// How many parts it has.
    pub parts: i32,
}

/// A part of a file.
#[derive(Clone, Debug)]
pub struct Part {
    /// From 0.
    pub number: i32,
    pub content: Vec<u8>,
    /// SHA-256 of the content.
    pub hash: [u8; 32],
}

/// How far an import is.
#[derive(Clone, Debug)]
pub enum Received {
    /// So many parts are there.
    Some(i32),
    /// The file is there.
    All(Vec<u8>),
    /// It was done before.
    Done(Outcome),
}

impl Tables {
    /// Keeps a part. The same part again changes nothing; another one in its place, and one that describes the import
    /// otherwise, is REQUEST_ID_REUSED. TENANT_QUOTA if the organisation has begun too many.
    pub async fn receive(
        &self,
        organisation: OrganisationId,
        (import, at): (Import, Timestamp),
        part: Part,
    ) -> Result<Received, StoreError> {
        let work = self.0.transaction_with(part, move |tx, part| {
            Box::pin(receive(tx, organisation, (import, at), part))
        });
        work.await
    }

    /// Notes that the import came to nothing, unless it was noted before what it came to; answers what it came to.
    pub async fn refuse_import(
        &self,
        organisation: OrganisationId,
        request: Uuid,
        outcome: Outcome,
    ) -> Result<Outcome, StoreError> {
        let outcome = Arc::new(outcome);
        let work = self.0.transaction(move |tx| {
            let outcome = Arc::clone(&outcome);
            Box::pin(async move {
                match done(tx, organisation, request).await? {
                    Some(before) => Ok(before),
                    None => {
                        close(tx, organisation, request, &outcome).await?;
                        Ok(Outcome::clone(&outcome))
                    }
                }
            })
        });
        work.await
    }

    /// Forgets imports that were begun and not completed, and those that were done, that are older; whether there may be
    /// more.
    pub async fn forget_imports(&self, begun: Timestamp, done: Timestamp) -> Result<bool, StoreError> {
        use import::{Column, Entity};
        let open = Condition::all()
            .add(Column::Outcome.is_null())
            .add(Column::CreatedAt.lt(begun.millis()));
        let old = Condition::any().add(open).add(Column::CreatedAt.lt(done.millis()));
        let ids: Vec<(Uuid, Uuid)> = Entity::find()
            .select_only()
            .columns([Column::OrganisationId, Column::RequestId])
            .filter(old)
            .order_by_asc(Column::CreatedAt)
            .limit(AT_ONCE)
            .into_tuple()
            .all(self.0.reader())
            .await?;
        if ids.is_empty() {
            return Ok(false);
        }
        let ids = Arc::new(ids);
        let work = self.0.transaction(move |tx| {
            let ids = Arc::clone(&ids);
            Box::pin(async move {
                for (organisation, request) in ids.iter().copied() {
                    forget(tx, organisation, request).await?;
                }
                Ok(())
            })
        });
        work.await.map(|()| true)
    }
}

async fn receive(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (import, at): (Import, Timestamp),
    part: &Part,
) -> Result<Received, StoreError> {
    begin(tx, organisation, import, at).await?;
    put(tx, organisation, import.request, part).await?;
    if let Some(outcome) = done(tx, organisation, import.request).await? {
        return Ok(Received::Done(outcome));
    }
    let there = parts(organisation, import.request).count(tx).await?;
    let there = i32::try_from(there).unwrap_or(i32::MAX);
    if there < import.parts {
        return Ok(Received::Some(there));
    }
    let parts = parts(organisation, import.request);
    let parts = parts.order_by_asc(import_part::Column::Part).all(tx).await?;
    let contents = parts.into_iter().filter_map(|part| part.content);
    Ok(Received::All(contents.flatten().collect()))
}

fn parts(organisation: OrganisationId, request: Uuid) -> sea_orm::Select<import_part::Entity> {
    let all = Scope::of(organisation).find::<import_part::Entity>();
    all.filter(import_part::Column::RequestId.eq(request))
}

async fn begin(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    import: Import,
    at: Timestamp,
) -> Result<(), StoreError> {
    use import::{ActiveModel, Column, Entity};
    let all = || Scope::of(organisation).find::<Entity>();
    let this = || all().filter(Column::RequestId.eq(import.request));
    if this().one(tx).await?.is_none() {
        if all().filter(Column::Outcome.is_null()).count(tx).await? >= OPEN {
            let message = format!("at most {OPEN} imports may be under way at once");
            return Err(Fault::new(Reason::TenantQuota, message).with("limit", OPEN).into());
        }
        let row = ActiveModel {
            organisation_id: Set(organisation.uuid()),
            request_id: Set(import.request),
            request_hash: Set(import.hash.to_vec()),
            outcome: Set(None),
            created_at: Set(at.millis()),
        };
        let is_there = OnConflict::columns([Column::OrganisationId, Column::RequestId]);
        Entity::insert(row)
            .on_conflict(is_there.to_owned().do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?;
    }
    // Parts that come at the same time are received one after the other, so that one of them sees all.
    let row = this().lock_exclusive().one(tx).await?;
    same(row.map(|row| row.request_hash).as_deref(), import.hash)
}

async fn put(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    request: Uuid,
    part: &Part,
) -> Result<(), StoreError> {
    use import_part::{ActiveModel, Column, Entity};
    let row = ActiveModel {
        organisation_id: Set(organisation.uuid()),
        request_id: Set(request),
        part: Set(part.number),
        part_hash: Set(part.hash.to_vec()),
        content: Set(Some(part.content.clone())),
    };
    let is_there = OnConflict::columns([Column::OrganisationId, Column::RequestId, Column::Part]);
    Entity::insert(row)
        .on_conflict(is_there.to_owned().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    let hash: Option<Vec<u8>> = parts(organisation, request)
        .filter(Column::Part.eq(part.number))
        .select_only()
        .column(Column::PartHash)
        .into_tuple()
        .one(tx)
        .await?;
    same(hash.as_deref(), part.hash)
}

fn same(stored: Option<&[u8]>, hash: [u8; 32]) -> Result<(), StoreError> {
    match stored == Some(&hash[..]) {
        true => Ok(()),
        false => Err(Fault::request_id_reused().into()),
    }
}

/// What the import came to, if it did.
pub(super) async fn done(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    request: Uuid,
) -> Result<Option<Outcome>, StoreError> {
    use import::{Column, Entity};
    let row = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::RequestId.eq(request));
    let outcome = row.one(tx).await?.and_then(|row| row.outcome);
    let read = |text: String| serde_json::from_str(&text).map_err(broken);
    outcome.map(read).transpose()
}

/// Notes what it came to; its content is not needed any more.
pub(super) async fn close(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    request: Uuid,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    import::Entity::update_many()
        .col_expr(import::Column::Outcome, Expr::value(super::rows::text(outcome)?))
        .filter(import::Column::OrganisationId.eq(organisation.uuid()))
        .filter(import::Column::RequestId.eq(request))
        .exec(tx)
        .await?;
    import_part::Entity::update_many()
        .col_expr(import_part::Column::Content, Expr::value(None::<Vec<u8>>))
        .filter(import_part::Column::OrganisationId.eq(organisation.uuid()))
        .filter(import_part::Column::RequestId.eq(request))
        .exec(tx)
        .await?;
    Ok(())
}

async fn forget(tx: &DatabaseTransaction, organisation: Uuid, request: Uuid) -> Result<(), StoreError> {
    import_part::Entity::delete_many()
        .filter(import_part::Column::OrganisationId.eq(organisation))
        .filter(import_part::Column::RequestId.eq(request))
        .exec(tx)
        .await?;
    import::Entity::delete_many()
        .filter(import::Column::OrganisationId.eq(organisation))
        .filter(import::Column::RequestId.eq(request))
        .exec(tx)
        .await?;
    Ok(())
}
