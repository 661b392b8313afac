//! ContentFactsService.

use super::{Api, contact_decode, contact_encode, decode, encode};
use crate::app::{
    access::not_found,
    content_facts::{ConversationFacts, Told},
};
use crate::contact::ScriptOrigin;
use crate::store::{Key, policies::Libraries, script_answers::Answer, script_answers::Outcome};
use onqueue_model::{Category, Fault, Reason};
use onqueue_proto::{
    session::v1::{
        AnswerOutcome, ConfirmForgottenRequest, ConfirmForgottenResponse, ConversationRole, ForgottenConversation,
        GetConversationFactsRequest, GetConversationFactsResponse, ListForgottenRequest, ListForgottenResponse,
        ResponseLibraryUse, WriteScriptAnswerRequest, WriteScriptAnswerResponse,
        content_facts_service_server::ContentFactsService,
    },
    timestamp,
};
use onqueue_server::{optional_caller, resource::given, service_caller, status};
use tonic::{Request, Response, Status};

/// How many conversations are confirmed at once.
const CONFIRMED: usize = 200;

#[tonic::async_trait]
impl ContentFactsService for Api {
    async fn get_conversation_facts(
        &self,
        request: Request<GetConversationFactsRequest>,
    ) -> Result<Response<GetConversationFactsResponse>, Status> {
        service_caller(&request).map_err(status)?;
        let caller = optional_caller(&request).ok_or_else(|| status(not_found()))?;
        let id = decode::id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let facts = self.0.conversation_facts(&caller, id).await.map_err(status)?;
        Ok(Response::new(facts_answer(facts)))
    }

    async fn write_script_answer(
        &self,
        request: Request<WriteScriptAnswerRequest>,
    ) -> Result<Response<WriteScriptAnswerResponse>, Status> {
        service_caller(&request).map_err(status)?;
        let outcome = self.write(request.get_ref()).await.map_err(status)?;
        Ok(Response::new(outcome))
    }

    async fn list_forgotten(
        &self,
        request: Request<ListForgottenRequest>,
    ) -> Result<Response<ListForgottenResponse>, Status> {
        service_caller(&request).map_err(status)?;
        let forgotten = self.0.forgotten().await.map_err(status)?.into_iter();
        let conversations = forgotten.map(|one| ForgottenConversation {
            organisation_id: one.organisation.to_string(),
            conversation_id: one.conversation.to_string(),
            erased_at: Some(timestamp(one.at)),
        });
        Ok(Response::new(ListForgottenResponse {
            conversations: conversations.collect(),
        }))
    }

    async fn confirm_forgotten(
        &self,
        request: Request<ConfirmForgottenRequest>,
    ) -> Result<Response<ConfirmForgottenResponse>, Status> {
        service_caller(&request).map_err(status)?;
        let forgotten = confirmed(request.get_ref()).map_err(status)?;
        self.0.confirm_forgotten(forgotten).await.map_err(status)?;
        Ok(Response::new(ConfirmForgottenResponse {}))
    }
}

impl Api {
    async fn write(&self, asked: &WriteScriptAnswerRequest) -> Result<WriteScriptAnswerResponse, Fault> {
        let (answer, script) = (answer(asked)?, origin(asked)?);
        let user = decode::id("user_id", &asked.user_id)?;
        let said = match contact_decode::said(&asked.contact_field, &asked.value) {
            Ok(said) => said,
            Err(fault) => return refused(fault),
        };
        let told = Told {
            answer,
            user,
            script,
            said,
        };
        match self.0.write_answer(told).await {
            Ok(Outcome::Written) => Ok(outcome(AnswerOutcome::Written, "")),
            Ok(Outcome::NoContact) => Ok(outcome(AnswerOutcome::NoContact, "")),
            Err(fault) => refused(fault),
        }
    }
}

/// What will be refused the next time too is an outcome; the rest is for whoever calls to try again.
fn refused(fault: Fault) -> Result<WriteScriptAnswerResponse, Fault> {
    let is_final = match fault.reason {
        Reason::NotFound => true,
        Reason::RateLimited => false,
        reason => matches!(
            reason.category(),
            Category::Invalid | Category::Denied | Category::Exists | Category::Exhausted
        ),
    };
    match is_final {
        true => Ok(outcome(AnswerOutcome::Refused, fault.reason.as_str())),
        false => Err(fault),
    }
}

fn outcome(outcome: AnswerOutcome, reason: &str) -> WriteScriptAnswerResponse {
    WriteScriptAnswerResponse {
        outcome: outcome.into(),
        reason: reason.to_owned(),
    }
}

fn answer(asked: &WriteScriptAnswerRequest) -> Result<Answer, Fault> {
    let script = given("script", asked.script.as_ref())?;
    if asked.place < 0 || asked.step < 1 {
        return Err(Fault::field("step", "counts from 1, and place from 0"));
    }
    Ok(Answer {
        organisation: decode::id("organisation_id", &asked.organisation_id)?,
        conversation: decode::id("conversation_id", &asked.conversation_id)?,
        run: decode::id("script.run_id", &script.run_id)?,
        step: asked.step,
        place: asked.place,
    })
}

fn origin(asked: &WriteScriptAnswerRequest) -> Result<ScriptOrigin, Fault> {
    let script = given("script", asked.script.as_ref())?;
    Ok(ScriptOrigin {
        script: decode::id("script.script_id", &script.script_id)?,
        name: onqueue_chat::line("script.script_name", &script.script_name, super::facts::NAME)?,
        version: script.version,
        run: decode::id("script.run_id", &script.run_id)?,
    })
}

fn confirmed(asked: &ConfirmForgottenRequest) -> Result<Vec<(Key, u64)>, Fault> {
    if asked.conversations.len() > CONFIRMED {
        return Err(Fault::field("conversations", "at most 200"));
    }
    let each = asked.conversations.iter().map(|one| {
        let key = (
            decode::id("conversations.organisation_id", &one.organisation_id)?,
            decode::id("conversations.conversation_id", &one.conversation_id)?,
        );
        Ok((key, u64::try_from(one.script_answers).unwrap_or(0)))
    });
    each.collect()
}

fn facts_answer(facts: ConversationFacts) -> GetConversationFactsResponse {
    let policy = facts.seen.policy.as_deref();
    let (library_use, library_ids) = libraries(policy.map(|policy| &policy.libraries));
    let definitions: Vec<_> = facts.fields.iter().map(|field| field.definition.clone()).collect();
    let role = match facts.is_agent {
        true => ConversationRole::Agent,
        false => ConversationRole::Supervisor,
    };
    let script = policy.and_then(|policy| policy.script);
    GetConversationFactsResponse {
        conversation: Some(encode::conversation(&facts.seen)),
        role: role.into(),
        script_id: script.map(|script| script.to_string()).unwrap_or_default(),
        library_use: library_use.into(),
        library_ids,
        division_id: policy.map(|policy| policy.division.to_string()).unwrap_or_default(),
        contact: facts
            .contact
            .map(|contact| contact_encode::contact(contact, &definitions)),
        contact_fields: facts.fields.into_iter().map(contact_encode::field).collect(),
    }
}

/// A queue of which session was not told allows none.
fn libraries(allowed: Option<&Libraries>) -> (ResponseLibraryUse, Vec<String>) {
    match allowed {
        Some(Libraries::All) => (ResponseLibraryUse::Unspecified, Vec::new()),
        Some(Libraries::Chosen(ids)) => (
            ResponseLibraryUse::Chosen,
            ids.iter().map(ToString::to_string).collect(),
        ),
        Some(Libraries::None) | None => (ResponseLibraryUse::None, Vec::new()),
    }
}
