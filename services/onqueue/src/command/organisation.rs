//! Which organisation is meant: operators know the short name with which its users log in, other systems its id.

use crate::{node::Stores, settings::Settings};
use onqueue_model::{Fault, OrganisationId};
use onqueue_server::Context;

/// The organisation of that id or short name.
pub async fn named(settings: &Settings, context: &Context, text: &str) -> Result<OrganisationId, Fault> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let mut settings = settings.clone();
    // Whose tables know the names.
    settings.process.services = ["auth".to_owned()].into();
    let stores = Stores::open_at_once(&settings, context).await?;
    let store = stores
        .of("auth")
        .ok_or_else(|| Fault::internal("auth has no database"))?;
    let unknown = || {
        Fault::unavailable(format!(
            "there is no organisation “{text}”: give its id, or the short name with which its users log in"
        ))
    };
    onqueue_auth::organisation_called(store, text)
        .await?
        .ok_or_else(unknown)
}
