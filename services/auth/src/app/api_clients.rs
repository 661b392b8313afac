//! Other systems that call: administering them, and giving them tokens for their secret.

use super::{
    Keys,
    reach::{Wanted, reach},
};
use crate::{
    Settings,
    lockout::Address,
    store::{ApiClient, Edit, Listed, Removal, Tables},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use onqueue_access::{Claims, MAX_CLIENT_LIFETIME};
use onqueue_bus::Subject;
use onqueue_model::{ApiClientId, Caller, DivisionId, Fault, Timestamp, permissions};
use onqueue_server::{
    Context,
    resource::{Once, Page},
};
use onqueue_store::audit::Actor;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// The use cases around API clients.
pub struct ApiClients {
    tables: Tables,
    keys: Arc<Keys>,
    context: Context,
    settings: Settings,
}

/// What of an API client is given.
#[derive(Clone, Debug, Default)]
pub struct ApiClientDraft {
    pub division: Option<DivisionId>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub enabled: Option<bool>,
}

/// A secret that is shown once: 256 bits of chance. No `Debug`.
pub struct ClientSecret([u8; 32]);

impl ClientSecret {
    /// As the client gets it.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored of it. Nobody guesses 256 bits, so a fast hash is enough.
    fn hash(&self) -> [u8; 32] {
        hash(&self.text())
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// A client's access token. No `Debug`.
pub struct ClientToken {
    pub text: String,
    pub expires_at: Timestamp,
}

impl ApiClients {
    /// Over those tables and keys.
    pub fn new(tables: Tables, keys: Arc<Keys>, context: Context, settings: &Settings) -> Self {
        Self {
            tables,
            keys,
            context,
            settings: settings.clone(),
        }
    }

    /// An access token for the right secret. What does not exist, is switched off or has another secret is answered alike,
    /// and counts alike.
    pub async fn token(&self, id: &str, secret: &str) -> Result<ClientToken, Fault> {
        let (now, address) = (self.context.clock.now(), Address::of_client(id));
        let failures = self.tables.failures(address).await?;
        failures.check(now)?;
        let Some(client) = self.proven(id, secret).await? else {
            let policy = self.settings.lockout();
            return Err(self.tables.count_wrong_secret(address, now, policy).await?);
        };
        if failures.at.is_empty() && failures.locked_until.is_none() {
            return self.issue(&client, now);
        }
        self.tables.forget_wrong_secrets(address).await?;
        self.issue(&client, now)
    }

    /// The client whose secret it is, if it may have tokens.
    async fn proven(&self, id: &str, secret: &str) -> Result<Option<ApiClient>, Fault> {
        let found = match id.parse::<ApiClientId>() {
            Ok(id) => self.tables.find_client(id).await?,
            Err(_) => None,
        };
        let kept = found.as_ref().map_or([0; 32], |client| client.secret_hash);
        let is_right = bool::from(kept.ct_eq(&hash(secret)));
        Ok(found.filter(|client| is_right && client.enabled))
    }

    fn issue(&self, client: &ApiClient, now: Timestamp) -> Result<ClientToken, Fault> {
        let claims = Claims::client(
            client.organisation,
            client.id,
            &client.name,
            client.token,
            now,
            MAX_CLIENT_LIFETIME,
        );
        Ok(ClientToken {
            text: self.keys.signer(now)?.sign(&claims),
            expires_at: claims.expires_at,
        })
    }

    /// Makes one, with its secret; a repeated request gets none.
    pub async fn create(
        &self,
        caller: &Caller,
        draft: ApiClientDraft,
        once: Once,
    ) -> Result<(ApiClient, Option<ClientSecret>), Fault> {
        let by = self.actor(caller);
        let division = draft
            .division
            .ok_or_else(|| Fault::field("api_client.division_id", "must be given"))?;
        self.context
            .trust
            .may_in(caller, permissions::API_CLIENT_ADD, division)?;
        let secret = ClientSecret(self.context.ids.bytes());
        let nothing = ApiClient {
            organisation: caller.organisation,
            id: self.context.ids.id(by.at),
            revision: 1,
            division,
            name: String::new(),
            description: String::new(),
            enabled: false,
            secret_hash: secret.hash(),
            token: self.context.ids.id(by.at),
            created_at: by.at,
        };
        let id = nothing.id;
        let made = self.tables.create(caller.organisation, draft.of(nothing), once, by);
        let made = made.await?;
        let is_new = made.id == id;
        Ok((made, is_new.then_some(secret)))
    }

    /// One that the caller may see.
    pub async fn get(&self, caller: &Caller, id: ApiClientId) -> Result<ApiClient, Fault> {
        let found = self.tables.api_client(caller.organisation, id).await?;
        let found = found.ok_or_else(no_client)?;
        let trust = &self.context.trust;
        let seen = trust.may_in(caller, permissions::API_CLIENT_VIEW, found.division);
        seen.map_err(|_| no_client())?;
        Ok(found)
    }

    /// Those that the caller may see, by name; the next page begins after the folded name.
    pub async fn list(&self, caller: &Caller, mut listed: Listed) -> Result<Page<ApiClient, String>, Fault> {
        let size = listed.size;
        listed.size += 1;
        listed.divisions = self.context.trust.divisions(caller, permissions::API_CLIENT_VIEW);
        let found = self.tables.api_clients(caller.organisation, &listed).await?;
        Ok(Page::of(found, size, |last| onqueue_store::query::fold(&last.name)))
    }

    /// Changes what the draft gives. Whom it switches off, loses the tokens they have.
    pub async fn update(
        &self,
        caller: &Caller,
        id: ApiClientId,
        etag: String,
        draft: ApiClientDraft,
    ) -> Result<ApiClient, Fault> {
        let (trust, who) = (self.context.trust.clone(), caller.clone());
        let next = self.context.ids.id(self.context.clock.now());
        let change = move |present: &ApiClient| {
            reach(&trust, &who, wanted(permissions::API_CLIENT_EDIT), present.division)?;
            let mut after = draft.clone().of(present.clone());
            if after.division != present.division {
                trust.may_in(&who, permissions::API_CLIENT_EDIT, after.division)?;
            }
            if present.enabled && !after.enabled {
                after.token = next;
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

    /// Gives it another secret. Tokens that it has end by themselves.
    pub async fn rotate(
        &self,
        caller: &Caller,
        id: ApiClientId,
        etag: String,
    ) -> Result<(ApiClient, ClientSecret), Fault> {
        let held = self.tables.held_by(caller.organisation, id).await?;
        let (trust, who) = (self.context.trust.clone(), caller.clone());
        let secret = ClientSecret(self.context.ids.bytes());
        let secret_hash = secret.hash();
        let change = move |present: &ApiClient| {
            reach(&trust, &who, wanted(permissions::API_CLIENT_EDIT), present.division)?;
            let beyond = held
                .iter()
                .find(|(permission, division)| !trust.holds(&who, permission, *division));
            match beyond {
                // With its secret they could do what they may not.
                Some((permission, division)) => Err(Fault::missing(permission).with("division", division)),
                None => Ok(ApiClient {
                    secret_hash,
                    ..present.clone()
                }),
            }
        };
        let edit = Edit {
            etag,
            change: Box::new(change),
        };
        let by = self.actor(caller);
        let changed = self.tables.update(caller.organisation, id.uuid(), edit, by).await?;
        Ok((changed, secret))
    }

    /// Removes it with its grants; its tokens are refused.
    pub async fn delete(&self, caller: &Caller, id: ApiClientId, etag: String) -> Result<(), Fault> {
        let (trust, who) = (self.context.trust.clone(), caller.clone());
        let allow =
            move |present: &ApiClient| reach(&trust, &who, wanted(permissions::API_CLIENT_DELETE), present.division);
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

fn no_client() -> Fault {
    Fault::not_found("api_client")
}

const fn wanted(permission: &'static str) -> Wanted {
    Wanted {
        view: permissions::API_CLIENT_VIEW,
        permission,
        missing: no_client,
    }
}

impl ApiClientDraft {
    /// The client with what is given.
    fn of(self, present: ApiClient) -> ApiClient {
        ApiClient {
            division: self.division.unwrap_or(present.division),
            name: self.name.unwrap_or(present.name),
            description: self.description.unwrap_or(present.description),
            enabled: self.enabled.unwrap_or(present.enabled),
            ..present
        }
    }
}
