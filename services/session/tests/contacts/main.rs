//! What is known of customers: made, changed, found, merged and separated; and who of them a conversation is with.

#[path = "../support/people.rs"]
mod people;
#[path = "../support/mod.rs"]
mod support;

mod confirming;
mod fields;
mod finding;
mod knowing;
mod merging;
mod records;
mod sight;

use onqueue_model::DivisionId;
use onqueue_proto::session::v1::{
    Contact, ContactField, ContactFieldType, ContactFieldValue, CreateContactFieldRequest, contact_field_value::Value,
};
use onqueue_testkit::with_token;
use people::somebody;
use support::{House, id, organisation, reason};
use tonic::Status;

/// The reason why it was not done.
pub fn refusal<T: std::fmt::Debug>(outcome: Result<T, Status>) -> String {
    reason(&outcome.expect_err("refused"))
}

/// A division in which the keeper of contacts may do nothing.
pub fn elsewhere() -> DivisionId {
    id(72)
}

/// A token of somebody who may do all with contacts, but only elsewhere.
pub fn stranger_token(house: &House) -> String {
    let all = ["externalContacts:*:*"];
    house.tokens.grant(organisation(), id(71), elsewhere(), &all);
    house.tokens.user(organisation(), id(71), "Eve")
}

/// A token of somebody who may do all with contacts in every division.
pub fn root_token(house: &House) -> String {
    let all = ["externalContacts:*:*"];
    house.tokens.grant(organisation(), id(77), DivisionId::ALL, &all);
    house.tokens.user(organisation(), id(77), "Root")
}

/// Has a field for tiers from now on.
pub async fn keep_tier(house: &House) -> ContactField {
    let field = ContactField {
        key: "tier".to_owned(),
        name: "Tier".to_owned(),
        r#type: ContactFieldType::Choice.into(),
        choices: vec!["gold".to_owned(), "silver".to_owned()],
        ..ContactField::default()
    };
    let request = CreateContactFieldRequest {
        request_id: id::<()>(70).to_string(),
        contact_field: Some(field),
    };
    let request = with_token(request, &root_token(house));
    let made = house.desk.fields().create_contact_field(request).await;
    made.expect("made").into_inner().contact_field.expect("a field")
}

/// Somebody who has this value for that field.
pub fn having(name: &str, field: &str, value: Value) -> Contact {
    let value = ContactFieldValue { value: Some(value) };
    Contact {
        fields: [(field.to_owned(), value)].into(),
        ..somebody(name)
    }
}

/// The tier that there is.
pub fn gold() -> Value {
    Value::Choice("gold".to_owned())
}
