//! Looking for contacts.

use crate::{
    people::somebody,
    refusal,
    support::{Desk, House},
};
use onqueue_proto::session::v1::{Contact, ExternalId, ListContactsRequest};
use onqueue_testkit::with_token;

fn in_crm(id: &str) -> ExternalId {
    ExternalId {
        system: "crm".to_owned(),
        id: id.to_owned(),
    }
}

/// Makes seven of one family, every other of whom is called Ärmel.
async fn family(desk: &Desk, token: &str) {
    for number in 0..7 {
        let contact = Contact {
            emails: vec![format!("c{number}@example.com"), "family@example.com".to_owned()],
            phones: vec![format!("+49 30 10{number}")],
            external_ids: vec![in_crm(&format!("K{number}"))],
            ..somebody(if number % 2 == 0 { "Ärmel" } else { "Ann" })
        };
        desk.make(token, contact).await.expect("made");
    }
}

/// The names and first addresses of all who are found, read in pages.
async fn find(desk: &Desk, token: &str, by: impl FnOnce(&mut ListContactsRequest)) -> Vec<(String, String)> {
    let mut request = ListContactsRequest {
        page_size: 2,
        ..ListContactsRequest::default()
    };
    by(&mut request);
    let mut found = Vec::new();
    loop {
        let page = desk.contacts().list_contacts(with_token(request.clone(), token)).await;
        let page = page.expect("a page").into_inner();
        found.extend(page.contacts.into_iter().map(|one| (one.name, one.emails[0].clone())));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return found;
        }
    }
}

#[tokio::test]
async fn an_id_in_another_system_is_one_contacts_alone() {
    let house = House::new(640).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    family(desk, &token).await;
    let twin = Contact {
        external_ids: vec![in_crm("K3")],
        ..somebody("Twin")
    };
    assert_eq!(refusal(desk.make(&token, twin).await), "NAME_TAKEN");
}

#[tokio::test]
async fn contacts_are_listed_by_name() {
    let house = House::new(641).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    family(desk, &token).await;
    let all = find(desk, &token, |_| {}).await;
    assert_eq!(all.len(), 7);
    assert!(all.is_sorted_by_key(|(name, _)| name.to_lowercase()));
}

#[tokio::test]
async fn contacts_are_found_by_name_address_number_and_id() {
    let house = House::new(642).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    family(desk, &token).await;
    let text = |text: &'static str| find(desk, &token, move |it| it.text = text.to_owned());
    assert_eq!(text("äR").await.len(), 4);
    let email = |email: &'static str| find(desk, &token, move |it| it.email = email.to_owned());
    assert_eq!(email("FAMILY@example.com").await.len(), 7);
    let fourth = ("Ärmel".to_owned(), "c4@example.com".to_owned());
    assert_eq!(email("C4@example.com").await, [fourth]);
    assert_eq!(email("nobody@example.com").await, []);
    let by_phone = find(desk, &token, |it| it.phone = "+49/30/105".to_owned()).await;
    assert_eq!(by_phone.len(), 1);
    let by_id = find(desk, &token, |it| it.external = Some(in_crm("K6"))).await;
    assert_eq!(by_id.len(), 1);
}
