//! Requests into types that cannot be wrong.

use crate::app::start::Wish;
use crate::contact::{self, KnownId};
use onqueue_chat::{Changes, ConversationKind, Text, line};
use onqueue_model::{Fault, Id, Language};
use onqueue_proto::session::v1::{self as proto, SetAttributesRequest, StartConversationRequest};
use tonic::metadata::MetadataMap;
use uuid::Uuid;

/// What the gateway says of where the caller's page came from.
const ORIGIN: &str = "x-onqueue-origin";

pub(super) fn id<T>(field: &'static str, text: &str) -> Result<Id<T>, Fault> {
    text.parse().map_err(|_| Fault::id(field))
}

/// Names anything; only its text counts.
enum Anything {}

pub(super) fn uuid(field: &'static str, text: &str) -> Result<Uuid, Fault> {
    id::<Anything>(field, text).map(Id::uuid)
}

/// A page size: 0 means the usual one.
pub(super) fn page_size(size: i32, usual: u64, most: u64) -> Result<u64, Fault> {
    match u64::try_from(size) {
        Ok(0) => Ok(usual),
        Ok(size) if size <= most => Ok(size),
        _ => Err(Fault::field("page_size", format!("page_size must be 0 to {most}"))),
    }
}

pub(super) fn wish(request: &StartConversationRequest, metadata: &MetadataMap) -> Result<Wish, Fault> {
    let language = match request.language.as_str() {
        "" => None,
        tag => {
            let problem = || Fault::field("language", "language must be a BCP-47 tag such as de or en-GB");
            Some(Language::parse(tag).ok_or_else(problem)?)
        }
    };
    let first_message = match request.first_message.as_str() {
        "" => None,
        text => Some(Text::parse(text).map_err(|fault| fault.about("first_message"))?),
    };
    let origin = match metadata.get(ORIGIN).map(|value| value.to_str()) {
        None => None,
        Some(Ok(origin)) => Some(origin.to_owned()),
        // Not ASCII: no deployment lists it.
        Some(Err(_)) => Some(String::new()),
    };
    Ok(Wish {
        request: uuid("request_id", &request.request_id)?,
        deployment: id("deployment_id", &request.deployment_id)?,
        queue: id("queue_id", &request.queue_id)?,
        language,
        kind: kind(request.kind)?,
        guest_name: line("guest_name", &request.guest_name, 100)?,
        topic: line("topic", &request.topic, 200)?,
        first_message,
        assertion: Some(request.identity_assertion.clone()).filter(|text| !text.is_empty()),
        given: given(request)?,
        origin,
    })
}

fn kind(number: i32) -> Result<ConversationKind, Fault> {
    match proto::ConversationKind::try_from(number) {
        Ok(proto::ConversationKind::Unspecified | proto::ConversationKind::Chat) => Ok(ConversationKind::Chat),
        Ok(proto::ConversationKind::Messaging) => Ok(ConversationKind::Messaging),
        Err(_) => Err(Fault::field("kind", "no such kind of conversation")),
    }
}

fn given(request: &StartConversationRequest) -> Result<Vec<KnownId>, Fault> {
    let unless_empty = |text: &str, read: fn(&'static str, &str) -> Result<KnownId, Fault>, field| match text {
        "" => Ok(None),
        text => read(field, text).map(Some),
    };
    let email = unless_empty(&request.guest_email, contact::email, "guest_email")?;
    let phone = unless_empty(&request.guest_phone, contact::phone, "guest_phone")?;
    Ok(email.into_iter().chain(phone).collect())
}

/// What is to be noted, and what to be taken away.
pub(super) fn changes(request: SetAttributesRequest) -> Result<Changes, Fault> {
    let set = request.attributes.into_iter().map(|(key, value)| (key, Some(value)));
    let removed = request.removed.into_iter().map(|key| (key, None));
    Changes::parse(set.chain(removed))
}
