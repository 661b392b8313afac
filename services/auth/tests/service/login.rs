//! Logging in.

use crate::fixture::{Auth, PASSWORD, agent_permissions, id};
use onqueue_client::{reason, retry_after};
use onqueue_model::{Principal, Reason};
use onqueue_proto::millis;
use onqueue_testkit::until;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const WRONG: Option<Reason> = Some(Reason::CredentialsInvalid);
const LOCKED: Option<Reason> = Some(Reason::AccountLocked);

#[tokio::test]
async fn the_right_password_gives_tokens_and_says_who_it_is() {
    let auth = Auth::start().await;
    let now = auth.context.clock.now();
    for email in ["ada@example.org", "ADA@EXAMPLE.ORG", " Ada@example.org "] {
        let session = auth.login_as("demo", email, PASSWORD).await.expect("logged in");
        let identity = &session.identity;
        assert_eq!(
            (
                identity.name.as_str(),
                identity.email.as_str(),
                identity.language.as_str()
            ),
            ("Ada", "Ada@Example.org", "de")
        );
        assert_eq!(identity.permissions, agent_permissions());
        let expires_at = session.tokens.access_expires_at.as_ref().map(millis);
        assert_eq!(expires_at, Some(now + 10 * MINUTE));
        let refresh_ends = session.tokens.refresh_expires_at.as_ref().map(millis);
        assert_eq!(refresh_ends, Some(now + 14 * 24 * 60 * MINUTE));
        let caller = auth.verify(&session).expect("believed");
        let principal = Principal::User {
            user: id(10),
            name: "Ada".to_owned(),
        };
        assert_eq!((caller.organisation, caller.principal), (id(1), principal));
    }
}

#[tokio::test]
async fn an_access_token_ends_after_ten_minutes() {
    let auth = Auth::start().await;
    let session = auth.login(PASSWORD).await.expect("logged in");
    let caller = auth.verify(&session).expect("believed");
    auth.hand.advance(10 * MINUTE - Duration::from_millis(1));
    assert_eq!(auth.verify(&session), Ok(caller.clone()));
    auth.hand.advance(Duration::from_millis(1));
    assert_eq!(auth.verify(&session), Err(Reason::TokenExpired));
    let still = auth.context.trust.still_valid(&caller, auth.context.clock.now());
    assert_eq!(still.map_err(|fault| fault.reason), Err(Reason::TokenExpired));
}

#[tokio::test]
async fn what_is_wrong_is_not_told() {
    let auth = Auth::start().await;
    let mut answers = Vec::new();
    for (organisation, email, password) in [
        ("demo", "ada@example.org", "wrong"),
        ("other", "ada@example.org", PASSWORD),
        ("demo", "eve@example.org", PASSWORD),
        ("demo", "ned@example.org", PASSWORD),
        ("", "", PASSWORD),
        ("demo' OR '1'='1", "ada@example.org", PASSWORD),
    ] {
        let status = auth.login_as(organisation, email, password).await.expect_err("refused");
        answers.push((status.code(), status.message().to_owned(), status.details().to_vec()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].0, tonic::Code::Unauthenticated);
    for password in [String::new(), "x".repeat(1_025)] {
        assert_eq!(auth.login(&password).await.err(), Some(Some(Reason::FieldInvalid)));
    }
}

#[tokio::test]
async fn ten_wrong_passwords_lock_and_the_lock_ends() {
    let auth = Auth::start().await;
    for _ in 0..10 {
        assert_eq!(auth.login("wrong").await.err(), Some(WRONG));
        auth.hand.advance(Duration::from_secs(1));
    }
    assert_eq!(auth.login(PASSWORD).await.err(), Some(LOCKED), "even the right one");
    let status = auth
        .login_as("demo", "ada@example.org", "wrong")
        .await
        .expect_err("locked");
    assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    assert_eq!(retry_after(&status), Some(15 * MINUTE - Duration::from_secs(1)));
    assert!(
        auth.login_as("demo", "sam@example.org", PASSWORD).await.is_ok(),
        "nobody else"
    );
    auth.hand.advance(15 * MINUTE - Duration::from_secs(2));
    assert_eq!(auth.login(PASSWORD).await.err(), Some(LOCKED));
    auth.hand.advance(Duration::from_secs(1));
    assert!(auth.login(PASSWORD).await.is_ok());
}

#[tokio::test]
async fn an_address_that_does_not_exist_locks_alike() {
    let auth = Auth::start().await;
    for (organisation, email) in [("demo", "eve@example.org"), ("other", "ada@example.org")] {
        for attempt in 0..11 {
            let expected = if attempt < 10 { WRONG } else { LOCKED };
            let status = auth.login_as(organisation, email, "guess").await.expect_err("refused");
            assert_eq!(reason(&status), expected, "{organisation} {email} {attempt}");
        }
    }
    assert!(auth.login(PASSWORD).await.is_ok());
}

#[tokio::test]
async fn wrong_passwords_leave_nothing_behind() {
    let auth = Auth::start().await;
    for number in 0..5 {
        let nobody = format!("nobody-{number}@example.org");
        assert!(auth.login_as("demo", &nobody, "guess").await.is_err());
    }
    assert_eq!(
        auth.write("UPDATE auth_login_failures SET failures = failures").await,
        5
    );
    until("they are forgotten", Duration::from_secs(5), async || {
        auth.hand.advance(10 * MINUTE);
        auth.write("UPDATE auth_login_failures SET failures = failures").await == 0
    })
    .await;
}

#[tokio::test]
async fn a_right_password_forgets_the_wrong_ones() {
    let auth = Auth::start().await;
    for _ in 0..2 {
        for _ in 0..9 {
            assert_eq!(auth.login("wrong").await.err(), Some(WRONG));
        }
        assert!(auth.login(PASSWORD).await.is_ok());
    }
}

#[tokio::test]
async fn guesses_at_the_same_time_count_like_guesses_one_after_the_other() {
    let auth = Auth::start().await;
    let guesses = (0..16).map(|_| auth.login("wrong"));
    let answers = futures::future::join_all(guesses).await;
    let count = |reason| {
        answers
            .iter()
            .filter(|answer| answer.as_ref().err() == Some(&reason))
            .count()
    };
    assert_eq!((count(WRONG), count(LOCKED)), (10, 6));
    assert_eq!(auth.login(PASSWORD).await.err(), Some(LOCKED));
}
