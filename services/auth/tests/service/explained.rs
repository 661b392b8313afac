//! What callers learn of who may do what.

use crate::{
    administered::{Administered, why},
    fixture::id,
};
use onqueue_model::{Reason, permissions};
use onqueue_proto::auth::v1 as proto;
use onqueue_testkit::with_token;

#[tokio::test]
async fn a_denial_is_explained() {
    let all = Administered::start().await;
    let explain = |division: &str| {
        let request = proto::ExplainDenialRequest {
            subject_id: id::<()>(10).to_string(),
            permission: "Routing:Queue:Join".to_owned(),
            division_id: division.to_owned(),
        };
        let request = all.as_root(request);
        let mut client = all.permissions();
        async move { client.explain_denial(request).await.expect("explained").into_inner() }
    };
    let (main, branch) = (id::<()>(2).to_string(), id::<()>(3).to_string());
    let held = |answer: &proto::ExplainDenialResponse| {
        let each = answer.held.iter();
        each.map(|held| (held.role_name.clone(), held.division_id.clone(), held.applies))
            .collect::<Vec<_>>()
    };
    let here = explain(&main).await;
    assert!(here.allowed);
    assert_eq!(held(&here), [("Agent".to_owned(), main.clone(), true)]);
    let would: Vec<_> = here.would_allow.iter().map(|role| role.role_name.as_str()).collect();
    assert_eq!(would, ["Administrator", "Agent", "Local"]);
    for place in [branch.as_str(), ""] {
        let there = explain(place).await;
        assert!(!there.allowed);
        assert_eq!(held(&there), [("Agent".to_owned(), main.clone(), false)]);
    }
    all.grant_as(&all.root, 10, &[(20, 0)]).await.expect("set");
    assert_eq!(
        held(&explain(&branch).await),
        [("Agent".to_owned(), String::new(), true)]
    );
    all.set_state(10, proto::UserState::Disabled).await.expect("disabled");
    assert!(!explain(&branch).await.allowed);
    let stranger = proto::ExplainDenialRequest {
        subject_id: id::<()>(10).to_string(),
        permission: "a:b:c".to_owned(),
        division_id: String::new(),
    };
    let explained = all.permissions().explain_denial(with_token(stranger, &all.pat)).await;
    assert_eq!(why(explained), Some(Reason::NotFound));
}

#[tokio::test]
async fn everybody_learns_what_they_may() {
    let all = Administered::start().await;
    let list = all
        .permissions()
        .list_permissions(all.as_lou(proto::ListPermissionsRequest {}))
        .await;
    let list = list.expect("listed").into_inner().permissions;
    assert_eq!(list.len(), permissions::ALL.len());
    assert!(list.is_sorted_by_key(|one| one.permission.clone()));
    let mine = async |token: &str| {
        let request = with_token(proto::GetMyAccessRequest {}, token);
        let answer = all.permissions().get_my_access(request).await.expect("answered");
        answer.into_inner().permissions
    };
    let roots = mine(&all.root).await;
    assert_eq!(roots.len(), permissions::ALL.len());
    assert!(
        roots
            .iter()
            .all(|held| held.all_divisions && held.division_ids.is_empty())
    );
    for held in mine(&all.lou).await {
        assert!(held.permission.starts_with("authorization:") || held.permission.starts_with("routing:queue:"));
        assert_eq!(
            (held.all_divisions, held.division_ids),
            (false, vec![id::<()>(2).to_string()])
        );
    }
    let check = async |division: &str| {
        let asked = ["routing:queue:view", "ROUTING:queue:*", "routing:skill:view"];
        let request = proto::CheckPermissionsRequest {
            permissions: asked.iter().map(|text| (*text).to_owned()).collect(),
            division_id: division.to_owned(),
        };
        let answer = all.permissions().check_permissions(all.as_lou(request)).await;
        answer.expect("answered").into_inner().allowed
    };
    assert_eq!(check("").await, [true, true, false]);
    assert_eq!(check(&id::<()>(2).to_string()).await, [true, true, false]);
    assert_eq!(check(&id::<()>(3).to_string()).await, [false; 3]);
    let none = proto::CheckPermissionsRequest::default();
    assert_eq!(
        why(all.permissions().check_permissions(all.as_lou(none)).await),
        Some(Reason::FieldInvalid)
    );
}

// A table of who sees what.
#[allow(clippy::too_many_lines)]
#[tokio::test]
async fn grants_are_listed_where_they_may_be_seen() {
    let all = Administered::start().await;
    all.grant_as(&all.root, 15, &[(20, 3), (21, 3), (20, 0)])
        .await
        .expect("set");
    let list = async |token: &str, request: proto::ListGrantsRequest| {
        let (mut found, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = proto::ListGrantsRequest {
                page_size: 2,
                page_token,
                ..request.clone()
            };
            let page = all
                .grants()
                .list_grants(with_token(request, token))
                .await
                .expect("listed")
                .into_inner();
            found.extend(page.grants.into_iter().map(|held| {
                let grant = held.grant.expect("a grant");
                (held.subject_id, grant.role_id, grant.division_id)
            }));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return found;
            }
        }
    };
    let text = |(user, role, division): (u8, u8, u8)| {
        let division = if division == 0 {
            String::new()
        } else {
            id::<()>(division).to_string()
        };
        (id::<()>(user).to_string(), id::<()>(role).to_string(), division)
    };
    let any = proto::ListGrantsRequest::default;
    let everything = [
        (10, 20, 2),
        (11, 21, 2),
        (13, 22, 0),
        (14, 23, 2),
        (15, 20, 0),
        (15, 20, 3),
        (15, 21, 3),
    ];
    assert_eq!(list(&all.root, any()).await, everything.map(text));
    assert_eq!(
        list(&all.lou, any()).await,
        [(10, 20, 2), (11, 21, 2), (14, 23, 2)].map(text)
    );
    let of_role = proto::ListGrantsRequest {
        role_id: id::<()>(20).to_string(),
        ..any()
    };
    assert_eq!(
        list(&all.root, of_role).await,
        [(10, 20, 2), (15, 20, 0), (15, 20, 3)].map(text)
    );
    let of_branch = proto::ListGrantsRequest {
        division_id: id::<()>(3).to_string(),
        ..any()
    };
    assert_eq!(
        list(&all.root, of_branch.clone()).await,
        [(15, 20, 3), (15, 21, 3)].map(text)
    );
    assert_eq!(list(&all.lou, of_branch).await, []);
}
