//! Who a guest is, where the web site says it and proves it.

use super::App;
use super::start::Wish;
use crate::contact::{self, Content, KnownId, Origin};
use crate::store::{
    contacts::{By, New},
    guest_ids::Given,
    guests::Guest,
    recognition::{self, Proved},
};
use onqueue_model::{ContactId, Fault};
use onqueue_server::resource::name;
use onqueue_store::audit::Actor;
use onqueue_trust::{Deployment, Identity, identify};

/// What is known of a guest as a conversation begins.
#[derive(Debug, Default)]
pub(crate) struct Recognised {
    pub contact: Option<ContactId>,
    /// What was proved, and what the guest gave.
    pub given: Vec<Given>,
}

impl App {
    /// By what the web site proves the guest's contact is found, or made; what the guest gave proves nothing.
    pub async fn recognise(&self, deployment: &Deployment, wish: &Wish, guest: Guest) -> Result<Recognised, Fault> {
        let given = |is_proved| {
            move |id: &KnownId| Given {
                id: id.clone(),
                is_proved,
            }
        };
        let mut recognised = Recognised {
            contact: None,
            given: wish.given.iter().map(given(false)).collect(),
        };
        let Some(assertion) = &wish.assertion else {
            return Ok(recognised);
        };
        let identity = identify(deployment, assertion, self.context.clock.now())?;
        let ids = ids(&identity)?;
        recognised
            .given
            .retain(|given| !ids.iter().any(|id| id.by == given.id.by));
        recognised.given.extend(ids.iter().map(given(true)));
        let proved = self.proved(&identity, (wish, guest), ids).await?;
        let contact = recognition::recognise(&self.store, deployment.organisation, proved).await?;
        recognised.contact = Some(contact);
        Ok(recognised)
    }

    async fn proved(
        &self,
        identity: &Identity,
        (wish, guest): (&Wish, Guest),
        ids: Vec<KnownId>,
    ) -> Result<Proved, Fault> {
        let policy = self.policies.read(&self.store, guest.organisation, wish.queue).await?;
        let policy = policy.ok_or_else(super::start::queue_not_found)?;
        let called = identity.name.as_deref().unwrap_or(&wish.guest_name);
        let content = Content {
            name: name("name", called).unwrap_or_default(),
            language: identity.language.clone().or_else(|| wish.language.clone()),
            ids,
            ..Content::nothing(policy.division)
        };
        let now = self.context.clock.now();
        let new = New {
            proved: true,
            ..self.new_contact(content, None, now)
        };
        let by = By {
            actor: Actor {
                name: guest.actor().to_string(),
                at: now,
            },
            origin: Origin::Assertion,
            script: None,
        };
        Ok(Proved { new, by })
    }
}

/// The surest first. An address that is none proves nothing.
fn ids(identity: &Identity) -> Result<Vec<KnownId>, Fault> {
    const FIELD: &str = "identity_assertion";
    let external = contact::external(FIELD, &identity.system, &identity.id)?;
    let email = identity
        .email
        .as_deref()
        .and_then(|text| contact::email(FIELD, text).ok());
    let phone = identity
        .phone
        .as_deref()
        .and_then(|text| contact::phone(FIELD, text).ok());
    Ok([Some(external), email, phone].into_iter().flatten().collect())
}
