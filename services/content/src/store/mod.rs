//! The tables: what is read and written, and in which transactions. What may be done is judged by what the callers hand
//! in, within the transaction, so that it is judged by what is there then.
//!
//! Every change of an organisation's libraries and responses takes its head row first and moves the organisation's
//! revision, which becomes the etag of what was changed: changes come one after another, in the order of their revisions,
//! and who has read up to one of them has missed nothing before it.

mod bulk;
mod changes;
mod contact_writes;
mod entities;
mod forget;
mod imports;
mod libraries;
mod lists;
mod places;
#[cfg(test)]
mod plans;
mod responses;
mod rows;
mod runs;
mod script_lists;
mod script_rows;
mod scripts;
mod shortcuts;
mod uses;

pub use bulk::{Brought, Bulk, Matching, Refusal};
pub use changes::Known;
pub use imports::{Import, Part, Received};
pub use lists::{Listing, NamePlace, Usage};
pub use onqueue_store::audit::Actor;
pub use responses::Judged;
pub use runs::Took;
pub use uses::{Counted, Use};

use entities::head;
use onqueue_model::{Fault, OrganisationId};
use onqueue_server::resource::Once;
use onqueue_store::{Scope, Store, StoreError, audit};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _, Set, prelude::Expr,
    sea_query::OnConflict,
};
use serde::Serialize;
use std::{fmt::Display, sync::Arc};

/// The tables of this service.
#[derive(Clone, Debug)]
pub struct Tables(pub(crate) Store);

/// How many rows are named in one statement: SQLite binds at most 32,766 values.
const ROWS: usize = 1_000;

/// Something to be made.
#[derive(Clone, Debug)]
pub struct New<I, C> {
    pub id: I,
    pub content: C,
    /// Of the request that asks for it; `None` in a seed.
    pub once: Option<Once>,
}

/// What somebody read, and who changes it.
#[derive(Clone, Debug)]
pub struct Change {
    pub etag: String,
    pub by: Actor,
}

/// Judges what is there, and answers what is to be.
pub type Judge<T, C> = Arc<dyn Fn(&T) -> Result<C, Fault> + Send + Sync>;

impl Tables {
    /// The organisation's revision; 0 before there is anything.
    pub async fn revision(&self, organisation: OrganisationId) -> Result<i64, StoreError> {
        let head = Scope::of(organisation)
            .find::<head::Entity>()
            .one(self.0.reader())
            .await?;
        Ok(head.map_or(0, |head| head.revision))
    }
}

/// Keeps other changes of the organisation waiting until the transaction ends, and answers its present revision.
async fn lock(tx: &DatabaseTransaction, organisation: OrganisationId) -> Result<i64, StoreError> {
    let first = head::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        revision: Set(0),
    };
    let is_there = OnConflict::column(head::Column::OrganisationId).do_nothing().to_owned();
    head::Entity::insert(first)
        .on_conflict(is_there)
        .exec_without_returning(tx)
        .await?;
    let head = Scope::of(organisation)
        .find::<head::Entity>()
        .lock_exclusive()
        .one(tx)
        .await?;
    head.map(|head| head.revision).ok_or_else(|| broken("no head"))
}

/// The organisation's next revision, of a change that is going to be made.
async fn next_revision(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    present: i64,
) -> Result<i64, StoreError> {
    let next = present + 1;
    head::Entity::update_many()
        .col_expr(head::Column::Revision, Expr::value(next))
        .filter(head::Column::OrganisationId.eq(organisation.uuid()))
        .exec(tx)
        .await?;
    Ok(next)
}

async fn record(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    by: &Actor,
    done: audit::Done<'_>,
) -> Result<(), StoreError> {
    audit::record(tx, "content", organisation, by, done).await
}

/// What the audit keeps of what was done to something: what it was before and is after that, as far as it is anything then.
/// `action` begins with the kind of thing that it is.
fn done<C: Serialize>(
    action: &'static str,
    id: impl Display,
    (before, after): (Option<&C>, Option<&C>),
) -> Result<audit::Done<'static>, StoreError> {
    let kind = action.split_once('.').map_or(action, |(kind, _)| kind);
    Ok(audit::Done {
        action,
        object: format!("{kind}:{id}"),
        before: before.map(rows::text).transpose()?,
        after: after.map(rows::text).transpose()?,
    })
}

/// Refuses a change of something that somebody else has changed since.
fn check_etag(sent: &str, revision: i64) -> Result<(), StoreError> {
    if sent.is_empty() {
        return Err(Fault::field("etag", "must be the one that was read last").into());
    }
    if sent != revision.to_string() {
        return Err(Fault::etag_mismatch(revision).into());
    }
    Ok(())
}

/// Refuses a request that was used for something else before.
fn check_hash(once: &Once, stored: Option<&[u8]>) -> Result<(), StoreError> {
    if stored == Some(&once.hash[..]) {
        return Ok(());
    }
    Err(Fault::request_id_reused().into())
}

/// A row that does not mean what the code means is a defect.
fn broken(what: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(what.to_string())
}
