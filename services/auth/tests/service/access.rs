//! Who may administer what, and what follows from it.

use crate::{
    administered::{Administered, SOON, request_id, why},
    fixture::{PASSWORD, id},
};
use onqueue_model::{Reason, permissions};
use onqueue_proto::auth::v1 as proto;
use onqueue_testkit::{until, with_token};

const DENIED: Option<Reason> = Some(Reason::PermissionMissing);
const CONFLICT: Option<Reason> = Some(Reason::StateConflict);

pub fn role(name: &str, permissions: &[&str]) -> proto::Role {
    proto::Role {
        name: name.to_owned(),
        permissions: permissions.iter().map(|text| (*text).to_owned()).collect(),
        ..Default::default()
    }
}

pub async fn make_role(all: &Administered, token: &str, role: proto::Role) -> Result<proto::Role, tonic::Status> {
    let request = proto::CreateRoleRequest {
        request_id: request_id(),
        role: Some(role),
    };
    let answer = all.roles().create_role(with_token(request, token)).await?;
    Ok(answer.into_inner().role.expect("made"))
}

pub fn user(name: &str, division: u8) -> proto::User {
    proto::User {
        name: name.to_owned(),
        email: format!("{name}@example.org"),
        division_id: id::<()>(division).to_string(),
        ..Default::default()
    }
}

pub async fn make_user(all: &Administered, token: &str, user: proto::User) -> Result<proto::User, tonic::Status> {
    let request = proto::CreateUserRequest {
        request_id: request_id(),
        user: Some(user),
        password: String::new(),
    };
    let answer = all.users().create_user(with_token(request, token)).await?;
    Ok(answer.into_inner().user.expect("made"))
}

#[tokio::test]
async fn a_grant_is_in_force_at_once() {
    let all = Administered::start().await;
    all.until_may(10, permissions::AGENT_ONQUEUE, true).await;
    let before = all.trail().await.len();
    all.grant_as(&all.root, 10, &[(21, 2)]).await.expect("set");
    all.until_may(10, permissions::AGENT_ONQUEUE, false).await;
    all.until_may(10, permissions::DECISION_VIEW, true).await;
    all.grant_as(&all.root, 10, &[(21, 2)]).await.expect("again");
    assert_eq!(all.trail().await.split_off(before), ["grants.update"]);
    all.grant_as(&all.root, 10, &[(20, 0)]).await.expect("everywhere");
    all.until_may(10, permissions::DECISION_VIEW, false).await;
    let may = all
        .auth
        .context
        .trust
        .user_may_in(id(1), id(10), permissions::AGENT_ONQUEUE, id(3));
    assert!(may, "a grant for all divisions holds in each");
}

#[tokio::test]
async fn what_is_in_the_trust_tables_is_what_the_grants_say() {
    let all = Administered::start().await;
    let agreed = async || {
        let before = onqueue_store::trust::read(&all.auth.store.store).await.expect("read");
        // Not the administrators': who reads the tables just now must find that root may go on.
        all.auth
            .write("DELETE FROM auth_trust_grants WHERE permission <> '*:*:*'")
            .await;
        all.publish_anew().await;
        let after = onqueue_store::trust::read(&all.auth.store.store).await.expect("read");
        let sorted = |mut grants: Vec<onqueue_store::trust::Grant>| {
            grants.retain(|grant| grant.organisation == id(1));
            grants.sort();
            grants
        };
        let (before, after) = (sorted(before.grants), sorted(after.grants));
        assert!(!after.is_empty());
        assert_eq!(before, after);
    };
    agreed().await;
    all.grant_as(&all.root, 10, &[(20, 2), (21, 3), (22, 0)])
        .await
        .expect("set");
    agreed().await;
    let mut agent = all.role(20).await;
    agent.permissions = vec!["routing:*:view".to_owned(), "routing:queue:join".to_owned()];
    all.update_role(&all.root, agent, &["permissions"])
        .await
        .expect("changed");
    agreed().await;
    all.set_state(10, proto::UserState::Disabled).await.expect("disabled");
    agreed().await;
    all.grant_as(&all.root, 10, &[(20, 2)])
        .await
        .expect("set while disabled");
    agreed().await;
    all.set_state(10, proto::UserState::Active).await.expect("active");
    agreed().await;
    all.until_may(10, permissions::QUEUE_JOIN, true).await;
}

