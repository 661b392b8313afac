//! Users as requests and answers have them.

use super::division::made;
use crate::{
    app::{UserDraft, UserQuery},
    store::{User, UserState},
};
use onqueue_model::{DivisionId, Fault, Language};
use onqueue_proto::auth::v1 as proto;
use onqueue_server::resource::{Mask, Once, division, given, id, name};

/// The longest address, in bytes.
const ADDRESS: usize = 254;

/// How many users can be asked for by name at once.
const IDS: usize = 200;

/// A user to be made. Which password they get is left out of what a repeated request must have in common: a hash of it that
/// is quickly made must not be kept.
pub fn creation(asked: &proto::CreateUserRequest) -> Result<(UserDraft, Once), Fault> {
    let user = given("user", asked.user.as_ref())?;
    let draft = UserDraft {
        name: name("user.name", &user.name)?,
        email: address(&user.email)?,
        language: language(&user.language)?,
        division: Some(division("user.division_id", &user.division_id)?),
        state: state("user.state", user.state)?.unwrap_or(UserState::Active),
    };
    let known = proto::CreateUserRequest {
        password: if asked.password.is_empty() { "" } else { "given" }.to_owned(),
        ..asked.clone()
    };
    Ok((draft, Once::of(&asked.request_id, &known)?))
}

/// What is to be changed of a user.
pub fn change(asked: &proto::UpdateUserRequest, user: &proto::User) -> Result<(UserDraft, Mask), Fault> {
    let fields = ["name", "email", "language", "division_id", "state"];
    let mask = Mask::of(asked.update_mask.as_ref(), &fields)?;
    let mut draft = UserDraft {
        name: String::new(),
        email: String::new(),
        language: String::new(),
        division: None,
        state: UserState::Active,
    };
    if mask.has("name") {
        draft.name = name("user.name", &user.name)?;
    }
    if mask.has("email") {
        draft.email = address(&user.email)?;
    }
    if mask.has("language") {
        draft.language = language(&user.language)?;
    }
    if mask.has("division_id") {
        draft.division = Some(division("user.division_id", &user.division_id)?);
    }
    if mask.has("state") {
        draft.state = state("user.state", user.state)?.unwrap_or(UserState::Active);
    }
    Ok((draft, mask))
}

/// Which users are asked for.
pub fn query(asked: proto::ListUsersRequest) -> Result<UserQuery, Fault> {
    if asked.user_ids.len() > IDS {
        return Err(Fault::field("user_ids", "at most 200 users"));
    }
    Ok(UserQuery {
        division: optional_division("division_id", &asked.division_id)?,
        state: state("state", asked.state)?,
        ids: asked
            .user_ids
            .iter()
            .map(|text| id("user_ids", text))
            .collect::<Result<_, _>>()?,
        text: asked.text,
    })
}

/// A division that may be left out.
pub fn optional_division(field: &'static str, text: &str) -> Result<Option<DivisionId>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    division(field, text).map(Some)
}

fn address(text: &str) -> Result<String, Fault> {
    let address = text.trim();
    let parts = address.rsplit_once('@');
    let has_both = parts.is_some_and(|(person, host)| !person.is_empty() && !host.is_empty());
    let is_bad = |letter: char| letter.is_whitespace() || letter.is_control();
    if !has_both || address.len() > ADDRESS || address.chars().any(is_bad) {
        return Err(Fault::field("user.email", "an address such as ada@example.org"));
    }
    Ok(address.to_owned())
}

fn language(text: &str) -> Result<String, Fault> {
    if text.is_empty() || Language::parse(text).is_some() {
        return Ok(text.to_owned());
    }
    Err(Fault::field("user.language", "a language tag such as de or en-GB"))
}

fn state(field: &'static str, number: i32) -> Result<Option<UserState>, Fault> {
    match proto::UserState::try_from(number) {
        Ok(proto::UserState::Unspecified) => Ok(None),
        Ok(proto::UserState::Active) => Ok(Some(UserState::Active)),
        Ok(proto::UserState::Disabled) => Ok(Some(UserState::Disabled)),
        Err(_) => Err(Fault::field(field, "no such state")),
    }
}

/// A user as the wire has them.
pub fn encode(user: User) -> proto::User {
    let state = match user.state {
        UserState::Active => proto::UserState::Active,
        UserState::Disabled => proto::UserState::Disabled,
    };
    proto::User {
        user_id: user.id.to_string(),
        etag: user.revision.to_string(),
        name: user.name,
        email: user.email,
        language: user.language,
        division_id: user.division.to_string(),
        state: state.into(),
        has_password: user.password_hash.is_some(),
        created_at: made(user.created_at),
    }
}
