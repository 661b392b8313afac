//! Who may see contacts, and who may only look.

use crate::{
    elsewhere,
    people::somebody,
    refusal, stranger_token,
    support::{House, division, id, organisation},
};
use onqueue_proto::session::v1::{Contact, ListContactsRequest};
use onqueue_testkit::with_token;

#[tokio::test]
async fn who_may_not_see_a_contact_does_not_learn_of_it() {
    let house = House::new(620).await;
    let desk = &house.desk;
    let (keeper, stranger) = (house.keeper_token(), stranger_token(&house));
    let ann = desk.make(&keeper, somebody("Ann")).await.expect("made");
    assert_eq!(refusal(desk.contact(&stranger, &ann.contact_id).await), "NOT_FOUND");
    let changed = desk.change(&stranger, ann.clone(), &["name"]).await;
    assert_eq!(refusal(changed), "NOT_FOUND");
    let made = desk.make(&stranger, somebody("Ben")).await;
    assert_eq!(refusal(made), "PERMISSION_MISSING");

    let zoe = Contact {
        division_id: elsewhere().to_string(),
        ..somebody("Zoe")
    };
    let zoe = desk.make(&stranger, zoe).await.expect("made");
    assert_eq!(refusal(desk.merge(&keeper, &ann, &zoe).await), "NOT_FOUND");
    let request = with_token(ListContactsRequest::default(), &stranger);
    let listed = desk.contacts().list_contacts(request).await.expect("listed");
    let names = listed.into_inner().contacts.into_iter().map(|one| one.name);
    assert_eq!(names.collect::<Vec<_>>(), ["Zoe"]);
}

#[tokio::test]
async fn who_may_look_changes_nothing() {
    let house = House::new(621).await;
    let desk = &house.desk;
    let ann = desk.make(&house.keeper_token(), somebody("Ann")).await.expect("made");
    let look = ["externalContacts:contact:view"];
    house.tokens.grant(organisation(), id(73), division(), &look);
    let viewer = house.tokens.user(organisation(), id(73), "Vic");
    assert_eq!(desk.contact(&viewer, &ann.contact_id).await.expect("seen"), ann);
    let changed = desk.change(&viewer, ann, &["name"]).await;
    assert_eq!(refusal(changed), "PERMISSION_MISSING");
}

#[tokio::test]
async fn a_contact_goes_to_no_division_in_which_one_may_not_make_it() {
    let house = House::new(622).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let ann = desk.make(&token, somebody("Ann")).await.expect("made");
    let moved = Contact {
        division_id: elsewhere().to_string(),
        ..ann
    };
    let moved = desk.change(&token, moved, &["division_id"]).await;
    assert_eq!(refusal(moved), "PERMISSION_MISSING");
}
