//! Making tokens.

use crate::{Key, jws};
use ed25519_dalek::{Signer as _, SigningKey};
use onqueue_access::{Claims, Issuer, Ticket};
use onqueue_model::Timestamp;
use serde::Serialize;
use std::fmt;

/// Signs access tokens with one Ed25519 key.
#[derive(Clone)]
pub struct Signer {
    kid: String,
    issuer: Issuer,
    key: SigningKey,
}

impl Signer {
    /// From a key's name, whose it is, and its 32 secret random bytes.
    pub fn new(kid: impl Into<String>, issuer: Issuer, secret: [u8; 32]) -> Self {
        Self {
            kid: kid.into(),
            issuer,
            key: SigningKey::from_bytes(&secret),
        }
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, 32 bytes.
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The public half as it goes into a bundle.
    pub fn trust_key(&self, expires_at: Timestamp) -> Key {
        Key {
            kid: self.kid.clone(),
            issuer: self.issuer,
            public_key: self.public(),
            expires_at,
        }
    }

    /// A signed token (JWS compact) with these claims. Whoever verifies it refuses claims of another issuer than the key's.
    pub fn sign(&self, claims: &Claims) -> String {
        self.signed(claims)
    }

    /// A signed ticket, in the same form.
    pub fn sign_ticket(&self, ticket: &Ticket) -> String {
        self.signed(ticket)
    }

    fn signed(&self, claims: &impl Serialize) -> String {
        let claims = serde_json::to_string(claims).unwrap_or_default();
        let signed = jws::signing_input(&jws::header(&self.kid), &claims);
        let signature = self.key.sign(signed.as_bytes());
        jws::with_signature(signed, &signature.to_bytes())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("kid", &self.kid)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}
