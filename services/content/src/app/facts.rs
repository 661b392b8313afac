//! What a conversation says about itself and its customer, and what its queue allows, as session tells its caller.

use super::conversation_facts::AllowedLibraries;
use crate::{content::KNOWN, template::is_name};
use onqueue_client::{Behalf, reason};
use onqueue_model::{Category, ConversationId, Fault, QueueId, Reason, UserId};
use onqueue_proto::session::v1::{
    ContactFieldValue, Conversation, GetConversationFactsRequest, GetConversationFactsResponse, ResponseLibraryUse,
    contact_field_value::Value, content_facts_service_client::ContentFactsServiceClient,
};
use onqueue_server::InProcess;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tonic::Status;

/// The substitutions that every conversation gives.
pub const NAMES: [&str; 4] = ["CUSTOMER_NAME", "TOPIC", "QUEUE_NAME", "AGENT_ALIAS"];

/// How long session may take over an answer.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// What session tells of a conversation.
#[derive(Clone, Debug)]
pub struct Told {
    /// The values that the conversation gives, without empty ones: those that every one does, then its attributes, then its
    /// customer's fields.
    pub values: BTreeMap<String, String>,
    pub allowed: Allowed,
}

/// What a conversation's queue allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    pub queue: Option<QueueId>,
    pub libraries: AllowedLibraries,
}

/// What session tells the caller of the conversation. Refused as session refuses; UNAVAILABLE when it is away.
pub async fn of_conversation(
    session: &InProcess,
    behalf: Behalf,
    id: ConversationId,
    caller: Option<UserId>,
) -> Result<Told, Fault> {
    let mut client = ContentFactsServiceClient::new(session.clone());
    let asked = GetConversationFactsRequest {
        conversation_id: id.to_string(),
    };
    let answer = client
        .get_conversation_facts(behalf.within(PATIENCE).request(asked))
        .await;
    let answer = answer.map_err(|status| refusal(&status))?.into_inner();
    Ok(Told {
        allowed: allowed(&answer),
        values: values(answer, caller),
    })
}

fn allowed(answer: &GetConversationFactsResponse) -> Allowed {
    let conversation = answer.conversation.as_ref();
    let queue = conversation.and_then(|conversation| conversation.queue_id.parse().ok());
    let libraries = match answer.library_use() {
        ResponseLibraryUse::Unspecified => AllowedLibraries::All,
        ResponseLibraryUse::Chosen => {
            AllowedLibraries::Only(answer.library_ids.iter().filter_map(|id| id.parse().ok()).collect())
        }
        ResponseLibraryUse::None => AllowedLibraries::Only(BTreeSet::new()),
    };
    Allowed { queue, libraries }
}

/// Whatever is told first of a name holds.
fn values(answer: GetConversationFactsResponse, caller: Option<UserId>) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut add = |name: String, value: String| {
        if is_name(&name) && !value.trim().is_empty() {
            values.entry(name).or_insert(value);
        }
    };
    let conversation = answer.conversation.unwrap_or_default();
    let contact = answer.contact.unwrap_or_default();
    for (name, value) in NAMES.into_iter().zip(of_every_one(&conversation, caller)) {
        add(name.to_owned(), value);
    }
    add("CUSTOMER_NAME".to_owned(), contact.name);
    let attributes = conversation.attributes.into_iter();
    let fields = contact.fields.into_iter().map(|(key, value)| (key, shown(value)));
    for (name, value) in attributes.chain(fields) {
        let name = placeholder(&name);
        // Nobody gives an agent another name.
        if !KNOWN.contains(&name.as_str()) {
            add(name, value);
        }
    }
    values
}

fn of_every_one(conversation: &Conversation, caller: Option<UserId>) -> [String; 4] {
    let own = caller.map(|user| user.to_string());
    let mut participants = conversation.participants.iter().rev();
    let alias = participants.find(|participant| Some(&participant.user_id) == own.as_ref());
    [
        conversation.guest_name.clone(),
        conversation.topic.clone(),
        conversation.queue_name.clone(),
        alias.map(|participant| participant.name.clone()).unwrap_or_default(),
    ]
}

/// `order-number` is `ORDER_NUMBER`.
fn placeholder(name: &str) -> String {
    name.to_uppercase().replace(['-', '.'], "_")
}

fn shown(value: ContactFieldValue) -> String {
    match value.value {
        Some(Value::Text(text) | Value::Date(text) | Value::Choice(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        // A yes or no has no words of its own in a sentence.
        Some(Value::Boolean(_)) | None => String::new(),
    }
}

/// What session refuses for the caller's sake, the caller is to hear; everything else is that it cannot be asked.
fn refusal(status: &Status) -> Fault {
    let for_caller = |reason: &Reason| {
        matches!(
            reason.category(),
            Category::NotFound | Category::Denied | Category::Unauthenticated | Category::Precondition
        )
    };
    match reason(status).filter(for_caller) {
        Some(reason) => Fault::new(reason, status.message()),
        None => Fault::new(
            Reason::Unavailable,
            "what belongs to this conversation cannot be read right now; try again",
        )
        .with_retry_after(Duration::from_secs(1))
        .with_context(status),
    }
}
