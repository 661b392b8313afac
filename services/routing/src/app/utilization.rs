//! How many of each kind of work agents take at once.

use super::Routing;
use crate::store::{Capacities, Utilization};
use onqueue_model::{Caller, Fault, UserId, permissions};

impl Routing {
    /// The organisation's.
    pub async fn get_utilization(&self, caller: &Caller) -> Result<Utilization, Fault> {
        self.context.trust.may(caller, permissions::UTILIZATION_VIEW)?;
        Ok(self.tables.utilization(caller.organisation).await?)
    }

    /// Replaces the organisation's.
    pub async fn update_utilization(
        &self,
        caller: &Caller,
        wanted: Capacities,
        etag: String,
    ) -> Result<Utilization, Fault> {
        let trust = &self.context.trust;
        trust.may_everywhere(caller, permissions::UTILIZATION_MANAGE)?;
        let by = self.actor(caller);
        let utilization = self
            .tables
            .set_utilization(caller.organisation, (wanted, etag), by)
            .await?;
        self.owner.refresh(caller.organisation).await?;
        Ok(utilization)
    }

    /// What holds for the user.
    pub async fn get_user_utilization(&self, caller: &Caller, user: UserId) -> Result<Utilization, Fault> {
        self.may_about(caller, permissions::UTILIZATION_VIEW, user).await?;
        Ok(self.tables.user_utilization(caller.organisation, user).await?)
    }

    /// Replaces the user's own, or takes it away.
    pub async fn update_user_utilization(
        &self,
        caller: &Caller,
        user: UserId,
        (own, etag): (Option<Capacities>, String),
    ) -> Result<Utilization, Fault> {
        self.may_about(caller, permissions::UTILIZATION_MANAGE, user).await?;
        let by = self.actor(caller);
        let utilization = self
            .tables
            .set_user_utilization(caller.organisation, user, (own, etag), by)
            .await?;
        self.owner.refresh(caller.organisation).await?;
        Ok(utilization)
    }
}
