//! Users are found by the beginning of their name or their address, each once, on pages of any size.

use crate::{
    administered::{Administered, request_id, why},
    fixture::id,
};
use onqueue_model::Reason;
use onqueue_proto::auth::v1 as proto;

/// Name, address, division; those of the description apart.
const PEOPLE: [(&str, &str, u8); 8] = [
    ("Anna Berg", "anna.berg@example.org", 2),
    ("Berg", "anna@berg.example", 2),
    ("Annabel", "zz@example.org", 3),
    ("an", "an@example.org", 2),
    ("Ännchen", "ännchen@example.org", 2),
    ("Zoë", "annika@example.org", 3),
    ("anna berg", "other@example.org", 2),
    ("Anton", "ANNE@example.org", 2),
];

async fn peopled() -> Administered {
    let all = Administered::start().await;
    for (name, email, division) in PEOPLE {
        let user = proto::User {
            name: name.to_owned(),
            email: email.to_owned(),
            division_id: id::<()>(division).to_string(),
            ..Default::default()
        };
        let request = proto::CreateUserRequest {
            request_id: request_id(),
            user: Some(user),
            ..Default::default()
        };
        all.users().create_user(all.as_root(request)).await.expect("made");
    }
    all
}

/// The addresses of all pages of so many.
async fn found(all: &Administered, request: &proto::ListUsersRequest, page_size: i32) -> Vec<String> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = proto::ListUsersRequest {
            page_size,
            page_token,
            ..request.clone()
        };
        let page = all.users().list_users(all.as_root(request)).await.expect("listed");
        let page = page.into_inner();
        assert!(page.users.len() <= usize::try_from(page_size).expect("a size"));
        found.extend(page.users.into_iter().map(|user| user.email));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

fn of_text(text: &str) -> proto::ListUsersRequest {
    proto::ListUsersRequest {
        text: text.to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn names_come_first_and_then_addresses() {
    let all = peopled().await;
    let ann = found(&all, &of_text(" ANN"), 50).await;
    let expected = [
        "anna.berg@example.org",
        "other@example.org",
        "zz@example.org",
        "anna@berg.example",
        "ANNE@example.org",
        "annika@example.org",
    ];
    assert_eq!(sorted_by_name_of_two(ann), expected);
    assert_eq!(
        found(&all, &of_text(" annika@example.org "), 50).await,
        ["annika@example.org"]
    );
    assert_eq!(found(&all, &of_text("än"), 50).await, ["ännchen@example.org"]);
    assert_eq!(found(&all, &of_text(&"a".repeat(300)), 50).await, [""; 0]);
}

/// Two have the same name; which comes first is up to their ids.
fn sorted_by_name_of_two(mut found: Vec<String>) -> Vec<String> {
    found[..2].sort();
    found
}

#[tokio::test]
async fn pages_of_any_size_have_everybody_once() {
    let all = peopled().await;
    let whole = found(&all, &of_text(""), 200).await;
    assert_eq!(whole.len(), 14);
    for text in ["", "a", "an", "ann", "anna", "anna ", "anna.", "b", "z", "ä", "q", "s"] {
        for division in [None, Some(2), Some(3)] {
            let request = proto::ListUsersRequest {
                division_id: division.map(|number| id::<()>(number).to_string()).unwrap_or_default(),
                ..of_text(text)
            };
            let at_once = found(&all, &request, 200).await;
            for size in [1, 2, 3, 5] {
                assert_eq!(found(&all, &request, size).await, at_once, "{text} {division:?} {size}");
            }
        }
    }
}

#[tokio::test]
async fn among_those_named_the_same_are_found() {
    let all = peopled().await;
    let request = proto::ListUsersRequest::default();
    let everybody = all.users().list_users(all.as_root(request)).await.expect("listed");
    let user_ids: Vec<_> = everybody
        .into_inner()
        .users
        .into_iter()
        .map(|user| user.user_id)
        .collect();
    for text in ["", "an", "ann", "z", "q"] {
        let request = proto::ListUsersRequest {
            user_ids: user_ids.clone(),
            ..of_text(text)
        };
        let expected = found(&all, &of_text(text), 50).await;
        for size in [1, 4, 50] {
            assert_eq!(found(&all, &request, size).await, expected, "{text} {size}");
        }
    }
}

#[tokio::test]
async fn who_is_renamed_is_found_by_both_still() {
    let all = peopled().await;
    let request = of_text("annika");
    let page = all.users().list_users(all.as_root(request)).await.expect("listed");
    let zoe = page.into_inner().users.remove(0);
    let renamed = proto::User {
        name: "Annika".to_owned(),
        ..zoe
    };
    let renamed = all.update_user(&all.root, renamed, &["name"]).await;
    assert_eq!(why(renamed), None::<Reason>);
    for text in ["annika", "annika@"] {
        assert_eq!(found(&all, &of_text(text), 1).await, ["annika@example.org"], "{text}");
    }
}
