//! Who owns the shards, by the database's clock.

use super::entities::lease::{Column, Entity};
use super::renewal::{Ending, Kept};
use super::{Tables, refused};
use onqueue_model::{Fault, OrganisationId, SHARDS, Shard};
use onqueue_store::{StoreError, now_ms};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, DbBackend, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, prelude::Expr, sea_query::LockType,
};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// The epoch at which each shard is held, by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epochs(Vec<i64>);

impl Epochs {
    /// At which epoch the organisation's shard is held.
    pub fn of(&self, organisation: OrganisationId) -> i64 {
        self.at(shard(organisation))
    }

    pub(super) fn at(&self, shard: Shard) -> i64 {
        self.0.get(usize::from(shard.0)).copied().unwrap_or(0)
    }
}

/// Who holds the leases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Which run of which process.
    pub owner: String,
    /// Where it is reached.
    pub address: String,
    /// The highest epoch of its leases.
    pub epoch: i64,
}

/// Which leases may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Those that nobody holds.
    Free,
    /// All of them: whoever held them is known to be gone, and if not, the fence stops it.
    All,
}

/// What an owner's transaction is checked against.
#[derive(Clone, Debug)]
pub struct Fence {
    /// Who it is.
    pub owner: String,
    /// What it took.
    pub epochs: Arc<Epochs>,
    /// Otherwise nothing is checked: the seeded wrong rule `no_fence`.
    pub is_checked: bool,
}

/// The organisation's shard.
pub(super) fn shard(organisation: OrganisationId) -> Shard {
    Shard(Sha256::digest(organisation.uuid().as_bytes())[0])
}

impl Tables {
    /// Takes all shards for `lease`, each with the next epoch; `None` if one of them may not be taken.
    pub async fn take_leases(
        &self,
        owner: &str,
        address: &str,
        lease: Duration,
        claim: Claim,
    ) -> Result<Option<Epochs>, StoreError> {
        let (owner, address) = (owner.to_owned(), address.to_owned());
        let taken = self.0.transaction(move |tx| {
            let (owner, address) = (owner.clone(), address.clone());
            Box::pin(async move { take(tx, owner, address, lease, claim).await })
        });
        match taken.await {
            Err(StoreError::Refused(_)) => Ok(None),
            other => other.map(Some),
        }
    }

    /// Who holds leases now; `None` if nobody does.
    pub async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        let connection = self.0.reader();
        let held = format!("expires_at > {}", now_ms(connection.get_database_backend()));
        let found = Entity::find()
            .select_only()
            .columns([Column::Owner, Column::Address])
            .column_as(Column::Epoch.max(), "epoch")
            .filter(Expr::cust(held))
            .group_by(Column::Owner)
            .group_by(Column::Address)
            .into_tuple::<(String, String, i64)>()
            .one(connection)
            .await?;
        Ok(found.map(|(owner, address, epoch)| Holder { owner, address, epoch }))
    }

    /// Renews all leases; false if one of them is not held any more.
    pub async fn renew_leases(&self, kept: &Kept, owner: &str, lease: Duration) -> Result<bool, StoreError> {
        let backend = self.0.reader().get_database_backend();
        let ending = Ending {
            owner: owner.to_owned(),
            which: format!("expires_at > {}", now_ms(backend)),
            end: ends(backend, lease),
        };
        Ok(ending.write(&self.0, kept).await? == u64::from(SHARDS))
    }

    /// Lets go of what is held, so that another need not wait.
    pub async fn release_leases(&self, kept: &Kept, owner: &str) -> Result<(), StoreError> {
        let ending = Ending {
            owner: owner.to_owned(),
            which: "expires_at > 0".to_owned(),
            end: "0".to_owned(),
        };
        ending.write(&self.0, kept).await?;
        Ok(())
    }
}

/// Keeps the leases from everybody else until the transaction ends; answers how many there are. All transactions take them in
/// the order of the shards, so that on PostgreSQL none waits for another that waits for it.
async fn lock(tx: &DatabaseTransaction, which: Expr) -> Result<usize, StoreError> {
    let shards = Entity::find().filter(which).order_by_asc(Column::Shard);
    Ok(shards.lock_exclusive().all(tx).await?.len())
}

fn ends(backend: DbBackend, lease: Duration) -> String {
    format!("{} + {}", now_ms(backend), lease.as_millis())
}

async fn take(
    tx: &DatabaseTransaction,
    owner: String,
    address: String,
    lease: Duration,
    claim: Claim,
) -> Result<Epochs, StoreError> {
    let (backend, now) = (tx.get_database_backend(), now_ms(tx.get_database_backend()));
    let free = match claim {
        Claim::Free => Expr::cust(format!("expires_at <= {now}")),
        Claim::All => Expr::cust("1 = 1"),
    };
    if lock(tx, free.clone()).await? != usize::from(SHARDS) {
        return Err(refused(Fault::unavailable("another process holds the leases")));
    }
    let taken = Entity::update_many()
        .col_expr(Column::Epoch, Expr::cust("epoch + 1"))
        .col_expr(Column::Owner, Expr::value(owner.clone()))
        .col_expr(Column::Address, Expr::value(address))
        .col_expr(Column::ExpiresAt, Expr::cust(ends(backend, lease)))
        .filter(free)
        .exec_with_returning(tx)
        .await?;
    if taken.len() != usize::from(SHARDS) {
        return Err(refused(Fault::unavailable(
            "another process took a lease at the same time",
        )));
    }
    let mut epochs = vec![0; usize::from(SHARDS)];
    for row in taken {
        if let Some(epoch) = usize::try_from(row.shard).ok().and_then(|shard| epochs.get_mut(shard)) {
            *epoch = row.epoch;
        }
    }
    Ok(Epochs(epochs))
}

/// Refuses the transaction unless the shards are still held at their epochs; on PostgreSQL nobody can take them before it
/// ends. The lock is the weakest that keeps a taker out: one that the owner's own renewals need not wait for.
pub(super) async fn check(tx: &DatabaseTransaction, fence: &Fence, shards: &BTreeSet<Shard>) -> Result<(), StoreError> {
    if !fence.is_checked {
        return Ok(());
    }
    let rows = Entity::find()
        .filter(Column::Shard.is_in(shards.iter().map(|shard| shard.number())))
        .filter(Column::Owner.eq(fence.owner.as_str()))
        .order_by_asc(Column::Shard)
        .lock(LockType::KeyShare)
        .all(tx)
        .await?;
    let is_held = |row: &super::entities::lease::Model| {
        u8::try_from(row.shard).is_ok_and(|number| fence.epochs.at(Shard(number)) == row.epoch)
    };
    if rows.len() == shards.len() && rows.iter().all(is_held) {
        return Ok(());
    }
    Err(refused(Fault::unavailable("the lease was lost")))
}
