//! A session that knows conversations, tells them to who takes part, and can go away.

use onqueue_model::{Fault, Reason, UserId};
use onqueue_proto::session::v1::{
    Contact, Conversation, GetConversationFactsRequest, GetConversationFactsResponse, Participant, ResponseLibraryUse,
};
use onqueue_server::{Context, InProcess, bearer, status};
use std::{
    collections::BTreeMap,
    future::{Ready, ready},
    sync::{Arc, Mutex, MutexGuard},
};
use tonic::{Request, Response, Status, body::Body, server::UnaryService};
use tonic_prost::ProstCodec;

#[derive(Clone)]
pub struct FakeSession {
    context: Context,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    conversations: BTreeMap<String, Conversation>,
    /// Of all conversations.
    contact: Option<Contact>,
    /// Which libraries all queues allow; `None` for all of them.
    allowed: Option<Vec<String>>,
    is_away: bool,
}

impl FakeSession {
    pub fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            state: Arc::default(),
        }
    }

    /// A conversation in which that user takes part, as `alias`.
    pub fn open(&self, conversation: Conversation, user: UserId, alias: &str) {
        let participant = Participant {
            user_id: user.to_string(),
            name: alias.to_owned(),
            ..Participant::default()
        };
        let id = conversation.conversation_id.clone();
        let conversation = Conversation {
            participants: vec![participant],
            ..conversation
        };
        self.state().conversations.insert(id, conversation);
    }

    /// All customers are known as this one.
    pub fn know(&self, contact: Contact) {
        self.state().contact = Some(contact);
    }

    /// The queues allow these libraries only.
    pub fn allow(&self, libraries: &[String]) {
        self.state().allowed = Some(libraries.to_vec());
    }

    /// Nobody answers from now on.
    pub fn go_away(&self) {
        self.state().is_away = true;
    }

    pub fn upstream(&self) -> InProcess {
        let fake = self.clone();
        InProcess::new(tower::service_fn(move |request: http::Request<Body>| {
            let fake = fake.clone();
            async move {
                assert_eq!(
                    request.uri().path(),
                    "/onqueue.session.v1.ContentFactsService/GetConversationFacts"
                );
                let mut grpc = tonic::server::Grpc::new(ProstCodec::<
                    GetConversationFactsResponse,
                    GetConversationFactsRequest,
                >::new());
                Ok::<_, Status>(grpc.unary(fake, request).await)
            }
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics with it")
    }

    fn answer(&self, request: &Request<GetConversationFactsRequest>) -> Result<GetConversationFactsResponse, Fault> {
        let state = self.state();
        if state.is_away {
            return Err(Fault::unavailable("gone"));
        }
        let headers = request.metadata().clone().into_headers();
        let token = bearer(&headers)?.ok_or_else(|| Fault::new(Reason::TokenInvalid, "nobody"))?;
        let caller = self.context.trust.verify(token, self.context.clock.now())?;
        let own = caller.user().map(|user| user.to_string()).unwrap_or_default();
        let found = state.conversations.get(&request.get_ref().conversation_id).cloned();
        let seen = found.filter(|found| found.participants.iter().any(|participant| participant.user_id == own));
        let unknown = || Fault::new(Reason::ConversationNotFound, "there is no conversation of this id");
        let conversation = Some(seen.ok_or_else(unknown)?);
        let library_use = match state.allowed.as_deref() {
            None => ResponseLibraryUse::Unspecified,
            Some([]) => ResponseLibraryUse::None,
            Some(_) => ResponseLibraryUse::Chosen,
        };
        Ok(GetConversationFactsResponse {
            conversation,
            contact: state.contact.clone(),
            library_use: library_use.into(),
            library_ids: state.allowed.clone().unwrap_or_default(),
            ..GetConversationFactsResponse::default()
        })
    }
}

impl UnaryService<GetConversationFactsRequest> for FakeSession {
    type Response = GetConversationFactsResponse;
    type Future = Ready<Result<Response<GetConversationFactsResponse>, Status>>;

    fn call(&mut self, request: Request<GetConversationFactsRequest>) -> Self::Future {
        ready(self.answer(&request).map(Response::new).map_err(status))
    }
}
