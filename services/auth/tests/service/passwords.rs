//! Passwords: set by others, changed by oneself.

use crate::{
    administered::{Administered, SOON, request_id, why},
    fixture::{PASSWORD, id},
};
use onqueue_model::{Fault, Reason};
use onqueue_proto::auth::v1 as proto;
use onqueue_testkit::{until, with_token};
use tonic::Status;

const NEXT: &str = "another horse, longer";
const WRONG: Option<Reason> = Some(Reason::CredentialsInvalid);
const LOCKED: Option<Reason> = Some(Reason::AccountLocked);

async fn set(all: &Administered, token: &str, user: u8, password: &str) -> Result<(), Status> {
    let request = proto::SetPasswordRequest {
        user_id: id::<()>(user).to_string(),
        password: password.to_owned(),
    };
    all.users().set_password(with_token(request, token)).await.map(|_| ())
}

async fn change(all: &Administered, token: &str, current: &str, new: &str) -> Result<(), Status> {
    let request = proto::ChangePasswordRequest {
        current_password: current.to_owned(),
        new_password: new.to_owned(),
    };
    all.users()
        .change_password(with_token(request, token))
        .await
        .map(|_| ())
}

#[tokio::test]
async fn a_set_password_replaces_the_old_one_and_ends_the_sessions() {
    let all = Administered::start().await;
    let session = all.auth.login(PASSWORD).await.expect("logged in");
    for _ in 0..10 {
        assert!(all.auth.login("wrong").await.is_err());
    }
    assert_eq!(all.auth.login(PASSWORD).await.err(), Some(LOCKED));
    let before = all.trail().await.len();
    for _ in 0..2 {
        set(&all, &all.root, 10, NEXT).await.expect("set");
    }
    assert_eq!(all.trail().await.split_off(before), ["user.set_password"]);
    until("the token is refused", SOON, async || {
        all.auth.verify(&session).is_err()
    })
    .await;
    assert!(all.auth.refresh(session.refresh_token()).await.is_err());
    assert_eq!(all.auth.login(PASSWORD).await.err(), Some(WRONG));
    assert!(all.auth.login(NEXT).await.is_ok(), "and the lock is gone");
    set(&all, &all.root, 12, NEXT).await.expect("set");
    assert!(all.user(12).await.has_password);
}

#[tokio::test]
async fn the_operator_gives_somebody_another_password_whom_nobody_else_can() {
    let all = Administered::start().await;
    let session = all.auth.login(PASSWORD).await.expect("logged in");
    for _ in 0..10 {
        assert!(all.auth.login("wrong").await.is_err());
    }
    assert_eq!(all.auth.login(PASSWORD).await.err(), Some(LOCKED));
    let before = all.records().await.len();
    recover(&all, "demo", " ADA@example.org", NEXT).await.expect("set");
    let done: Vec<_> = all.records().await.split_off(before);
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!(
        (done[0].actor.as_str(), done[0].action.as_str()),
        ("operator", "user.set_password")
    );
    until("the token is refused", SOON, async || {
        all.auth.verify(&session).is_err()
    })
    .await;
    assert!(all.auth.refresh(session.refresh_token()).await.is_err());
    assert_eq!(all.auth.login(PASSWORD).await.err(), Some(WRONG));
    let again = all.auth.login(NEXT).await.expect("and the lock is gone");
    recover(&all, "demo", "ada@example.org", NEXT).await.expect("set");
    until("sessions end by the same password too", SOON, async || {
        all.auth.verify(&again).is_err()
    })
    .await;
}

#[tokio::test]
async fn what_the_operator_may_not_set_changes_nothing() {
    let all = Administered::start().await;
    all.set_state(12, proto::UserState::Disabled).await.expect("disabled");
    let before = all.records().await.len();
    for (organisation, email, password, expected) in [
        ("nobody", "ada@example.org", NEXT, Reason::NotFound),
        ("demo", "nobody@example.org", NEXT, Reason::NotFound),
        ("demo", "ned@example.org", NEXT, Reason::StateConflict),
        ("demo", "ada@example.org", "password1234", Reason::FieldInvalid),
        ("demo", "ada@example.org", "", Reason::FieldInvalid),
    ] {
        let refused = recover(&all, organisation, email, password).await;
        let reason = refused.map_err(|fault| fault.reason);
        assert_eq!(reason, Err(expected), "{organisation} {email} {password}");
    }
    assert_eq!(all.records().await.len(), before);
    assert!(all.auth.login(PASSWORD).await.is_ok());
}

