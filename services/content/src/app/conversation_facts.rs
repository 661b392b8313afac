//! What a conversation, its contact and its queue are, as session tells content on its caller's behalf.

use onqueue_client::{Behalf, reason};
use onqueue_model::{Caller, Category, ConversationId, Fault, LibraryId, Reason, ScriptId, UserId};
use onqueue_proto::session::v1::{
    Contact, Conversation, ConversationRole, ConversationState, GetConversationFactsRequest,
    GetConversationFactsResponse, ResponseLibraryUse, contact_field_value,
    content_facts_service_client::ContentFactsServiceClient,
};
use onqueue_script::{Date, Value};
use onqueue_server::{InProcess, resource::id};
use std::{collections::BTreeSet, time::Duration};
use tonic::Status;

/// How long session may take over an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which libraries of responses may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedLibraries {
    All,
    Only(BTreeSet<LibraryId>),
}

impl AllowedLibraries {
    /// Whether that one may.
    pub fn has(&self, library: &LibraryId) -> bool {
        match self {
            Self::All => true,
            Self::Only(libraries) => libraries.contains(library),
        }
    }
}

/// What session says of a conversation.
#[derive(Clone, Debug)]
pub struct Facts {
    conversation: Conversation,
    contact: Option<Contact>,
    /// Whether the caller takes part as an agent, or did when it ended.
    pub is_agent: bool,
    /// The script that its queue names.
    pub script: Option<ScriptId>,
    /// Which libraries of responses its queue allows.
    pub libraries: AllowedLibraries,
}

impl Facts {
    /// Asks session on the caller's behalf. Refused as session refuses; UNAVAILABLE when it is away.
    pub async fn ask(session: &InProcess, behalf: &Behalf, conversation: ConversationId) -> Result<Self, Fault> {
        let mut client = ContentFactsServiceClient::new(session.clone());
        let asked = GetConversationFactsRequest {
            conversation_id: conversation.to_string(),
        };
        let asked = behalf.clone().within(PATIENCE).request(asked);
        let answer = client.get_conversation_facts(asked).await;
        Self::of(answer.map_err(|status| refusal(&status))?.into_inner())
    }

    fn of(answer: GetConversationFactsResponse) -> Result<Self, Fault> {
        let libraries = allowed(&answer)?;
        Ok(Self {
            is_agent: answer.role() == ConversationRole::Agent,
            script: match answer.script_id.as_str() {
                "" => None,
                text => Some(id("script_id", text)?),
            },
            conversation: answer.conversation.ok_or_else(|| Fault::internal("facts of nothing"))?,
            contact: answer.contact,
            libraries,
        })
    }

    /// As whom the user takes part, or did last.
    fn alias(&self, user: Option<UserId>) -> Option<String> {
        let own = user?.to_string();
        let participants = self.conversation.participants.iter().rev();
        let found = participants.filter(|participant| participant.user_id == own);
        found.map(|participant| participant.name.clone()).next()
    }

    /// Which opening of the conversation it is.
    pub const fn opening(&self) -> i64 {
        self.conversation.opening
    }

    /// BCP-47 tag; may be empty.
    pub fn language(&self) -> &str {
        &self.conversation.language
    }

    pub fn has_contact(&self) -> bool {
        !self.conversation.contact_id.is_empty()
    }

    pub fn is_over(&self) -> bool {
        self.conversation.state() == ConversationState::Ended
    }

    pub fn is_erased(&self) -> bool {
        self.conversation.erased_at.is_some()
    }

    /// What scripts may know, for that caller on that day.
    pub fn for_scripts(&self, caller: &Caller, today: Date) -> onqueue_script::Facts {
        let mut facts = onqueue_script::Facts::new(today);
        let conversation = &self.conversation;
        let mut text = |name: &str, value: &str| facts.set(name, value);
        text("conversation.queue", &conversation.queue_name);
        text("conversation.language", &conversation.language);
        text("conversation.topic", &conversation.topic);
        text("conversation.customer_name", &conversation.guest_name);
        for (name, value) in &conversation.attributes {
            text(&format!("conversation.attributes.{name}"), value);
        }
        let name = super::name(caller).unwrap_or_default();
        text("agent.name", &name);
        text("agent.alias", &self.alias(caller.user()).unwrap_or(name));
        if let Some(contact) = &self.contact {
            add_contact(&mut facts, contact);
        }
        facts
    }
}

fn add_contact(facts: &mut onqueue_script::Facts, contact: &Contact) {
    use contact_field_value::Value as Kept;
    let first = |values: &[String]| values.first().cloned().unwrap_or_default();
    facts.set("contact.name", contact.name.clone());
    facts.set("contact.email", first(&contact.emails));
    facts.set("contact.phone", first(&contact.phones));
    facts.set("contact.language", contact.language.clone());
    facts.set("contact.notes", contact.notes.clone());
    for (key, field) in &contact.fields {
        let value = match &field.value {
            Some(Kept::Text(text) | Kept::Date(text) | Kept::Choice(text)) => Value::from(text.clone()),
            Some(Kept::Number(number)) => Value::from(*number),
            Some(Kept::Boolean(is_so)) => Value::from(*is_so),
            None => continue,
        };
        facts.set(format!("contact.fields.{key}"), value);
    }
}

fn allowed(answer: &GetConversationFactsResponse) -> Result<AllowedLibraries, Fault> {
    let chosen = answer.library_ids.iter().map(|text| id("library_ids", text));
    Ok(match answer.library_use() {
        ResponseLibraryUse::Unspecified => AllowedLibraries::All,
        ResponseLibraryUse::Chosen => AllowedLibraries::Only(chosen.collect::<Result<_, _>>()?),
        ResponseLibraryUse::None => AllowedLibraries::Only(BTreeSet::new()),
    })
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
            "what is to be known of the conversation cannot be read right now; try again",
        )
        .with_retry_after(Duration::from_secs(1))
        .with_context(status),
    }
}
