//! Refreshing and ending sessions.

use crate::fixture::{Auth, PASSWORD, Session, agent_permissions};
use onqueue_auth::Settings;
use onqueue_model::{Caller, Reason};
use onqueue_testkit::until;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const INVALID: Option<Reason> = Some(Reason::TokenInvalid);

async fn logged_in(auth: &Auth) -> (Session, Caller) {
    let session = auth.login(PASSWORD).await.expect("logged in");
    let caller = auth.verify(&session).expect("believed");
    (session, caller)
}

/// Waits until the caller's family is refused, everywhere that follows the trust tables.
async fn refused(auth: &Auth, caller: &Caller) {
    until("the family is refused", 5 * SECOND, async || {
        let now = auth.context.clock.now();
        let still = auth.context.trust.still_valid(caller, now);
        still.is_err_and(|fault| fault.reason == Reason::TokenInvalid)
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_works_once_and_gives_the_next() {
    let auth = Auth::start().await;
    let (mut session, first) = logged_in(&auth).await;
    for _ in 0..5 {
        auth.hand.advance(300 * SECOND);
        let next = auth.refresh(session.refresh_token()).await.expect("refreshed");
        assert_ne!(next.refresh_token(), session.refresh_token());
        assert_eq!(next.identity.permissions, agent_permissions());
        let caller = auth.verify(&next).expect("believed");
        assert_eq!(
            (caller.token, caller.user()),
            (first.token, first.user()),
            "the same family"
        );
        session = next;
    }
}

#[tokio::test]
async fn an_old_refresh_token_ends_the_session() {
    let auth = Auth::start().await;
    let (session, caller) = logged_in(&auth).await;
    let next = auth.refresh(session.refresh_token()).await.expect("refreshed");
    auth.hand.advance(11 * SECOND);
    assert_eq!(auth.refresh(session.refresh_token()).await.err(), Some(INVALID));
    refused(&auth, &caller).await;
    assert_eq!(auth.verify(&next), Err(Reason::TokenInvalid));
    assert_eq!(
        auth.refresh(next.refresh_token()).await.err(),
        Some(INVALID),
        "nobody has it any more"
    );
    assert!(auth.login(PASSWORD).await.is_ok(), "but a new one may be opened");
}

#[tokio::test]
async fn an_answer_that_was_lost_may_be_asked_for_again_soon() {
    let auth = Auth::start().await;
    let (session, caller) = logged_in(&auth).await;
    let lost = auth.refresh(session.refresh_token()).await.expect("refreshed");
    auth.hand.advance(9 * SECOND);
    let again = auth.refresh(session.refresh_token()).await.expect("answered again");
    assert!(auth.verify(&again).is_ok());
    let next = auth.refresh(again.refresh_token()).await.expect("and it works");
    assert_eq!(
        auth.refresh(lost.refresh_token()).await.err(),
        Some(INVALID),
        "whoever has what was lost after all is a second one"
    );
    refused(&auth, &caller).await;
    assert_eq!(auth.refresh(next.refresh_token()).await.err(), Some(INVALID));
}

#[tokio::test]
async fn once_its_successor_was_used_it_may_not_come_again() {
    let auth = Auth::start().await;
    let (session, caller) = logged_in(&auth).await;
    let next = auth.refresh(session.refresh_token()).await.expect("refreshed");
    auth.refresh(next.refresh_token()).await.expect("refreshed");
    assert_eq!(auth.refresh(session.refresh_token()).await.err(), Some(INVALID));
    refused(&auth, &caller).await;
}

#[tokio::test]
async fn it_may_be_set_that_it_never_comes_again() {
    let settings = Settings {
        refresh_repeat_seconds: 0,
        ..Settings::default()
    };
    let auth = Auth::start_with(&settings).await;
    let (session, caller) = logged_in(&auth).await;
    auth.refresh(session.refresh_token()).await.expect("refreshed");
    assert_eq!(auth.refresh(session.refresh_token()).await.err(), Some(INVALID));
    refused(&auth, &caller).await;
}

#[tokio::test]
async fn of_two_who_refresh_at_the_same_time_one_goes_on() {
    let auth = Auth::start().await;
    let (session, _) = logged_in(&auth).await;
    let (one, two) = tokio::join!(
        auth.refresh(session.refresh_token()),
        auth.refresh(session.refresh_token())
    );
    let (one, two) = (one.expect("refreshed"), two.expect("a repeat"));
    let goes_on = [
        auth.refresh(one.refresh_token()).await.is_ok(),
        auth.refresh(two.refresh_token()).await.is_ok(),
    ];
    assert!(!(goes_on[0] && goes_on[1]), "never both: {goes_on:?}");
}

#[tokio::test]
async fn a_refresh_token_ends() {
    let auth = Auth::start().await;
    let (session, _) = logged_in(&auth).await;
    auth.hand.advance(14 * DAY - SECOND);
    let next = auth.refresh(session.refresh_token()).await.expect("on the last day");
    auth.hand.advance(14 * DAY);
    let late = auth.refresh(next.refresh_token()).await.err().flatten();
    // Ended, or tidied away already.
    assert!(
        matches!(late, Some(Reason::TokenExpired | Reason::TokenInvalid)),
        "{late:?}"
    );
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let auth = Auth::start().await;
    let (session, _) = logged_in(&auth).await;
    let mut other = session.refresh_token().to_owned();
    other.replace_range(60.., "AAAA");
    for token in ["", "x", &"A".repeat(64), &other, &session.tokens.access_token] {
        assert_eq!(auth.refresh(token).await.err(), Some(INVALID), "{token}");
        auth.revoke(token).await;
    }
    assert!(
        auth.refresh(session.refresh_token()).await.is_ok(),
        "the session was not touched"
    );
}

#[tokio::test]
async fn logging_out_ends_the_session_everywhere_and_no_other() {
    let auth = Auth::start().await;
    let (session, caller) = logged_in(&auth).await;
    let (_, elsewhere) = logged_in(&auth).await;
    auth.revoke(session.refresh_token()).await;
    refused(&auth, &caller).await;
    assert_eq!(auth.verify(&session), Err(Reason::TokenInvalid));
    assert_eq!(auth.refresh(session.refresh_token()).await.err(), Some(INVALID));
    auth.revoke(session.refresh_token()).await;
    let now = auth.context.clock.now();
    assert_eq!(auth.context.trust.still_valid(&elsewhere, now), Ok(()));
}

#[tokio::test]
async fn a_revocation_is_kept_until_its_tokens_have_ended() {
    let auth = Auth::start().await;
    let (session, caller) = logged_in(&auth).await;
    auth.revoke(session.refresh_token()).await;
    refused(&auth, &caller).await;
    let revoked = async || {
        let snapshot = onqueue_store::trust::read(&auth.store.store).await.expect("read");
        snapshot.revoked.len()
    };
    auth.hand.advance(600 * SECOND);
    assert_eq!(revoked().await, 1, "a token of it could have ended just now");
    until("the revocation is removed", 5 * SECOND, async || {
        auth.hand.advance(600 * SECOND);
        revoked().await == 0
    })
    .await;
}
