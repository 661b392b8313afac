//! The chat pages' configuration.

use super::reach::{Wanted, reach};
use crate::store::{Deployment, Edit, Listed, Removal, Tables, no_deployment};
use onqueue_bus::Subject;
use onqueue_model::{Caller, DeploymentId, DivisionId, Fault, Timestamp, permissions};
use onqueue_server::{
    Context,
    resource::{Once, Page},
};
use onqueue_store::audit::Actor;
use onqueue_trust::{DeploymentQueue, IdentityKey, IdentitySecret};
use std::{collections::BTreeMap, time::Duration};

/// How long the former identity key holds beside a new one: for a web site to change over.
const CHANGE_OVER: Duration = Duration::from_secs(24 * 3_600);

/// The use cases around deployments.
pub struct Deployments {
    tables: Tables,
    context: Context,
}

/// What of a deployment is given.
#[derive(Clone, Debug, Default)]
pub struct DeploymentDraft {
    pub division: Option<DivisionId>,
    pub name: Option<String>,
    pub enabled: Option<bool>,
    pub origins: Option<Vec<String>>,
    pub queues: Option<Vec<DeploymentQueue>>,
    pub greetings: Option<BTreeMap<String, String>>,
}

impl Deployments {
    /// Over those tables.
    pub const fn new(tables: Tables, context: Context) -> Self {
        Self { tables, context }
    }

    /// Makes one. Whatever the draft does not give is empty.
    pub async fn create(&self, caller: &Caller, draft: DeploymentDraft, once: Once) -> Result<Deployment, Fault> {
        let by = self.actor(caller);
        let division = draft
            .division
            .ok_or_else(|| Fault::field("deployment.division_id", "must be given"))?;
        self.context
            .trust
            .may_in(caller, permissions::DEPLOYMENT_ADD, division)?;
        let nothing = Deployment {
            id: self.context.ids.id(by.at),
            revision: 1,
            division,
            name: String::new(),
            enabled: false,
            origins: Vec::new(),
            queues: Vec::new(),
            greetings: BTreeMap::new(),
            identity_keys: Vec::new(),
            created_at: by.at,
        };
        let made = self.tables.create(caller.organisation, draft.of(nothing), once, by);
        let made = made.await?;
        self.announce();
        Ok(made)
    }

    /// One that the caller may see.
    pub async fn get(&self, caller: &Caller, id: DeploymentId) -> Result<Deployment, Fault> {
        let found = self.tables.deployment(caller.organisation, id).await?;
        let found = found.ok_or_else(no_deployment)?;
        let seen = self
            .context
            .trust
            .may_in(caller, permissions::DEPLOYMENT_VIEW, found.division);
        seen.map_err(|_| no_deployment())?;
        Ok(found)
    }

    /// Those that the caller may see, by name; the next page begins after the folded name.
    pub async fn list(&self, caller: &Caller, mut listed: Listed) -> Result<Page<Deployment, String>, Fault> {
        let size = listed.size;
        listed.size += 1;
        listed.divisions = self.context.trust.divisions(caller, permissions::DEPLOYMENT_VIEW);
        let found = self.tables.deployments(caller.organisation, &listed).await?;
        Ok(Page::of(found, size, |last| onqueue_store::query::fold(&last.name)))
    }

    /// Changes what the draft gives.
    pub async fn update(
        &self,
        caller: &Caller,
        id: DeploymentId,
        etag: String,
        draft: DeploymentDraft,
    ) -> Result<Deployment, Fault> {
        let (trust, who) = (self.context.trust.clone(), caller.clone());
        let change = move |present: &Deployment| {
            reach(&trust, &who, wanted(permissions::DEPLOYMENT_EDIT), present.division)?;
            let after = draft.clone().of(present.clone());
            if after.division != present.division {
                trust.may_in(&who, permissions::DEPLOYMENT_EDIT, after.division)?;
            }
            Ok(after)
        };
        let edit = Edit {
            etag,
            change: Box::new(change),
        };
        let by = self.actor(caller);
        let changed = self.tables.update(caller.organisation, id.uuid(), edit, by).await?;
        self.announce();
        Ok(changed)
    }

    /// Gives it another identity key; the former holds for a while, or ends at once.
    pub async fn rotate(
        &self,
        caller: &Caller,
        id: DeploymentId,
        etag: String,
        former: Former,
    ) -> Result<(Deployment, IdentitySecret), Fault> {
        let (trust, who) = (self.context.trust.clone(), caller.clone());
        let (by, secret) = (self.actor(caller), IdentitySecret::new(self.context.ids.bytes()));
        let new = IdentityKey {
            kid: self.context.ids.uuid(by.at).to_string(),
            public_key: secret.public(),
            created_at: by.at,
            ends_at: None,
        };
        let change = move |present: &Deployment| {
            reach(&trust, &who, wanted(permissions::DEPLOYMENT_EDIT), present.division)?;
            Ok(Deployment {
                identity_keys: former.then(&present.identity_keys, &new),
                ..present.clone()
            })
        };
        let edit = Edit {
            etag,
            change: Box::new(change),
        };
        let changed = self.tables.update(caller.organisation, id.uuid(), edit, by).await?;
        self.announce();
        Ok((changed, secret))
    }

    /// Removes it.
    pub async fn delete(&self, caller: &Caller, id: DeploymentId, etag: String) -> Result<(), Fault> {
        let (trust, who) = (self.context.trust.clone(), caller.clone());
        let allow =
            move |present: &Deployment| reach(&trust, &who, wanted(permissions::DEPLOYMENT_DELETE), present.division);
        let removal = Removal {
            etag,
            allow: Box::new(allow),
        };
        let by = self.actor(caller);
        self.tables.delete(caller.organisation, id.uuid(), removal, by).await?;
        self.announce();
        Ok(())
    }

    fn actor(&self, caller: &Caller) -> Actor {
        Actor {
            name: caller.actor(),
            at: self.context.clock.now(),
        }
    }

    fn announce(&self) {
        self.context.bus.publish(Subject::Trust, "");
    }
}

/// What becomes of a key that another takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Former {
    /// It holds for a while.
    Stays,
    /// Nothing signed with it is believed any more.
    Ends,
}

impl Former {
    /// The keys with the new one. Of those before only the last can still be in use.
    fn then(self, present: &[IdentityKey], new: &IdentityKey) -> Vec<IdentityKey> {
        let until: Timestamp = new.created_at + CHANGE_OVER;
        let last = present.last().filter(|_| self == Self::Stays).cloned();
        let last = last.map(|key| IdentityKey {
            ends_at: Some(until),
            ..key
        });
        last.into_iter().chain([new.clone()]).collect()
    }
}

const fn wanted(permission: &'static str) -> Wanted {
    Wanted {
        view: permissions::DEPLOYMENT_VIEW,
        permission,
        missing: no_deployment,
    }
}

impl DeploymentDraft {
    /// The deployment with what is given.
    fn of(self, present: Deployment) -> Deployment {
        Deployment {
            division: self.division.unwrap_or(present.division),
            name: self.name.unwrap_or(present.name),
            enabled: self.enabled.unwrap_or(present.enabled),
            origins: self.origins.unwrap_or(present.origins),
            queues: self.queues.unwrap_or(present.queues),
            greetings: self.greetings.unwrap_or(present.greetings),
            ..present
        }
    }
}
