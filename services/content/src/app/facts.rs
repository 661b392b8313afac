//! What a conversation says about itself, as session tells its caller.

use onqueue_client::{Behalf, reason};
use onqueue_model::{Category, ConversationId, Fault, Reason, UserId};
use onqueue_proto::session::v1::{
    Conversation, GetConversationRequest, conversation_service_client::ConversationServiceClient,
};
use onqueue_server::InProcess;
use std::{collections::BTreeMap, time::Duration};
use tonic::Status;

/// The substitutions that a conversation gives.
pub const NAMES: [&str; 4] = ["CUSTOMER_NAME", "TOPIC", "QUEUE_NAME", "AGENT_ALIAS"];

/// How long session may take over an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The values that the conversation gives, without empty ones. Refused as session refuses; UNAVAILABLE when it is away.
pub async fn of_conversation(
    session: &InProcess,
    behalf: Behalf,
    id: ConversationId,
    caller: Option<UserId>,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut client = ConversationServiceClient::new(session.clone());
    let asked = GetConversationRequest {
        conversation_id: id.to_string(),
    };
    let answer = client.get_conversation(behalf.within(PATIENCE).request(asked)).await;
    let answer = answer.map_err(|status| refusal(&status))?.into_inner();
    Ok(answer
        .conversation
        .map(|found| facts(found, caller))
        .unwrap_or_default())
}

fn facts(conversation: Conversation, caller: Option<UserId>) -> BTreeMap<String, String> {
    let own = caller.map(|user| user.to_string());
    let participants = conversation.participants.into_iter();
    let alias = participants
        .rev()
        .find(|participant| Some(&participant.user_id) == own.as_ref());
    let values = [
        conversation.guest_name,
        conversation.topic,
        conversation.queue_name,
        alias.map(|participant| participant.name).unwrap_or_default(),
    ];
    let named = NAMES.into_iter().zip(values);
    named
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
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
            "what this text says of the conversation cannot be read right now; try again, or give the values",
        )
        .with_retry_after(Duration::from_secs(1))
        .with_context(status),
    }
}
