//! What people do to interactions, for the audit trail: it is written with what follows from it.

use super::{Actor, Done, record};
use onqueue_model::OrganisationId;
use onqueue_store::StoreError;
use sea_orm::DatabaseTransaction;

/// Something that was done.
#[derive(Clone, Debug)]
pub struct Audited {
    /// Whose.
    pub organisation: OrganisationId,
    /// Who did it, and when.
    pub by: Actor,
    /// What, as `entity.verb`.
    pub action: &'static str,
    /// On which object.
    pub object: String,
    /// What it was.
    pub before: String,
    /// What it is.
    pub after: String,
}

impl Audited {
    pub(super) async fn write(&self, tx: &DatabaseTransaction) -> Result<(), StoreError> {
        let done = Done {
            action: self.action,
            object: self.object.clone(),
            before: Some(self.before.clone()),
            after: Some(self.after.clone()),
        };
        record(tx, self.organisation, &self.by, done).await
    }
}
