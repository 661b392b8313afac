//! Wrong passwords by address, whether the address exists or not: counted alike, they lock alike and cost alike, and
//! nobody learns from a lock which addresses exist.

use super::{Tables, broken, entities::login_failure as row};
use crate::lockout::{Address, Failures, Policy};
use onqueue_model::Timestamp;
use onqueue_store::StoreError;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    sea_query::OnConflict,
};

impl Tables {
    /// The recent failures of an address.
    pub async fn failures(&self, address: Address) -> Result<Failures, StoreError> {
        let found = row::Entity::find_by_id(address.bytes()).one(self.0.reader()).await?;
        found.as_ref().map_or_else(|| Ok(Failures::default()), understand)
    }
}

/// How often a row is made that somebody else removes before it is locked.
const ATTEMPTS: u32 = 5;

/// The failures of an address as they are now; nobody changes them before the transaction ends.
pub(super) async fn lock(tx: &DatabaseTransaction, address: Address) -> Result<Failures, StoreError> {
    for _ in 0..ATTEMPTS {
        // A row that is not there cannot be locked.
        make(tx, address).await?;
        let of = row::Entity::find_by_id(address.bytes()).lock_exclusive();
        if let Some(found) = of.one(tx).await? {
            return understand(&found);
        }
    }
    Err(StoreError::Contended(
        "an address's failures keep being removed".to_owned(),
    ))
}

async fn make(tx: &DatabaseTransaction, address: Address) -> Result<(), StoreError> {
    let none = row::ActiveModel {
        address_hash: Set(address.bytes()),
        failures: Set("[]".to_owned()),
        locked_until: Set(None),
        ends_at: Set(0),
    };
    row::Entity::insert(none)
        .on_conflict(OnConflict::column(row::Column::AddressHash).do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Counts one more.
pub(super) async fn record(
    tx: &DatabaseTransaction,
    address: Address,
    mut failures: Failures,
    now: Timestamp,
    policy: &Policy,
) -> Result<(), StoreError> {
    failures.record(now, policy);
    let change = row::ActiveModel {
        address_hash: Set(address.bytes()),
        failures: Set(serde_json::to_string(&failures.at).map_err(broken)?),
        locked_until: Set(failures.locked_until.map(Timestamp::millis)),
        ends_at: Set(failures.locked_until.unwrap_or(now + policy.window).millis()),
    };
    row::Entity::update(change).exec(tx).await?;
    Ok(())
}

/// Forgets them.
pub(super) async fn clear(tx: &DatabaseTransaction, address: Address) -> Result<(), StoreError> {
    row::Entity::delete_by_id(address.bytes()).exec(tx).await?;
    Ok(())
}

/// Forgets those that no longer count.
pub(super) async fn tidy(tx: &DatabaseTransaction, now: i64) -> Result<(), StoreError> {
    row::Entity::delete_many()
        .filter(row::Column::EndsAt.lte(now))
        .exec(tx)
        .await?;
    Ok(())
}

fn understand(found: &row::Model) -> Result<Failures, StoreError> {
    Ok(Failures {
        at: serde_json::from_str(&found.failures).map_err(broken)?,
        locked_until: found.locked_until.map(Timestamp),
    })
}
