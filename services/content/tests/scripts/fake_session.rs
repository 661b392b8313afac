//! A session that knows conversations, keeps one value for each field of their contacts, has some to be forgotten, and can go
//! away.

use onqueue_model::{Fault, Reason};
use onqueue_proto::session::v1::{
    AnswerOutcome, ConfirmForgottenRequest, ConfirmForgottenResponse, Contact, Conversation, ConversationRole,
    ForgottenAnswers, ForgottenConversation, GetConversationFactsRequest, GetConversationFactsResponse,
    ListForgottenRequest, ListForgottenResponse, Participant, WriteScriptAnswerRequest, WriteScriptAnswerResponse,
    content_facts_service_server::{ContentFactsService, ContentFactsServiceServer},
};
use onqueue_server::{Bound, Context, InProcess, as_peer, layered, optional_caller, status};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};
use tonic::{Request, Response, Status, service::Routes};

#[derive(Clone, Default)]
pub struct FakeSession(Arc<Mutex<State>>);

#[derive(Default)]
pub struct State {
    pub conversations: BTreeMap<String, GetConversationFactsResponse>,
    /// By user, those who take part as agents.
    pub agents: BTreeMap<String, BTreeSet<String>>,
    /// Those who may look.
    pub supervisors: BTreeSet<String>,
    pub is_away: bool,
    /// What came, once for each key, in order.
    pub written: Vec<WriteScriptAnswerRequest>,
    /// Keys that came, repeated ones too.
    pub told: usize,
    /// Fields that are refused.
    pub refused: BTreeSet<String>,
    pub forgotten: Vec<ForgottenConversation>,
    pub confirmed: Vec<ForgottenAnswers>,
}

impl FakeSession {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics with it")
    }

    /// A conversation in a queue with that script, in which these users take part as agents.
    pub fn open(&self, conversation: &str, script: &str, agents: &[&str]) {
        let mut state = self.state();
        let participants = agents.iter().map(|user| Participant {
            user_id: (*user).to_owned(),
            name: "Ada".to_owned(),
            ..Participant::default()
        });
        let facts = GetConversationFactsResponse {
            conversation: Some(Conversation {
                conversation_id: conversation.to_owned(),
                queue_name: "Returns".to_owned(),
                guest_name: "Bo".to_owned(),
                language: "de".to_owned(),
                opening: 1,
                participants: participants.collect(),
                ..Conversation::default()
            }),
            script_id: script.to_owned(),
            ..GetConversationFactsResponse::default()
        };
        state.conversations.insert(conversation.to_owned(), facts);
        let agents = agents.iter().map(|user| (*user).to_owned()).collect();
        state.agents.insert(conversation.to_owned(), agents);
    }

    /// Somebody else has the conversation in hand.
    pub fn pass_on(&self, conversation: &str, agent: &str) {
        let mut state = self.state();
        state.agents.insert(conversation.to_owned(), [agent.to_owned()].into());
    }

    /// Whom it is with.
    pub fn know(&self, conversation: &str, contact: Contact) {
        let mut state = self.state();
        let facts = state.conversations.get_mut(conversation).expect("open");
        facts.conversation.as_mut().expect("one").contact_id = contact.contact_id.clone();
        facts.contact = Some(contact);
    }

    pub fn change(&self, conversation: &str, change: impl FnOnce(&mut GetConversationFactsResponse)) {
        change(self.state().conversations.get_mut(conversation).expect("open"));
    }

    /// Nobody answers from now on, or again.
    pub fn go_away(&self, is_away: bool) {
        self.state().is_away = is_away;
    }

    /// What the contact's fields were set to, in order.
    pub fn values(&self) -> Vec<(String, String)> {
        let state = self.state();
        let each = state.written.iter();
        each.map(|one| (one.contact_field.clone(), one.value.clone())).collect()
    }

    pub fn upstream(&self, context: &Context) -> InProcess {
        let bound = Bound {
            name: "session",
            routes: Routes::new(ContentFactsServiceServer::new(self.clone())),
        };
        as_peer(layered(bound, context), "content")
    }

    fn there(&self) -> Result<MutexGuard<'_, State>, Status> {
        let state = self.state();
        match state.is_away {
            true => Err(status(Fault::unavailable("gone"))),
            false => Ok(state),
        }
    }
}

#[tonic::async_trait]
impl ContentFactsService for FakeSession {
    async fn get_conversation_facts(
        &self,
        request: Request<GetConversationFactsRequest>,
    ) -> Result<Response<GetConversationFactsResponse>, Status> {
        let unknown = || {
            status(Fault::new(
                Reason::ConversationNotFound,
                "there is no such conversation",
            ))
        };
        let user = optional_caller(&request).and_then(|caller| caller.user());
        let user = user.ok_or_else(unknown)?.to_string();
        let state = self.there()?;
        let id = &request.get_ref().conversation_id;
        let facts = state.conversations.get(id).ok_or_else(unknown)?;
        let role = match (state.agents[id].contains(&user), state.supervisors.contains(&user)) {
            (true, _) => ConversationRole::Agent,
            (false, true) => ConversationRole::Supervisor,
            (false, false) => return Err(unknown()),
        };
        Ok(Response::new(GetConversationFactsResponse {
            role: role.into(),
            ..facts.clone()
        }))
    }

    async fn write_script_answer(
        &self,
        request: Request<WriteScriptAnswerRequest>,
    ) -> Result<Response<WriteScriptAnswerResponse>, Status> {
        let mut state = self.there()?;
        let told = request.into_inner();
        state.told += 1;
        let answer = |outcome: AnswerOutcome, reason: &str| {
            Ok(Response::new(WriteScriptAnswerResponse {
                outcome: outcome.into(),
                reason: reason.to_owned(),
            }))
        };
        if state.refused.contains(&told.contact_field) {
            return answer(AnswerOutcome::Refused, "FIELD_INVALID");
        }
        let facts = state.conversations[&told.conversation_id].conversation.as_ref();
        if facts.is_none_or(|conversation| conversation.contact_id.is_empty()) {
            return answer(AnswerOutcome::NoContact, "");
        }
        let key = |one: &WriteScriptAnswerRequest| (one.script.clone().map(|run| run.run_id), one.step, one.place);
        if !state.written.iter().any(|before| key(before) == key(&told)) {
            state.written.push(told);
        }
        answer(AnswerOutcome::Written, "")
    }

    async fn list_forgotten(
        &self,
        _: Request<ListForgottenRequest>,
    ) -> Result<Response<ListForgottenResponse>, Status> {
        let conversations = self.there()?.forgotten.clone();
        Ok(Response::new(ListForgottenResponse { conversations }))
    }

    async fn confirm_forgotten(
        &self,
        request: Request<ConfirmForgottenRequest>,
    ) -> Result<Response<ConfirmForgottenResponse>, Status> {
        let mut state = self.there()?;
        let confirmed = request.into_inner().conversations;
        let done: BTreeSet<&String> = confirmed.iter().map(|one| &one.conversation_id).collect();
        state.forgotten.retain(|one| !done.contains(&one.conversation_id));
        state.confirmed.extend(confirmed);
        Ok(Response::new(ConfirmForgottenResponse {}))
    }
}
