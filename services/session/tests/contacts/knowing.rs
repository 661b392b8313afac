//! Whom a conversation is with by itself: only whom a web site proves.

use crate::{
    people::{assertion, somebody},
    support::{self, Chat, Desk, House, reason, site, wish},
};
use futures::future::join_all;
use onqueue_proto::session::v1::{Contact, ContactOrigin, ExternalId, StartConversationRequest};
use std::collections::BTreeSet;
use tonic::Code;

/// Ann's first chat: she is customer 4711 of the shop, who has verified her address.
async fn first_of_ann(house: &House) -> Chat {
    let said = assertion(house, "4711", Some("ann@example.com"));
    house.desk.start_as(1, &said).await.expect("starts")
}

/// The id of the contact with whom the chat is.
async fn with_whom(desk: &Desk, token: &str, chat: &Chat) -> String {
    desk.get(token, &chat.id).await.expect("seen").contact_id
}

#[tokio::test]
async fn who_is_proved_becomes_a_contact() {
    let house = House::new(650).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let chat = first_of_ann(&house).await;
    let id = with_whom(desk, &token, &chat).await;
    let ann = desk.contact(&token, &id).await.expect("made by itself");
    assert_eq!((&*ann.name, &*ann.language), ("Ann Lee", "en"));
    assert_eq!(ann.emails, ["ann@example.com"]);
    assert_eq!(ann.proved_emails, ["ann@example.com"]);
    let customer = ExternalId {
        system: "shop".to_owned(),
        id: "4711".to_owned(),
    };
    assert_eq!(ann.external_ids, [customer]);
    let history = desk.history(&token, &id).await;
    assert!(history.iter().all(|change| change.origin() == ContactOrigin::Assertion));
    assert_eq!(with_whom(desk, &chat.token, &chat).await, "", "not the guest's to know");
}

#[tokio::test]
async fn what_is_proved_finds_the_contact_again() {
    let house = House::new(651).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let id = with_whom(desk, &token, &first_of_ann(&house).await).await;
    let by_number = assertion(&house, "4711", None);
    let by_address = assertion(&house, "0815", Some("ANN@example.com"));
    for (request, said) in [(2, by_number), (3, by_address)] {
        let chat = desk.start_as(request, &said).await.expect("starts");
        assert_eq!(with_whom(desk, &token, &chat).await, id, "{request}");
    }
    let ann = desk.contact(&token, &id).await.expect("there");
    let numbers: BTreeSet<&str> = ann.external_ids.iter().map(|one| &*one.id).collect();
    assert_eq!(numbers, ["0815", "4711"].into(), "known by both from then on");
}

#[tokio::test]
async fn what_a_guest_types_proves_nothing() {
    let house = House::new(652).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    first_of_ann(&house).await;
    let typed = StartConversationRequest {
        guest_email: "ann@example.com".to_owned(),
        guest_phone: "+49 30 123".to_owned(),
        ..wish(2)
    };
    let chat = support::chat(desk.try_start(typed).await.expect("starts"));
    assert_eq!(with_whom(desk, &token, &chat).await, "");
}

#[tokio::test]
async fn what_an_agent_types_proves_nothing() {
    let house = House::new(653).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let ben = Contact {
        emails: vec!["ben@example.com".to_owned()],
        ..somebody("Ben")
    };
    let ben = desk.make(&token, ben).await.expect("made");
    let said = assertion(&house, "5", Some("ben@example.com"));
    let chat = desk.start_as(1, &said).await.expect("starts");
    let other = with_whom(desk, &token, &chat).await;
    assert!(!other.is_empty() && other != ben.contact_id, "{other}");
}

#[tokio::test]
async fn a_false_assertion_starts_nothing() {
    let house = House::new(654).await;
    let unknown = site().assertion("other", &serde_json::json!({}));
    for (said, problem) in [("x", "malformed"), (&unknown, "key")] {
        let refused = house.desk.start_as(1, said).await.err().expect("refused");
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(reason(&refused), "FIELD_INVALID");
        assert!(
            String::from_utf8_lossy(refused.details()).contains(problem),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_customer_who_comes_many_times_at_once_is_one() {
    let house = House::new(655).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let said = assertion(&house, "9", Some("z@example.com"));
    let chats = join_all((0..8).map(|number| desk.start_as(number, &said))).await;
    let mut known = BTreeSet::new();
    for chat in chats {
        known.insert(with_whom(desk, &token, &chat.expect("starts")).await);
    }
    assert_eq!(known.len(), 1);
    let contact = known.pop_first().expect("one");
    assert_eq!(desk.conversations_of(&token, &contact).await.len(), 8);
}
