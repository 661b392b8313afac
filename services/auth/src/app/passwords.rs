//! Passwords: Argon2id, on threads where it holds nobody up.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use onqueue_model::Fault;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The longest password, in bytes.
const MAX_PASSWORD: usize = 1_024;

/// Nobody's hash, made with the same parameters as everybody's: what a password is checked against when there is none.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbCEhIQ$bm9ib2R5J3MgcGFzc3dvcmQgaGFzIHRoaXMgaGFzaC4";

/// Whether it may be a password at all: 1 to 1,024 bytes.
pub fn fits(password: &str) -> bool {
    (1..=MAX_PASSWORD).contains(&password.len())
}

/// Hashes a password with that salt; the PHC string.
pub async fn hash(password: String, salt: [u8; 16]) -> Result<String, Fault> {
    let work = move || -> Result<String, Fault> {
        let hash: PasswordHash = Argon2::default()
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map_err(Fault::internal)?;
        Ok(hash.to_string())
    };
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?
}

/// Checks passwords, so many at a time.
#[derive(Debug)]
pub struct Checks(Arc<Semaphore>);

impl Checks {
    /// At most `at_once` at a time; the others wait.
    pub fn new(at_once: u32) -> Self {
        Self(Arc::new(Semaphore::new(at_once as usize)))
    }

    /// Whether it is the password of that hash. Without a hash the answer is no, after the same work.
    pub async fn is_right(&self, password: String, hash: Option<String>) -> Result<bool, Fault> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(Fault::internal)?;
        let work = move || -> Result<bool, Fault> {
            // Held by the work: a caller who hangs up does not end it.
            let _permit = permit;
            let parsed = PasswordHash::new(hash.as_deref().unwrap_or(NOBODY)).map_err(Fault::internal)?;
            let matches = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
            Ok(matches && hash.is_some())
        };
        tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_is_right() {
        let hash = hash("Grüße 1".to_owned(), [7; 16]).await.expect("hashed");
        let checks = Checks::new(1);
        for (password, hash, expected) in [
            ("Grüße 1", Some(&hash), true),
            ("Grüße 2", Some(&hash), false),
            ("", Some(&hash), false),
            ("Grüße 1", None, false),
        ] {
            let right = checks.is_right(password.to_owned(), hash.cloned()).await;
            assert_eq!(right, Ok(expected), "{password}");
        }
    }

    #[tokio::test]
    async fn nobody_costs_as_much_as_somebody() {
        let real = hash("x".to_owned(), [0; 16]).await.expect("hashed");
        let parameters = |hash: &str| hash.rsplitn(3, '$').last().map(str::to_owned);
        assert_eq!(parameters(NOBODY), parameters(&real));
        let lengths = |hash: &str| hash.split('$').map(str::len).collect::<Vec<_>>();
        assert_eq!(lengths(NOBODY), lengths(&real));
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
