//! One contact from its making to its deletion.

use crate::{
    gold, having, keep_tier,
    people::{fresh, somebody},
    refusal,
    support::{Desk, House, agent, trail},
};
use onqueue_proto::session::v1::{
    Consent, Contact, ContactChange, ContactOrigin, CreateContactRequest, DeleteContactRequest,
};
use onqueue_testkit::with_token;
use tonic::Status;

/// What a change of [`grown`] is about: all but the notes.
const MASK: [&str; 4] = ["name", "emails", "consents", "fields.tier"];

fn wish_for_ann() -> CreateContactRequest {
    let ann = Contact {
        emails: vec!["Ann@Example.com".to_owned()],
        ..having("Ann", "tier", gold())
    };
    CreateContactRequest {
        request_id: fresh(),
        contact: Some(ann),
    }
}

/// Ann after some years.
fn grown(ann: &Contact) -> Contact {
    let consent = Consent {
        purpose: "marketing".to_owned(),
        given: true,
        at: None,
    };
    Contact {
        name: "Ann Lee".to_owned(),
        emails: vec!["ann@example.com".to_owned(), "lee@example.com".to_owned()],
        notes: "not in the mask".to_owned(),
        consents: vec![consent],
        fields: [].into(),
        ..ann.clone()
    }
}

async fn create(desk: &Desk, token: &str, request: CreateContactRequest) -> Result<Contact, Status> {
    let answer = desk.contacts().create_contact(with_token(request, token)).await?;
    Ok(answer.into_inner().contact.expect("a contact"))
}

/// Ann, for whom it was asked twice.
async fn ann(house: &House, token: &str) -> Contact {
    keep_tier(house).await;
    let request = wish_for_ann();
    let first = create(&house.desk, token, request.clone()).await.expect("made");
    let again = create(&house.desk, token, request).await.expect("made");
    assert_eq!(first, again, "once for its request");
    first
}

/// Ann after a change that was asked for twice.
async fn changed(desk: &Desk, token: &str, ann: &Contact) -> Contact {
    let after = desk.change(token, grown(ann), &MASK).await.expect("changed");
    let again = desk.change(token, grown(ann), &MASK).await.expect("so already");
    assert_eq!(again, after);
    after
}

async fn delete(desk: &Desk, token: &str, contact: &Contact) {
    let request = DeleteContactRequest {
        contact_id: contact.contact_id.clone(),
        etag: contact.etag.clone(),
    };
    let deleted = desk.contacts().delete_contact(with_token(request, token)).await;
    deleted.expect("deleted");
}

fn said(change: &ContactChange) -> String {
    format!("{}: {} → {}", change.field, change.old_value, change.new_value)
}

#[tokio::test]
async fn a_request_makes_one_contact() {
    let house = House::new(610).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    keep_tier(&house).await;
    let request = wish_for_ann();
    let made = create(desk, &token, request.clone()).await.expect("made");
    assert_eq!(create(desk, &token, request.clone()).await.expect("made"), made);
    let other = CreateContactRequest {
        contact: Some(somebody("Ben")),
        ..request
    };
    assert_eq!(refusal(create(desk, &token, other).await), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn a_change_is_of_what_its_mask_names() {
    let house = House::new(611).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let first = ann(&house, &token).await;
    let second = changed(desk, &token, &first).await;
    assert_eq!((&*second.name, &*second.notes), ("Ann Lee", ""));
    assert_eq!(second.fields.len(), 0);
    let written = ["Ann@Example.com", "lee@example.com"];
    assert_eq!(second.emails, written, "as first written");
    assert!(second.consents[0].at.is_some());
    let late = Contact {
        name: "Late".to_owned(),
        ..first
    };
    assert_eq!(refusal(desk.change(&token, late, &["name"]).await), "ETAG_MISMATCH");
}

#[tokio::test]
async fn a_history_tells_every_change_once() {
    let house = House::new(612).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let first = ann(&house, &token).await;
    changed(desk, &token, &first).await;
    let history = desk.history(&token, &first.contact_id).await;
    let texts: Vec<String> = history.iter().map(said).collect();
    let expected = [
        "name:  → Ann",
        "emails:  → [\"ann@example.com\"]",
        "fields.tier:  → gold",
        "name: Ann → Ann Lee",
        "emails: [\"ann@example.com\"] → [\"ann@example.com\",\"lee@example.com\"]",
        "consents:  → {\"marketing\":true}",
        "fields.tier: gold → ",
    ];
    assert_eq!(texts, expected);
    let actor = format!("user:{}", agent());
    let by_ada = |one: &ContactChange| one.origin() == ContactOrigin::Agent && one.actor == actor;
    assert!(history.iter().all(by_ada));
}

#[tokio::test]
async fn a_deleted_contact_is_only_in_the_trail() {
    let house = House::new(613).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let first = ann(&house, &token).await;
    let last = changed(desk, &token, &first).await;
    for _ in 0..2 {
        delete(desk, &token, &last).await;
    }
    assert_eq!(refusal(desk.contact(&token, &last.contact_id).await), "NOT_FOUND");
    let actions = [
        "contact_field.create",
        "contact.create",
        "contact.update",
        "contact.delete",
    ];
    assert_eq!(trail(desk).await, actions);
}
