//! Passwords: Argon2id, on threads where it holds nobody up.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use onqueue_model::Fault;
use std::{collections::BTreeSet, ops::RangeInclusive, sync::Arc};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

/// How many characters a password may have.
const ANY: RangeInclusive<usize> = 1..=1_024;

/// How many a new one must have.
const NEW: RangeInclusive<usize> = 12..=1_024;

/// How many different ones among them.
const DIFFERENT: usize = 5;

/// Long enough, and tried first by everybody who guesses; one a line, without letters' case.
const COMMON: &str = include_str!("common_passwords.txt");

/// Nobody's hash, made with the same parameters as everybody's: what a password is checked against when there is none.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbCEhIQ$bm9ib2R5J3MgcGFzc3dvcmQgaGFzIHRoaXMgaGFzaC4";

/// Whether it may be a password at all: 1 to 1,024 characters.
pub fn fits(password: &str) -> bool {
    ANY.contains(&password.chars().count())
}

/// Whether somebody may choose it: FIELD_INVALID if it is too short or long, or one of those that everybody tries.
pub fn check_new(field: &'static str, password: &str) -> Result<(), Fault> {
    if !NEW.contains(&password.nfc().count()) {
        return Err(Fault::field(field, "12–1,024 characters"));
    }
    if is_common(&password.nfc().collect::<String>().to_lowercase()) {
        let problem = "this is one of those that everybody tries; choose another, such as four words";
        return Err(Fault::field(field, problem));
    }
    Ok(())
}

fn is_common(folded: &str) -> bool {
    let letters: Vec<char> = folded.chars().collect();
    let different: BTreeSet<_> = letters.iter().collect();
    let steps: BTreeSet<i64> = letters
        .windows(2)
        .map(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0])))
        .collect();
    different.len() < DIFFERENT
        || steps.len() == 1
        || is_repeated(&letters)
        || COMMON.lines().any(|line| line == folded)
}

/// Whether it is one short part again and again.
fn is_repeated(letters: &[char]) -> bool {
    (1..=letters.len() / 2).any(|period| {
        let again = letters.iter().skip(period).zip(letters);
        period < *NEW.start() && again.into_iter().all(|(one, other)| one == other)
    })
}

/// However it was typed, the same password is the same bytes.
fn bytes(password: &str) -> Vec<u8> {
    password.nfc().collect::<String>().into_bytes()
}

/// Hashes a password with that salt; the PHC string.
pub async fn hash(password: String, salt: [u8; 16]) -> Result<String, Fault> {
    let work = move || hash_now(&password, salt);
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?
}

fn hash_now(password: &str, salt: [u8; 16]) -> Result<String, Fault> {
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(&bytes(password), &salt)
        .map_err(Fault::internal)?;
    Ok(hash.to_string())
}

/// Checks and hashes passwords, so many at a time. Clones share the number.
#[derive(Clone, Debug)]
pub struct Checks(Arc<Semaphore>);

impl Checks {
    /// At most `at_once` at a time; the others wait.
    pub fn new(at_once: u32) -> Self {
        Self(Arc::new(Semaphore::new(at_once as usize)))
    }

    /// Hashes a password with that salt; the PHC string.
    pub async fn hash(&self, password: String, salt: [u8; 16]) -> Result<String, Fault> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(Fault::internal)?;
        let work = move || {
            let _permit = permit;
            hash_now(&password, salt)
        };
        tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?
    }

    /// Whether it is the password of that hash. Without a hash the answer is no, after the same work.
    pub async fn is_right(&self, password: String, hash: Option<String>) -> Result<bool, Fault> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(Fault::internal)?;
        let work = move || -> Result<bool, Fault> {
            // Held by the work: a caller who hangs up does not end it.
            let _permit = permit;
            let parsed = PasswordHash::new(hash.as_deref().unwrap_or(NOBODY)).map_err(Fault::internal)?;
            let matches = Argon2::default().verify_password(&bytes(&password), &parsed).is_ok();
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
            ("Gru\u{308}ße 1", Some(&hash), true),
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

    #[test]
    fn new_ones_are_long_and_not_what_everybody_tries() {
        let long = "ä1".repeat(3) + &"xyz".repeat(400);
        for bad in [
            "",
            "elevenchars",
            &long,
            "aaaaaaaaaaaaaaaa",
            "abcdefghijklm",
            "nmlkjihgfedcba",
            "PASSWORD1234",
            "passwordpassword",
            "123412341234",
            "qwertyuiop123",
        ] {
            assert!(check_new("password", bad).is_err(), "{bad}");
        }
        for good in ["correct horse battery staple", "Grüße aus Köln", "k7wq-9xkd-3mzp"] {
            assert_eq!(check_new("password", good), Ok(()), "{good}");
        }
        assert!(
            COMMON
                .lines()
                .all(|line| line == line.to_lowercase() && line.chars().count() >= *NEW.start())
        );
    }
}