async fn recover(all: &Administered, organisation: &str, email: &str, password: &str) -> Result<(), Fault> {
    let (store, context) = (&all.auth.store.store, &all.auth.context);
    onqueue_auth::reset_password(store, context, organisation, email, password.to_owned()).await
}

#[tokio::test]
async fn nobody_sets_the_password_of_somebody_who_may_more() {
    let all = Administered::start().await;
    let denied = Some(Reason::PermissionMissing);
    assert_eq!(why(set(&all, &all.lou, 13, NEXT).await), denied, "an administrator");
    assert_eq!(
        why(set(&all, &all.lou, 10, NEXT).await),
        denied,
        "an agent: Lou is none"
    );
    assert_eq!(why(set(&all, &all.lou, 12, NEXT).await), None, "who may nothing");
    assert_eq!(
        why(set(&all, &all.lou, 15, NEXT).await),
        Some(Reason::NotFound),
        "of another division"
    );
    assert_eq!(
        why(set(&all, &all.pat, 10, NEXT).await),
        Some(Reason::NotFound),
        "of another organisation"
    );
    all.set_state(10, proto::UserState::Disabled).await.expect("disabled");
    assert_eq!(
        why(set(&all, &all.lou, 10, NEXT).await),
        denied,
        "what they may when they are let in again counts"
    );
}

#[tokio::test]
async fn a_bad_password_is_refused_everywhere() {
    let all = Administered::start().await;
    let wrong = Some(Reason::FieldInvalid);
    for bad in ["", "elevenchars", "password1234", "aaaaaaaaaaaaaaaaaaa"] {
        assert_eq!(why(set(&all, &all.root, 10, bad).await), wrong, "{bad}");
        assert_eq!(why(change(&all, &all.root, PASSWORD, bad).await), wrong, "{bad}");
        let request = proto::CreateUserRequest {
            request_id: request_id(),
            user: Some(proto::User {
                name: "New".to_owned(),
                email: "new@example.org".to_owned(),
                division_id: id::<()>(2).to_string(),
                ..Default::default()
            }),
            password: bad.to_owned(),
        };
        let made = all.users().create_user(all.as_root(request)).await;
        assert_eq!(why(made), if bad.is_empty() { None } else { wrong }, "{bad}");
    }
}

#[tokio::test]
async fn who_changes_their_own_stays_and_their_other_sessions_end() {
    let all = Administered::start().await;
    let (here, there) = (all.auth.login(PASSWORD).await, all.auth.login(PASSWORD).await);
    let (here, there) = (here.expect("logged in"), there.expect("logged in"));
    let token = &here.tokens.access_token;
    assert_eq!(why(change(&all, token, "wrong", NEXT).await), WRONG);
    let before = all.trail().await.len();
    for _ in 0..2 {
        change(&all, token, PASSWORD, NEXT).await.expect("changed");
    }
    assert_eq!(all.trail().await.split_off(before), ["user.change_password"]);
    until("the other is out", SOON, async || all.auth.verify(&there).is_err()).await;
    assert!(all.auth.verify(&here).is_ok());
    assert!(all.auth.refresh(here.refresh_token()).await.is_ok());
    assert_eq!(all.auth.login(PASSWORD).await.err(), Some(WRONG));
    assert!(all.auth.login(NEXT).await.is_ok());
}

#[tokio::test]
async fn wrong_current_passwords_count_as_failed_logins_do() {
    let all = Administered::start().await;
    let session = all.auth.login(PASSWORD).await.expect("logged in");
    let token = &session.tokens.access_token;
    for _ in 0..5 {
        assert_eq!(all.auth.login("wrong").await.err(), Some(WRONG));
        assert_eq!(why(change(&all, token, "wrong", NEXT).await), WRONG);
    }
    assert_eq!(why(change(&all, token, PASSWORD, NEXT).await), LOCKED);
    assert_eq!(all.auth.login(PASSWORD).await.err(), Some(LOCKED));
}

#[tokio::test]
async fn the_same_password_is_the_same_however_it_was_typed() {
    let all = Administered::start().await;
    set(&all, &all.root, 10, "Gru\u{308}ße aus Ko\u{308}ln")
        .await
        .expect("set");
    assert!(all.auth.login("Grüße aus Köln").await.is_ok());
    assert!(all.auth.login("Gru\u{308}ße aus Köln").await.is_ok());
}
