//! Two who are one: merged, and separated again.

use crate::{
    people::{assertion, somebody},
    refusal,
    support::{Chat, Desk, House},
};
use onqueue_proto::session::v1::Contact;

/// Ann, of whom it is known in two places that she is a customer, and Cleo who is Ann too.
struct Family {
    a: Contact,
    b: Contact,
    /// A with B in it.
    ab: Contact,
    /// Cleo with both in her.
    whole: Contact,
}

/// A chat with this customer of the shop, whose address is their number's.
async fn come(house: &House, request: u128, customer: &str) -> Chat {
    let email = format!("{customer}@example.com");
    let said = assertion(house, customer, Some(&email));
    house.desk.start_as(request, &said).await.expect("starts")
}

async fn with_whom(desk: &Desk, token: &str, chat: &Chat) -> Contact {
    let id = desk.get(token, &chat.id).await.expect("seen").contact_id;
    desk.contact(token, &id).await.expect("there")
}

/// Customer A, whose name is not known any more, and customer B, of whom something is noted; each with a chat.
async fn two(house: &House, token: &str) -> (Contact, Contact) {
    let desk = &house.desk;
    let blank = Contact {
        name: String::new(),
        ..with_whom(desk, token, &come(house, 1, "a").await).await
    };
    let noted = Contact {
        notes: "calls back".to_owned(),
        ..with_whom(desk, token, &come(house, 2, "b").await).await
    };
    let a = desk.change(token, blank, &["name"]).await.expect("changed");
    (a, desk.change(token, noted, &["notes"]).await.expect("changed"))
}

/// The two in a third; B has come once more meanwhile.
async fn family(house: &House, token: &str) -> Family {
    let desk = &house.desk;
    let (a, b) = two(house, token).await;
    let ab = desk.merge(token, &a, &b).await.expect("merged");
    come(house, 3, "b").await;
    let cleo = desk.make(token, somebody("Cleo")).await.expect("made");
    let whole = desk.merge(token, &cleo, &ab).await.expect("merged");
    Family { a, b, ab, whole }
}

#[tokio::test]
async fn two_are_made_one() {
    let house = House::new(680).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let (a, b) = two(&house, &token).await;
    let merged = desk.merge(&token, &a, &b).await.expect("merged");
    assert_eq!(
        (&*merged.name, &*merged.notes),
        ("Ann Lee", "calls back"),
        "what it lacked"
    );
    assert_eq!(merged.emails, ["a@example.com", "b@example.com"]);
    assert_eq!(merged.alias_ids, std::slice::from_ref(&b.contact_id));
    assert_eq!(desk.merge(&token, &a, &b).await.expect("so already"), merged);
    assert_eq!(desk.contact(&token, &b.contact_id).await.expect("an alias"), merged);
    assert_eq!(desk.conversations_of(&token, &b.contact_id).await.len(), 2);

    let said = assertion(&house, "b", None);
    let chat = desk.start_as(3, &said).await.expect("starts");
    let seen = desk.get(&token, &chat.id).await.expect("seen");
    assert_eq!(seen.contact_id, b.contact_id, "its own, should they be separated");
}

#[tokio::test]
async fn who_has_others_is_merged_with_them_but_with_none_of_them() {
    let house = House::new(681).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let Family { b, ab, whole, .. } = family(&house, &token).await;
    assert_eq!(&*whole.name, "Cleo");
    assert_eq!((whole.emails.len(), whole.alias_ids.len()), (2, 2));
    assert_eq!(refusal(desk.merge(&token, &ab, &whole).await), "STATE_CONFLICT");
    assert_eq!(refusal(desk.merge(&token, &whole, &whole).await), "STATE_CONFLICT");
    let late = desk.separate(&token, &b.contact_id, &ab.etag).await;
    assert_eq!(refusal(late), "ETAG_MISMATCH");
}

#[tokio::test]
async fn who_is_separated_takes_their_own_along() {
    let house = House::new(682).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let Family { b, whole, .. } = family(&house, &token).await;
    let alone = desk.separate(&token, &b.contact_id, &whole.etag).await;
    let alone = alone.expect("separated");
    assert_eq!((&*alone.name, &*alone.notes), ("Ann Lee", "calls back"));
    assert_eq!(alone.emails, ["b@example.com"]);
    assert_eq!(desk.conversations_of(&token, &alone.contact_id).await.len(), 2);
    let again = desk.separate(&token, &b.contact_id, &whole.etag).await;
    assert_eq!(again.expect("so already"), alone);

    let left = desk.contact(&token, &whole.contact_id).await.expect("there");
    assert_eq!((&*left.name, &*left.notes), ("Cleo", ""));
    assert_eq!(left.emails, ["a@example.com"]);
    assert_eq!(desk.conversations_of(&token, &left.contact_id).await.len(), 1);
}

#[tokio::test]
async fn after_all_are_separated_everybody_is_as_before() {
    let house = House::new(683).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let Family { a, b, whole, .. } = family(&house, &token).await;
    desk.separate(&token, &b.contact_id, &whole.etag)
        .await
        .expect("separated");
    let left = desk.contact(&token, &whole.contact_id).await.expect("there");
    let first = desk.separate(&token, &a.contact_id, &left.etag).await;
    let first = first.expect("separated");
    let had = (&*first.name, first.emails.len());
    assert_eq!(had, ("", 1), "what it had taken is given back");
    let last = desk.contact(&token, &whole.contact_id).await.expect("there");
    assert_eq!((last.emails.len(), last.alias_ids.len()), (0, 0));
    let history = desk.history(&token, &whole.contact_id).await;
    for field in ["merged", "separated"] {
        assert!(history.iter().any(|one| one.field == field), "{history:?}");
    }
}
