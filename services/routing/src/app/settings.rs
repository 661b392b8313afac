//! What of routing holds for the whole organisation.

use super::Routing;
use crate::store::{Change, OrganisationSettings};
use onqueue_acd::Settings;
use onqueue_model::{Caller, Fault, permissions};

impl Routing {
    /// The organisation's settings.
    pub async fn get_settings(&self, caller: &Caller) -> Result<OrganisationSettings, Fault> {
        self.context.trust.may(caller, permissions::ROUTING_SETTINGS_VIEW)?;
        Ok(self.tables.settings(caller.organisation).await?)
    }

    /// Makes of the settings what the change says and puts them in force.
    pub async fn update_settings(
        &self,
        caller: &Caller,
        change: (Change<Settings>, String),
    ) -> Result<OrganisationSettings, Fault> {
        let trust = &self.context.trust;
        trust.may_everywhere(caller, permissions::ROUTING_SETTINGS_MANAGE)?;
        let by = self.actor(caller);
        let settings = self.tables.update_settings(caller.organisation, change, by).await?;
        self.owner.refresh(caller.organisation).await?;
        Ok(settings)
    }
}
