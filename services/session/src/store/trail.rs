//! The audit trail of this service.

use super::feed;
use onqueue_model::OrganisationId;
use onqueue_store::{StoreError, audit};
use sea_orm::DatabaseTransaction;
use std::collections::BTreeSet;

const SERVICE: &str = "session";

/// Adds records. Before that it takes the rows that number the feeds of their organisations, in order: whoever holds them is
/// the only one who adds to these chains until the transaction ends.
pub(crate) async fn append(tx: &DatabaseTransaction, entries: &[audit::Entry]) -> Result<(), StoreError> {
    let shards: BTreeSet<i16> = entries
        .iter()
        .map(|entry| feed::shard(entry.organisation).number())
        .collect();
    for shard in shards {
        feed::count(tx, shard, 0).await?;
    }
    audit::append_all(tx, SERVICE, entries).await
}

/// Takes the row that puts those in turn who add to this organisation's chain, until the transaction ends.
pub(crate) async fn lock(tx: &DatabaseTransaction, organisation: OrganisationId) -> Result<(), StoreError> {
    feed::count(tx, feed::shard(organisation).number(), 0).await?;
    Ok(())
}
