//! Refresh tokens: opaque to clients. The organisation is in them so that they are looked up within it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use onqueue_model::OrganisationId;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// 16 bytes of organisation and 32 of chance. No `Debug`: it is a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken([u8; 48]);

impl RefreshToken {
    /// A new one, from random bytes.
    pub fn new(organisation: OrganisationId, chance: [u8; 32]) -> Self {
        let mut bytes = [0; 48];
        bytes[..16].copy_from_slice(organisation.uuid().as_bytes());
        bytes[16..].copy_from_slice(&chance);
        Self(bytes)
    }

    /// Reads it as a client sends it; `None` if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// As the client gets it.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Whose it says it is; true only if its hash is found there.
    pub fn organisation(&self) -> OrganisationId {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.0[..16]);
        OrganisationId::new(Uuid::from_bytes(bytes))
    }

    /// What is stored of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_and_others_are_not_read() {
        let organisation = OrganisationId::new(Uuid::from_u128(7));
        let token = RefreshToken::new(organisation, [9; 32]);
        assert!(RefreshToken::parse(&token.text()) == Some(token));
        assert_eq!(token.organisation(), organisation);
        for bad in [
            "",
            "x",
            &"!".repeat(64),
            &format!("{}=", &token.text()[..63]),
            &token.text()[..60],
        ] {
            assert!(RefreshToken::parse(bad).is_none(), "{bad}");
        }
    }
}
