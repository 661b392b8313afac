//! Seeding, its audit trail, and what it publishes.

use crate::fixture::{Auth, PASSWORD, description, id};
use onqueue_auth::seed;
use onqueue_model::{Reason, permissions};
use onqueue_proto::auth::v1::GetPublicDeploymentRequest;
use onqueue_store::{StoreError, audit};
use onqueue_testkit::until;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

/// Spoils a description.
type Breaking = fn(&mut onqueue_auth::Seed);

async fn revision(auth: &Auth) -> i64 {
    onqueue_store::trust::mark(&auth.store.store)
        .await
        .expect("read")
        .revision
}

async fn trail(auth: &Auth) -> Result<Vec<String>, StoreError> {
    let records = audit::verify(auth.store.store.reader(), "auth", id(1)).await?;
    Ok(records.into_iter().map(|record| record.action).collect())
}

#[tokio::test]
async fn doing_it_again_changes_nothing_but_the_passwords() {
    let auth = Auth::start().await;
    let (before, actions) = (revision(&auth).await, trail(&auth).await.expect("whole"));
    assert_eq!(actions.iter().filter(|action| *action == "user.create").count(), 3);
    assert_eq!(actions.iter().filter(|action| *action == "grant.create").count(), 2);
    for _ in 0..2 {
        auth.seed_with(|_| {}).await;
    }
    assert_eq!(revision(&auth).await, before);
    let since = trail(&auth).await.expect("whole").split_off(actions.len());
    assert_eq!(since, ["user.set_password"; 4]);
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one_and_unlocks() {
    let auth = Auth::start().await;
    let session = auth.login(PASSWORD).await.expect("logged in");
    for _ in 0..10 {
        assert!(auth.login("wrong").await.is_err());
    }
    assert_eq!(auth.login(PASSWORD).await.err(), Some(Some(Reason::AccountLocked)));
    auth.seed_with(|seed| seed.users[0].password = Some("another".to_owned()))
        .await;
    assert_eq!(auth.login(PASSWORD).await.err(), Some(Some(Reason::CredentialsInvalid)));
    assert!(auth.login("another").await.is_ok());
    assert!(
        auth.refresh(session.refresh_token()).await.is_ok(),
        "open sessions go on"
    );
    auth.seed_with(|seed| seed.users[0].password = None).await;
    assert!(
        auth.login("another").await.is_ok(),
        "no new password leaves the old one"
    );
}

#[tokio::test]
async fn losing_a_grant_moves_the_revision_and_takes_the_permissions() {
    let auth = Auth::start().await;
    let before = revision(&auth).await;
    let may = |permission| auth.context.trust.user_may(id(1), id(10), permission);
    assert!(may(permissions::AGENT_ONQUEUE) && !may(permissions::DECISION_VIEW));
    auth.seed_with(|seed| seed.grants.retain(|grant| grant.user != id(10)))
        .await;
    assert_eq!(revision(&auth).await, before + 1);
    until("it is taken", SOON, async || !may(permissions::AGENT_ONQUEUE)).await;
    let session = auth.login(PASSWORD).await.expect("may still log in");
    assert!(session.identity.permissions.is_empty());
    assert_eq!(
        trail(&auth)
            .await
            .expect("whole")
            .iter()
            .filter(|action| *action == "grant.delete")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_role_with_wildcards_gives_what_it_covers() {
    let auth = Auth::start().await;
    let administrator = |seed: &mut onqueue_auth::Seed| {
        seed.grants.push(seed::Grant {
            user: id(10),
            role: id(22),
            division: id(2),
        });
    };
    auth.seed_with(administrator).await;
    let identity = auth.login(PASSWORD).await.expect("logged in").identity;
    assert_eq!(identity.permissions.len(), permissions::ALL.len());
    auth.seed_with(|seed| {
        administrator(seed);
        seed.roles[2].permissions = vec!["Routing:Decision:*".to_owned()];
    })
    .await;
    until("the role has shrunk", SOON, async || {
        let may = |permission| auth.context.trust.user_may(id(1), id(10), permission);
        may(permissions::DECISION_VIEW) && !may(permissions::TRANSCRIPT_VIEW)
    })
    .await;
}

#[tokio::test]
async fn a_changed_record_is_found() {
    let auth = Auth::start().await;
    assert!(trail(&auth).await.is_ok());
    for (forge, mend) in [
        ("actor = 'user:eve'", "actor = 'operator'"),
        ("at = at + 1", "at = at - 1"),
        ("number = 1000", "number = 3"),
    ] {
        let at = |number: i64| if forge.starts_with("number") { number } else { 3 };
        let forged = auth
            .write(&format!("UPDATE auth_audit SET {forge} WHERE number = 3"))
            .await;
        assert_eq!(forged, 1);
        let broken = trail(&auth).await;
        assert!(matches!(broken, Err(StoreError::Broken(_))), "{forge}: {broken:?}");
        auth.write(&format!("UPDATE auth_audit SET {mend} WHERE number = {}", at(1000)))
            .await;
        assert!(trail(&auth).await.is_ok(), "{forge}");
    }
}

#[tokio::test]
async fn a_description_that_contradicts_itself_changes_nothing() {
    let auth = Auth::start().await;
    let before = (revision(&auth).await, trail(&auth).await.expect("whole"));
    let broken: [(Breaking, Reason); 8] = [
        (|seed| seed.organisation.slug = "Demo".to_owned(), Reason::FieldInvalid),
        (|seed| seed.users[0].email = "nobody".to_owned(), Reason::FieldInvalid),
        (|seed| seed.users[0].language = "d_e".to_owned(), Reason::FieldInvalid),
        (
            |seed| seed.users[0].password = Some(String::new()),
            Reason::FieldInvalid,
        ),
        (|seed| seed.users[0].division = id(99), Reason::FieldInvalid),
        (
            |seed| seed.roles[0].permissions.push("all".to_owned()),
            Reason::FieldInvalid,
        ),
        (|seed| seed.grants[0].user = id(99), Reason::FieldInvalid),
        (
            |seed| seed.users[1].email = "ADA@example.org".to_owned(),
            Reason::NameTaken,
        ),
    ];
    for (number, (breaking, expected)) in broken.into_iter().enumerate() {
        let mut description = description();
        breaking(&mut description);
        let answer = onqueue_auth::seed(&auth.store.store, &auth.context, description).await;
        assert_eq!(answer.map_err(|fault| fault.reason), Err(expected), "{number}");
    }
    assert_eq!((revision(&auth).await, trail(&auth).await.expect("whole")), before);
}

#[tokio::test]
async fn a_deployment_shows_its_public_side_unless_it_is_switched_off() {
    let auth = Auth::start().await;
    let get = async |deployment_id: String| {
        let request = GetPublicDeploymentRequest { deployment_id };
        let answer = auth.deployments().get_public_deployment(request).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| onqueue_client::reason(&status))
    };
    let shown = get(id::<()>(30).to_string()).await.expect("shown");
    assert_eq!((shown.name.as_str(), shown.queues.len()), ("Shop 30", 1));
    assert_eq!(shown.queues[0].labels["de"], "Bestellungen");
    for number in [31, 32] {
        let hidden = get(id::<()>(number).to_string()).await;
        assert_eq!(hidden.err(), Some(Some(Reason::DeploymentNotFound)), "{number}");
    }
    assert_eq!(get("shop".to_owned()).await.err(), Some(Some(Reason::IdMalformed)));
    auth.seed_with(|seed| seed.deployments[0].enabled = false).await;
    until("it is switched off", SOON, async || {
        get(id::<()>(30).to_string()).await.is_err()
    })
    .await;
}

#[tokio::test]
async fn what_people_changed_stays_when_only_the_missing_is_seeded() {
    let auth = Auth::start().await;
    let renamed = auth
        .write("UPDATE auth_users SET name = 'Ada L.', name_folded = 'ada l.' WHERE name = 'Ada'")
        .await;
    let promoted =
        auth.write("DELETE FROM auth_grants WHERE user_id IN (SELECT user_id FROM auth_users WHERE name = 'Sam')");
    assert_eq!((renamed, promoted.await), (1, 1));
    let before = trail(&auth).await.expect("whole").len();
    let mut whole = description();
    whole.organisation.name = "Another name".to_owned();
    whole.divisions.push(seed::Division {
        id: id(3),
        name: "Branch".to_owned(),
    });
    let eve = seed::User {
        id: id(13),
        division: id(3),
        name: "Eve".to_owned(),
        email: "eve@example.org".to_owned(),
        ..whole.users[0].clone()
    };
    whole.users.push(eve);
    whole.grants.push(seed::Grant {
        user: id(13),
        role: id(20),
        division: id(3),
    });
    for _ in 0..2 {
        onqueue_auth::seed_missing(&auth.store.store, &auth.context, whole.clone())
            .await
            .expect("seeded");
    }
    let actions = trail(&auth).await.expect("whole").split_off(before);
    let made: Vec<_> = actions.iter().filter(|action| *action != "user.set_password").collect();
    assert_eq!(made, ["division.create", "user.create", "grant.create"]);
    let ada = auth.login(PASSWORD).await.expect("logged in");
    assert_eq!(ada.identity.name, "Ada L.");
    let sam = auth
        .login_as("demo", "sam@example.org", PASSWORD)
        .await
        .expect("logged in");
    assert!(sam.identity.permissions.is_empty(), "what was taken stays taken");
    let eve = auth
        .login_as("demo", "eve@example.org", PASSWORD)
        .await
        .expect("logged in");
    assert!(!eve.identity.permissions.is_empty());
}

#[tokio::test]
async fn an_organisation_is_founded_once_and_with_a_good_password() {
    let auth = Auth::start().await;
    let found = async |change: fn(&mut onqueue_auth::Seed)| {
        let mut organisation = description();
        organisation.organisation.id = id(90);
        organisation.deployments.clear();
        for user in &mut organisation.users {
            user.password = Some("four words of chance".to_owned());
        }
        change(&mut organisation);
        let founded = onqueue_auth::found(&auth.store.store, &auth.context, organisation).await;
        founded.map_err(|fault| fault.reason)
    };
    assert_eq!(found(|_| {}).await, Err(Reason::NameTaken));
    for wrong in [
        (|seed| seed.users[0].password = Some("short".to_owned())) as Breaking,
        |seed| seed.organisation.time_zone = "europe/berlin".to_owned(),
        |seed| seed.organisation.time_zone = "Berlin".to_owned(),
        |seed| seed.organisation.language = "no language".to_owned(),
        |seed| seed.organisation.name = " ".to_owned(),
    ] {
        assert_eq!(found(wrong).await, Err(Reason::FieldInvalid));
    }
    assert_eq!(
        found(|seed| seed.organisation.slug = "another".to_owned()).await,
        Ok(())
    );
    let founded = auth
        .login_as("another", "ada@example.org", "four words of chance")
        .await;
    assert_eq!(
        founded.expect("logged in").identity.organisation_id,
        id::<()>(90).to_string()
    );
}
