//! What session keeps in the database and how. Nothing outside of here knows sea-orm.

pub(crate) mod append;
pub(crate) mod assistance;
pub(crate) mod attachments;
pub(crate) mod audits;
pub(crate) mod compare;
pub(crate) mod contact_changes;
mod contact_entities;
pub(crate) mod contact_fields;
mod contact_ids;
pub(crate) mod contact_lists;
pub(crate) mod contact_merges;
mod contact_rows;
pub(crate) mod contacts;
pub(crate) mod conversations;
mod entities;
pub(crate) mod erase;
pub(crate) mod erasures;
pub(crate) mod feed;
pub(crate) mod forgetting;
pub(crate) mod generation;
pub(crate) mod guest_ids;
pub(crate) mod guests;
mod heads;
pub(crate) mod holds;
pub(crate) mod keys;
mod listing;
pub(crate) mod log;
mod messages;
pub(crate) mod plan;
#[cfg(test)]
mod plans;
pub(crate) mod policies;
pub(crate) mod presence;
pub(crate) mod recognition;
pub(crate) mod retention;
pub(crate) mod script_answers;
pub(crate) mod search;
mod sql;
pub(crate) mod supervisors;
pub(crate) mod trail;
mod write;

use onqueue_model::{ConversationId, OrganisationId};
use onqueue_store::StoreError;

/// A conversation in its organisation.
pub(crate) type Key = (OrganisationId, ConversationId);

fn broken(what: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(what.to_string())
}

/// Bytes that are always that many.
fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes
        .try_into()
        .map_err(|_| broken("a column of another length than written"))
}
