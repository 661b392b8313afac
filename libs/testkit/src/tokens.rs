//! Tokens for whoever a test wants, trusted by the surroundings they were made for.

use onqueue_model::{
    ConversationId, DivisionId, OrganisationId, ParticipantId, Permission, Timestamp, TokenId, UserId,
};
use onqueue_server::Context;
use onqueue_trust::{Bundle, Claims, Deployment, Grant, Issuer, Key, Revoked, Signer};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tonic::Request;

/// No token lives longer.
const LIFETIME: Duration = Duration::from_secs(600);

/// The end of what never ends: the keys, and how fresh the bundle is.
const NEVER: Timestamp = Timestamp(253_402_300_799_000);

/// Makes tokens and says what their owners may. What it says is in force at once, and is never stale.
#[derive(Debug)]
pub struct Tokens {
    auth: Signer,
    session: Signer,
    context: Context,
    bundle: Mutex<Bundle>,
}

impl Tokens {
    /// Makes the surroundings trust one key of auth and one of session, drawn from their ids.
    pub fn new(context: &Context) -> Self {
        let auth = Signer::new("test-auth", Issuer::Auth, context.ids.bytes());
        let session = Signer::new("test-session", Issuer::Session, context.ids.bytes());
        let tokens = Self {
            bundle: Mutex::new(Bundle {
                keys: vec![auth.trust_key(NEVER), session.trust_key(NEVER)],
                ..Bundle::default()
            }),
            auth,
            session,
            context: context.clone(),
        };
        tokens.change(|_| {});
        tokens
    }

    /// A token of a user who may do nothing unless it was granted; 10 minutes from the clock's now.
    pub fn user(&self, organisation: OrganisationId, user: UserId, name: &str) -> String {
        self.user_of_family(organisation, user, name, self.family())
    }

    /// The same in a token family that can be revoked.
    pub fn user_of_family(&self, organisation: OrganisationId, user: UserId, name: &str, family: TokenId) -> String {
        let now = self.context.clock.now();
        self.auth
            .sign(&Claims::user(organisation, user, name, family, now, LIFETIME))
    }

    /// A token of the guest of one conversation; 10 minutes from the clock's now.
    pub fn guest(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        participant: ParticipantId,
    ) -> String {
        let now = self.context.clock.now();
        let claims = Claims::guest(organisation, conversation, participant, self.family(), now, LIFETIME);
        self.session.sign(&claims)
    }

    /// Grants a user permissions (which may contain `*`) in one division.
    pub fn grant(&self, organisation: OrganisationId, user: UserId, division: DivisionId, permissions: &[&str]) {
        self.grant_all(organisation, &[user], division, permissions);
    }

    /// Grants each of many users the same.
    pub fn grant_all(
        &self,
        organisation: OrganisationId,
        users: &[UserId],
        division: DivisionId,
        permissions: &[&str],
    ) {
        let grants = users.iter().flat_map(|user| {
            permissions.iter().map(|text| Grant {
                organisation,
                subject: *user,
                division,
                permission: Permission::parse(text).expect("domain:entity:action"),
            })
        });
        self.change(|bundle| bundle.grants.extend(grants));
    }

    /// Takes everything that a user was granted.
    pub fn ungrant(&self, user: UserId) {
        self.change(|bundle| bundle.grants.retain(|grant| grant.subject != user));
    }

    /// Refuses a token family from now on.
    pub fn revoke(&self, family: TokenId) {
        let revoked = Revoked {
            token: family,
            expires_at: NEVER,
        };
        self.change(|bundle| bundle.revoked.push(revoked));
    }

    /// Adds a deployment.
    pub fn deploy(&self, deployment: Deployment) {
        self.change(|bundle| bundle.deployments.push(deployment));
    }

    /// Trusts another key too, such as the one that session made for its guests.
    pub fn trust_key(&self, key: Key) {
        self.change(|bundle| bundle.keys.push(key));
    }

    fn family(&self) -> TokenId {
        self.context.ids.id(self.context.clock.now())
    }

    fn change(&self, change: impl FnOnce(&mut Bundle)) {
        let mut bundle = self.bundle.lock().unwrap_or_else(PoisonError::into_inner);
        bundle.revision += 1;
        change(&mut bundle);
        self.context.trust.install(bundle.clone(), NEVER);
    }
}

/// A request that carries a token.
pub fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().expect("a token is ASCII");
    request.metadata_mut().insert("authorization", value);
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::still_context;
    use onqueue_model::Reason;
    use uuid::Uuid;

    #[tokio::test]
    async fn tokens_are_believed_until_they_end_or_are_revoked() {
        let (context, hand) = still_context(1);
        let tokens = Tokens::new(&context);
        let id = |number| Uuid::from_u128(number);
        let (organisation, user, division) = (id(1).into(), id(2).into(), id(3).into());
        let family = id(4).into();
        let token = tokens.user_of_family(organisation, user, "Ada", family);
        let caller = context.trust.verify(&token, context.clock.now()).expect("believed");
        assert_eq!((caller.user(), caller.token), (Some(user), family));
        assert!(context.trust.may(&caller, "routing:queue:view").is_err());
        tokens.grant(organisation, user, division, &["routing:queue:*"]);
        assert!(context.trust.may(&caller, "routing:queue:view").is_ok());
        tokens.ungrant(user);
        assert!(context.trust.may(&caller, "routing:queue:view").is_err());

        let guest = tokens.guest(organisation, id(5).into(), id(6).into());
        assert_eq!(
            context
                .trust
                .verify(&guest, context.clock.now())
                .map(|guest| guest.user()),
            Ok(None)
        );
        tokens.revoke(family);
        let reason = |token: &str| {
            context
                .trust
                .verify(token, context.clock.now())
                .map_err(|fault| fault.reason)
        };
        assert_eq!(reason(&token), Err(Reason::TokenInvalid));
        hand.advance(LIFETIME);
        assert_eq!(reason(&guest), Err(Reason::TokenExpired));
        assert_eq!(context.trust.fresh(context.clock.now()), Ok(()));
    }
}
