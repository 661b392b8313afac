//! What an organisation wants to know of its contacts besides, and the values that they have for it.

use crate::{
    gold, having, keep_tier,
    people::fresh,
    refusal, root_token,
    support::{Desk, House},
};
use onqueue_proto::session::v1::{
    Contact, ContactField, ContactFieldType, CreateContactFieldRequest, DeleteContactFieldRequest,
    ListContactFieldsRequest, UpdateContactFieldRequest, contact_field_value::Value,
};
use onqueue_testkit::with_token;
use tonic::{Code, Status};

async fn make(desk: &Desk, token: &str, key: &str) -> Result<ContactField, Status> {
    let field = ContactField {
        key: key.to_owned(),
        name: "Another".to_owned(),
        r#type: ContactFieldType::Text.into(),
        ..ContactField::default()
    };
    let request = CreateContactFieldRequest {
        request_id: fresh(),
        contact_field: Some(field),
    };
    let answer = desk.fields().create_contact_field(with_token(request, token)).await?;
    Ok(answer.into_inner().contact_field.expect("a field"))
}

/// Has other choices from now on.
async fn rechoose(desk: &Desk, token: &str, field: &ContactField, choices: &[&str]) -> ContactField {
    let field = ContactField {
        choices: choices.iter().map(|one| (*one).to_owned()).collect(),
        ..field.clone()
    };
    let mut request = UpdateContactFieldRequest {
        contact_field: Some(field),
        update_mask: Some(Default::default()),
    };
    if let Some(mask) = &mut request.update_mask {
        mask.paths = vec!["choices".to_owned()];
    }
    let changed = desk.fields().update_contact_field(with_token(request, token)).await;
    changed.expect("changed").into_inner().contact_field.expect("a field")
}

async fn delete(desk: &Desk, token: &str, field: &ContactField) {
    let request = DeleteContactFieldRequest {
        contact_field_id: field.contact_field_id.clone(),
        etag: field.etag.clone(),
    };
    let deleted = desk.fields().delete_contact_field(with_token(request, token)).await;
    deleted.expect("deleted");
}

async fn list(desk: &Desk, token: &str) -> Vec<ContactField> {
    let request = with_token(ListContactFieldsRequest {}, token);
    let listed = desk.fields().list_contact_fields(request).await;
    listed.expect("listed").into_inner().contact_fields
}

/// How many of its values a contact shows.
async fn shown(desk: &Desk, token: &str, contact: &Contact) -> usize {
    let seen = desk.contact(token, &contact.contact_id).await.expect("seen");
    seen.fields.len()
}

#[tokio::test]
async fn fields_are_for_every_division_and_have_keys_of_their_own() {
    let house = House::new(630).await;
    let desk = &house.desk;
    keep_tier(&house).await;
    let local = make(desk, &house.keeper_token(), "local").await;
    let local = local.expect_err("in one division only");
    assert_eq!(local.code(), Code::PermissionDenied);
    assert_eq!(refusal(make(desk, &root_token(&house), "tier").await), "NAME_TAKEN");
}

#[tokio::test]
async fn values_are_of_their_fields_type() {
    let house = House::new(631).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    keep_tier(&house).await;
    for wrong in [
        Value::Choice("tin".to_owned()),
        Value::Text("gold".to_owned()),
        Value::Number(1.0),
    ] {
        let made = desk.make(&token, having("Ann", "tier", wrong)).await;
        assert_eq!(refusal(made), "FIELD_INVALID");
    }
    let unknown = having("Ann", "size", gold());
    assert_eq!(refusal(desk.make(&token, unknown).await), "FIELD_INVALID");
    let ann = desk.make(&token, having("Ann", "tier", gold())).await.expect("made");
    assert_eq!(ann.fields.len(), 1);
}

#[tokio::test]
async fn values_outlive_their_choices_and_go_out_of_sight_with_their_field() {
    let house = House::new(632).await;
    let (desk, token, root) = (&house.desk, house.keeper_token(), root_token(&house));
    let tier = keep_tier(&house).await;
    let ann = desk.make(&token, having("Ann", "tier", gold())).await.expect("made");

    let tier = rechoose(desk, &root, &tier, &["bronze"]).await;
    assert_eq!(tier.choices, ["bronze"]);
    assert_eq!(shown(desk, &token, &ann).await, 1, "values stay");

    for _ in 0..2 {
        delete(desk, &root, &tier).await;
    }
    assert_eq!(shown(desk, &token, &ann).await, 0);
    assert_eq!(list(desk, &token).await, []);
}