#[tokio::test]
async fn grants_change_by_etag_and_name_what_is_there() {
    let all = Administered::start().await;
    let (grants, etag) = all.grants_of(10).await;
    let set = |grants: Vec<proto::Grant>, etag: &str| {
        let request = proto::SetGrantsRequest {
            subject_id: id::<()>(10).to_string(),
            grants,
            etag: etag.to_owned(),
        };
        let request = all.as_root(request);
        let mut client = all.grants();
        async move { client.set_grants(request).await }
    };
    let late = set(Vec::new(), "0").await.expect_err("late");
    assert_eq!(onqueue_client::metadata(&late, "etag").as_deref(), Some(etag.as_str()));
    assert_eq!(why(set(Vec::new(), "").await), Some(Reason::FieldInvalid));
    assert!(set(grants, "0").await.is_ok(), "nothing to change");
    let wrong = |role: u8, division: &str| {
        vec![proto::Grant {
            role_id: id::<()>(role).to_string(),
            division_id: division.to_owned(),
        }]
    };
    let main = id::<()>(2).to_string();
    for grants in [
        wrong(99, &main),
        wrong(20, &id::<()>(99).to_string()),
        wrong(63, &main),
        vec![wrong(20, &main)[0].clone(); 201],
    ] {
        assert_eq!(why(set(grants, &etag).await), Some(Reason::FieldInvalid));
    }
    let nil = uuid::Uuid::nil().to_string();
    assert_eq!(why(set(wrong(20, &nil), &etag).await), Some(Reason::IdMalformed));
    assert!(set(Vec::new(), &etag).await.is_ok());
    assert!(set(Vec::new(), &etag).await.is_ok(), "the same again");
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_hold() {
    let all = Administered::start().await;
    for (grants, expected) in [
        (&[(20, 2), (22, 2)][..], DENIED),
        (&[(20, 2), (23, 3)], DENIED),
        (&[(20, 2), (23, 0)], DENIED),
        (&[(21, 2)], DENIED),
        (&[], None),
        (&[(23, 2)], None),
    ] {
        let set = all.grant_as(&all.lou, 10, grants).await;
        assert_eq!(why(set), expected, "{grants:?}");
    }
    let eve = all.grant_as(&all.lou, 15, &[(23, 2)]).await;
    assert_eq!(why(eve), Some(Reason::NotFound), "of another division");
    let held = make_role(&all, &all.lou, role("Held", &["authorization:role:view"])).await;
    assert_eq!(why(held), DENIED, "not for all divisions");
    all.grant_as(&all.root, 14, &[(23, 0)]).await.expect("set");
    until("Lou may everywhere", SOON, async || {
        make_role(&all, &all.lou, role("Held", &["authorization:role:view"]))
            .await
            .is_ok()
    })
    .await;
    for permission in [
        "*:*:*",
        "routing:agent:onqueue",
        "authorization:*:view:",
        "*:queue:view",
    ] {
        let made = make_role(&all, &all.lou, role("More", &[permission])).await;
        assert!(why(made).is_some(), "{permission}");
    }
    let mut agent = all.role(20).await;
    agent.name = "Renamed".to_owned();
    let changed = all.update_role(&all.lou, agent.clone(), &["name"]).await;
    assert_eq!(why(changed), DENIED, "it holds more than Lou");
    let mut own = all.role(23).await;
    own.permissions.push("routing:agent:onqueue".to_owned());
    assert_eq!(
        why(all.update_role(&all.lou, own.clone(), &["permissions"]).await),
        DENIED
    );
    assert!(all.update_role(&all.root, own, &["permissions"]).await.is_ok());
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let all = Administered::start().await;
    let everything = |role: proto::Role| proto::Role {
        permissions: vec!["authorization:*:*".to_owned()],
        ..role
    };
    assert_eq!(why(all.grant_as(&all.root, 13, &[]).await), CONFLICT);
    assert_eq!(why(all.grant_as(&all.root, 13, &[(22, 2)]).await), CONFLICT);
    assert_eq!(why(all.set_state(13, proto::UserState::Disabled).await), CONFLICT);
    let shrunk = all
        .update_role(&all.root, everything(all.role(22).await), &["permissions"])
        .await;
    assert_eq!(why(shrunk), CONFLICT);
    let delete = |number: u8, etag: String| {
        let user_id = id::<()>(number).to_string();
        let request = all.as_root(proto::DeleteUserRequest { user_id, etag });
        let mut client = all.users();
        async move { client.delete_user(request).await }
    };
    assert_eq!(
        why(delete(13, all.user(13).await.etag).await),
        CONFLICT,
        "nobody removes themselves"
    );
    // Ned has no password: he cannot log in.
    all.grant_as(&all.root, 12, &[(22, 0)]).await.expect("set");
    assert_eq!(why(all.grant_as(&all.root, 13, &[]).await), CONFLICT);
    all.grant_as(&all.root, 10, &[(22, 0)]).await.expect("set");
    assert_eq!(why(delete(10, all.user(10).await.etag).await), None, "there is another");
    assert_eq!(why(all.grant_as(&all.root, 13, &[]).await), CONFLICT);
    all.grant_as(&all.root, 11, &[(22, 0)]).await.expect("set");
    assert_eq!(
        why(all.grant_as(&all.root, 13, &[(20, 2)]).await),
        None,
        "Sam is one now"
    );
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let all = Administered::start().await;
    let session = all.auth.login(PASSWORD).await.expect("logged in");
    assert!(all.auth.verify(&session).is_ok());
    all.set_state(10, proto::UserState::Disabled).await.expect("disabled");
    all.until_may(10, permissions::AGENT_ONQUEUE, false).await;
    until("the token is refused", SOON, async || {
        all.auth.verify(&session) == Err(Reason::TokenInvalid)
    })
    .await;
    assert_eq!(
        all.auth.login(PASSWORD).await.err(),
        Some(Some(Reason::CredentialsInvalid))
    );
    let refreshed = all.auth.refresh(session.refresh_token()).await;
    assert_eq!(refreshed.err(), Some(Some(Reason::TokenInvalid)));
    all.set_state(10, proto::UserState::Active).await.expect("active");
    all.until_may(10, permissions::AGENT_ONQUEUE, true).await;
    assert!(all.auth.login(PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_removed_user_holds_nothing_and_their_address_is_free() {
    let all = Administered::start().await;
    let session = all.auth.login(PASSWORD).await.expect("logged in");
    let ada = all.user(10).await;
    let request = proto::DeleteUserRequest {
        user_id: ada.user_id.clone(),
        etag: ada.etag.clone(),
    };
    for _ in 0..2 {
        all.users()
            .delete_user(all.as_root(request.clone()))
            .await
            .expect("removed");
    }
    all.until_may(10, permissions::AGENT_ONQUEUE, false).await;
    until("the token is refused", SOON, async || {
        all.auth.verify(&session).is_err()
    })
    .await;
    assert_eq!(
        all.auth.login(PASSWORD).await.err(),
        Some(Some(Reason::CredentialsInvalid))
    );
    let next = make_user(
        &all,
        &all.root,
        proto::User {
            email: ada.email,
            ..user("next", 2)
        },
    )
    .await;
    assert!(next.is_ok());
    let grants = proto::GetGrantsRequest {
        subject_id: ada.user_id,
    };
    assert_eq!(
        why(all.grants().get_grants(all.as_root(grants)).await),
        Some(Reason::NotFound)
    );
}

// A table of who may what where.
#[allow(clippy::too_many_lines)]
#[tokio::test]
async fn users_belong_to_divisions() {
    let all = Administered::start().await;
    let ours = make_user(&all, &all.lou, user("ours", 2)).await.expect("made");
    assert_eq!(why(make_user(&all, &all.lou, user("theirs", 3)).await), DENIED);
    assert_eq!(
        why(make_user(&all, &all.root, user("lost", 99)).await),
        Some(Reason::FieldInvalid)
    );
    let get = |number: u8, token: &str| {
        let request = with_token(
            proto::GetUserRequest {
                user_id: id::<()>(number).to_string(),
            },
            token,
        );
        let mut client = all.users();
        async move { client.get_user(request).await }
    };
    assert_eq!(why(get(15, &all.lou).await), Some(Reason::NotFound));
    assert_eq!(why(get(10, &all.lou).await), None);
    let list = |token: &str, request: proto::ListUsersRequest| {
        let request = with_token(request, token);
        let mut client = all.users();
        async move {
            let users = client.list_users(request).await.expect("listed").into_inner().users;
            users.into_iter().map(|user| user.name).collect::<Vec<_>>()
        }
    };
    let any = proto::ListUsersRequest::default;
    assert_eq!(
        list(&all.lou, any()).await,
        ["Ada", "lou", "Ned", "ours", "root", "Sam"]
    );
    let branch = proto::ListUsersRequest {
        division_id: id::<()>(3).to_string(),
        ..any()
    };
    assert_eq!(list(&all.lou, branch.clone()).await, [""; 0]);
    assert_eq!(list(&all.root, branch).await, ["eve"]);
    let text = proto::ListUsersRequest {
        text: "SAM@".to_owned(),
        ..any()
    };
    assert_eq!(list(&all.root, text).await, ["Sam"], "by the address");
    let ids = vec![id::<()>(10).to_string(), id::<()>(15).to_string()];
    let some = proto::ListUsersRequest { user_ids: ids, ..any() };
    assert_eq!(list(&all.lou, some).await, ["Ada"]);
    all.set_state(10, proto::UserState::Disabled).await.expect("disabled");
    let disabled = proto::ListUsersRequest {
        state: proto::UserState::Disabled.into(),
        ..any()
    };
    assert_eq!(list(&all.root, disabled).await, ["Ada"]);

    let moved = proto::User {
        division_id: id::<()>(3).to_string(),
        ..ours
    };
    assert_eq!(
        why(all.update_user(&all.lou, moved.clone(), &["division_id"]).await),
        DENIED,
        "not there"
    );
    let moved = all
        .update_user(&all.root, moved, &["division_id"])
        .await
        .expect("moved");
    let renamed = all.update_user(&all.lou, moved, &["name"]).await;
    assert_eq!(why(renamed), Some(Reason::NotFound), "not from there");
}

#[tokio::test]
async fn what_is_used_stays() {
    let all = Administered::start().await;
    let main = proto::DeleteDivisionRequest {
        division_id: id::<()>(2).to_string(),
        etag: "1".to_owned(),
    };
    assert_eq!(why(all.divisions().delete_division(all.as_root(main)).await), CONFLICT);
    let agent = proto::DeleteRoleRequest {
        role_id: id::<()>(20).to_string(),
        etag: "1".to_owned(),
    };
    assert_eq!(why(all.roles().delete_role(all.as_root(agent.clone())).await), CONFLICT);
    all.grant_as(&all.root, 10, &[]).await.expect("taken");
    assert_eq!(why(all.roles().delete_role(all.as_root(agent)).await), None);
    let new = proto::CreateDivisionRequest {
        request_id: request_id(),
        division: Some(proto::Division {
            name: "New".to_owned(),
            ..Default::default()
        }),
    };
    assert_eq!(
        why(all.divisions().create_division(all.as_lou(new)).await),
        DENIED,
        "not for all divisions"
    );
}
