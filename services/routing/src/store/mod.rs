//! The tables: what is read and written, and in which transactions. Plain data in, plain data out; nothing is decided here.

mod commit;
mod configuration;
mod decisions;
mod entities;
mod leases;
mod load;
mod members;
mod outbox;
mod queues;
mod records;
mod renewal;
mod seed;

pub use commit::{Batch, Details, Logged, NewDecision, NewReport};
pub use configuration::{Configuration, Profile};
pub use decisions::{DecisionPlace, StoredDecision};
pub use leases::{Claim, Epochs, Fence, Holder};
pub use load::Loaded;
pub use members::Joined;
pub use outbox::Waiting;
pub use queues::{NewQueue, QueuePlace};
pub use records::{Actor, Content, Member, Queue, fold};
pub use renewal::Kept;

use onqueue_model::{Fault, OrganisationId, Timestamp};
use onqueue_store::{Scope, Store, StoreError, audit};
use sea_orm::{
    DatabaseTransaction, EntityTrait, ExprTrait as _, QueryFilter as _, QuerySelect as _, Set, prelude::Expr,
};
use sha2::{Digest as _, Sha256};

/// The tables of this service.
#[derive(Clone, Debug)]
pub struct Tables(pub(crate) Store);

/// How many rows are written in one statement: SQLite binds at most 32,766 values, and no row here has more than 20.
const ROWS: usize = 1_000;

/// Keeps other changes of the organisation's configuration waiting until the transaction ends. It comes first in each of them,
/// so that none waits for another that waits for it; on SQLite one transaction writes at a time anyway.
async fn lock_configuration(tx: &DatabaseTransaction, organisation: OrganisationId) -> Result<(), StoreError> {
    let head = Scope::of(organisation).find::<entities::head::Entity>();
    head.lock_exclusive().one(tx).await?;
    Ok(())
}

/// The organisation's next configuration revision.
async fn next_revision(tx: &DatabaseTransaction, organisation: OrganisationId) -> Result<i64, StoreError> {
    use entities::head::{ActiveModel, Column, Entity};
    let moved = Entity::update_many()
        .col_expr(Column::Revision, Expr::col(Column::Revision).add(1))
        .filter(Expr::col(Column::OrganisationId).eq(organisation.uuid()))
        .exec_with_returning(tx)
        .await?;
    if let Some(head) = moved.first() {
        return Ok(head.revision);
    }
    let head = ActiveModel {
        organisation_id: Set(organisation.uuid()),
        revision: Set(1),
    };
    Entity::insert(head).exec_without_returning(tx).await?;
    Ok(1)
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

/// What an audit record says beside who and when.
struct Audited<'a> {
    action: &'a str,
    object: String,
    before: Option<String>,
    after: Option<String>,
}

async fn record(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    by: &Actor,
    what: Audited<'_>,
) -> Result<(), StoreError> {
    let hash = |content: Option<String>| content.map(|content| Sha256::digest(content).into());
    let entry = audit::Entry {
        organisation,
        at: by.at,
        actor: by.name.clone(),
        action: what.action.to_owned(),
        object: what.object,
        before: hash(what.before),
        after: hash(what.after),
    };
    audit::append(tx, "routing", &entry).await
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
