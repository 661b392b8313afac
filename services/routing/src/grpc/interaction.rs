//! InteractionService.

use super::explained::stage;
use super::utilization::{encoded_medium, medium};
use crate::app::{
    Asked, Assignment, InteractionNow, Mark, Order, Reported, Routing, State, Transfer, Which, opening_of as opening,
};
use crate::store::{StoredWrapUp, WrapUpPlace};
use onqueue_acd::{KNOWN, Proficiency};
use onqueue_model::{Fault, LabelId, Language, UserId};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::interaction_service_server::InteractionService;
use onqueue_proto::timestamp;
use onqueue_server::{
    caller,
    resource::{Once, description, given, id, optional_id, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use std::collections::{BTreeMap, BTreeSet};
use tonic::{Request, Response, Status};

/// How many skills an interaction asks for at most.
const SKILLS: usize = 50;

/// How many agents it prefers at most.
const PREFERRED: usize = 20;

/// How many labels work has at most.
const LABELS: usize = 20;

/// The greatest and, negated, the least priority.
const PRIORITY: i32 = 25_000_000;

/// The rpcs.
pub struct Rpcs(pub Routing);

#[tonic::async_trait]
impl InteractionService for Rpcs {
    async fn get_interaction(
        &self,
        request: Request<proto::GetInteractionRequest>,
    ) -> Result<Response<proto::GetInteractionResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let conversation = id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let found = self.0.get_interaction(&caller, conversation).await.map_err(status)?;
        let interaction = Some(encoded(found));
        Ok(Response::new(proto::GetInteractionResponse { interaction }))
    }

    async fn list_interactions(
        &self,
        request: Request<proto::ListInteractionsRequest>,
    ) -> Result<Response<proto::ListInteractionsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token::<Mark>(&asked.page_token).map_err(status)?;
        let which = which(asked).map_err(status)?;
        let page = self.0.list_interactions(&caller, which, after, size).await;
        let page = page.map_err(status)?;
        Ok(Response::new(proto::ListInteractionsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            interactions: page.items.into_iter().map(encoded).collect(),
        }))
    }

    async fn transfer(
        &self,
        request: Request<proto::TransferRequest>,
    ) -> Result<Response<proto::TransferResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let transfer = transfer(request.get_ref()).map_err(status)?;
        let moved = self.0.transfer(&caller, transfer).await.map_err(status)?;
        let interaction = Some(encoded(moved));
        Ok(Response::new(proto::TransferResponse { interaction }))
    }

    async fn cancel_transfer(
        &self,
        request: Request<proto::CancelTransferRequest>,
    ) -> Result<Response<proto::CancelTransferResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let conversation = id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let kept = self.0.cancel_transfer(&caller, conversation).await.map_err(status)?;
        let interaction = Some(encoded(kept));
        Ok(Response::new(proto::CancelTransferResponse { interaction }))
    }

    async fn assign(&self, request: Request<proto::AssignRequest>) -> Result<Response<proto::AssignResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let assignment = Assignment {
            conversation: id("conversation_id", &asked.conversation_id).map_err(status)?,
            agent: id("user_id", &asked.user_id).map_err(status)?,
            forced: asked.forced,
        };
        let assigned = self.0.assign(&caller, assignment).await.map_err(status)?;
        let interaction = Some(encoded(assigned));
        Ok(Response::new(proto::AssignResponse { interaction }))
    }

    async fn take_over(
        &self,
        request: Request<proto::TakeOverRequest>,
    ) -> Result<Response<proto::TakeOverResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let conversation = id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let taken = self.0.take_over(&caller, conversation).await.map_err(status)?;
        let interaction = Some(encoded(taken));
        Ok(Response::new(proto::TakeOverResponse { interaction }))
    }

    async fn pull(&self, request: Request<proto::PullRequest>) -> Result<Response<proto::PullResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let conversation = id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let pulled = self.0.pull(&caller, conversation).await.map_err(status)?;
        let interaction = Some(encoded(pulled));
        Ok(Response::new(proto::PullResponse { interaction }))
    }

    async fn set_priority(
        &self,
        request: Request<proto::SetPriorityRequest>,
    ) -> Result<Response<proto::SetPriorityResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let conversation = id("conversation_id", &asked.conversation_id).map_err(status)?;
        let priority = priority(asked.priority).map_err(status)?;
        let changed = self.0.set_priority(&caller, conversation, priority).await;
        let interaction = Some(encoded(changed.map_err(status)?));
        Ok(Response::new(proto::SetPriorityResponse { interaction }))
    }

    async fn set_requirements(
        &self,
        request: Request<proto::SetRequirementsRequest>,
    ) -> Result<Response<proto::SetRequirementsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let wanted = request.get_ref();
        let conversation = id("conversation_id", &wanted.conversation_id).map_err(status)?;
        let wanted = given("requirements", wanted.requirements.as_ref()).map_err(status)?;
        let asked = asked(wanted).map_err(status)?;
        let changed = self.0.set_requirements(&caller, conversation, asked).await;
        let interaction = Some(encoded(changed.map_err(status)?));
        Ok(Response::new(proto::SetRequirementsResponse { interaction }))
    }

    async fn report_external_work(
        &self,
        request: Request<proto::ReportExternalWorkRequest>,
    ) -> Result<Response<proto::ReportExternalWorkResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let reported = reported(request.get_ref()).map_err(status)?;
        self.0.report_external_work(&caller, reported).await.map_err(status)?;
        Ok(Response::new(proto::ReportExternalWorkResponse {}))
    }

    async fn end_external_work(
        &self,
        request: Request<proto::EndExternalWorkRequest>,
    ) -> Result<Response<proto::EndExternalWorkResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let agent = id("user_id", &asked.user_id).map_err(status)?;
        let work = id("work_id", &asked.work_id).map_err(status)?;
        self.0.end_external_work(&caller, agent, work).await.map_err(status)?;
        Ok(Response::new(proto::EndExternalWorkResponse {}))
    }

    async fn list_wrap_ups(
        &self,
        request: Request<proto::ListWrapUpsRequest>,
    ) -> Result<Response<proto::ListWrapUpsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let conversation = id("conversation_id", &asked.conversation_id).map_err(status)?;
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token::<WrapUpPlace>(&asked.page_token).map_err(status)?;
        let page = self.0.list_wrap_ups(&caller, conversation, after, size).await;
        let page = page.map_err(status)?;
        Ok(Response::new(proto::ListWrapUpsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            wrap_ups: page.items.into_iter().map(encoded_wrap_up).collect(),
        }))
    }
}

fn which(asked: &proto::ListInteractionsRequest) -> Result<Which, Fault> {
    let state = match proto::InteractionState::try_from(asked.state) {
        Ok(proto::InteractionState::Unspecified) => None,
        Ok(proto::InteractionState::Waiting) => Some(State::Waiting),
        Ok(proto::InteractionState::Alerting) => Some(State::Alerting),
        Ok(proto::InteractionState::Held) => Some(State::Held),
        Err(_) => return Err(Fault::field("state", "no such state")),
    };
    let order = match proto::InteractionOrder::try_from(asked.order) {
        Ok(proto::InteractionOrder::Unspecified | proto::InteractionOrder::Id) => Order::Id,
        Ok(proto::InteractionOrder::Rank) => Order::Rank,
        Err(_) => return Err(Fault::field("order", "no such order")),
    };
    Ok(Which {
        queue: optional_id("queue_id", &asked.queue_id)?,
        state,
        order,
    })
}

fn transfer(request: &proto::TransferRequest) -> Result<Transfer, Fault> {
    let body = proto::TransferRequest {
        request_id: String::new(),
        ..request.clone()
    };
    Ok(Transfer {
        once: Once::of(&request.request_id, &body)?,
        conversation: id("conversation_id", &request.conversation_id)?,
        queue: id("queue_id", &request.queue_id)?,
        keep_age: request.keep_age,
        agent: optional_id("user_id", &request.user_id)?,
        asked: request.requirements.as_ref().map(asked).transpose()?,
        attended: request.attended,
        note: description("note", &request.note)?,
        priority: request.priority.map(priority).transpose()?,
    })
}

fn priority(given: i32) -> Result<i32, Fault> {
    match (-PRIORITY..=PRIORITY).contains(&given) {
        true => Ok(given),
        false => Err(Fault::field("priority", "must be −25,000,000 … 25,000,000")),
    }
}

fn asked(given: &proto::InteractionRequirements) -> Result<Asked, Fault> {
    const SKILL: &str = "requirements.skills";
    const AGENT: &str = "requirements.preferred_agents";
    let skills = given.skills.iter().map(|skill| {
        let least = skill.minimum.map_or(Ok(KNOWN), |minimum| minimum_of(SKILL, minimum))?;
        Ok((id(SKILL, &skill.skill_id)?, least))
    });
    let preferred = given.preferred_agents.iter().map(|agent| {
        let score = u8::try_from(agent.score).ok().filter(|score| *score <= 100);
        let score = score.ok_or_else(|| Fault::field(AGENT, "a score is 0–100"))?;
        Ok((id::<_>(AGENT, &agent.user_id)?, score))
    });
    Ok(Asked {
        skills: each_once(SKILL, SKILLS, skills.collect::<Result<_, Fault>>()?)?,
        language: language(&given.language)?,
        preferred: each_once::<UserId, _>(AGENT, PREFERRED, preferred.collect::<Result<_, Fault>>()?)?,
    })
}

fn minimum_of(field: &'static str, minimum: f64) -> Result<Proficiency, Fault> {
    super::skill::proficiency(field, minimum)
}

fn language(tag: &str) -> Result<Option<Language>, Fault> {
    if tag.is_empty() {
        return Ok(None);
    }
    let language = Language::parse(tag);
    let problem = || Fault::field("requirements.language", format!("{tag} is no BCP-47 tag"));
    language.map(Some).ok_or_else(problem)
}

fn each_once<K: Ord, V>(field: &'static str, most: usize, given: Vec<(K, V)>) -> Result<BTreeMap<K, V>, Fault> {
    let number = given.len();
    if number > most {
        return Err(Fault::field(field, format!("at most {most}")));
    }
    let map: BTreeMap<_, _> = given.into_iter().collect();
    match map.len() == number {
        true => Ok(map),
        false => Err(Fault::field(field, "each at most once")),
    }
}

fn reported(asked: &proto::ReportExternalWorkRequest) -> Result<Reported, Fault> {
    if asked.label_ids.len() > LABELS {
        return Err(Fault::field("label_ids", "at most 20"));
    }
    let labels = asked.label_ids.iter().map(|label| id("label_ids", label));
    Ok(Reported {
        agent: id("user_id", &asked.user_id)?,
        work: id("work_id", &asked.work_id)?,
        medium: medium("medium", asked.medium)?,
        labels: labels.collect::<Result<BTreeSet<LabelId>, _>>()?,
    })
}

fn encoded(now: InteractionNow) -> proto::Interaction {
    let (user_id, agent_name) = now
        .agent
        .map(|(user, name)| (user.to_string(), name))
        .unwrap_or_default();
    let skills = now.skills.into_iter().map(|(skill, least, name)| proto::RequiredSkill {
        skill_id: skill.to_string(),
        minimum: Some(f64::from(least) / 100.0),
        name,
    });
    let preferred = now.preferred.into_iter();
    let preferred = preferred.map(|(user, score, name)| proto::PreferredAgent {
        user_id: user.to_string(),
        score: i32::from(score),
        name,
    });
    proto::Interaction {
        conversation_id: now.id.conversation.to_string(),
        opening: i64::from(opening(now.id)),
        queue_id: now.queue.to_string(),
        queue_name: now.queue_name,
        medium: encoded_medium(now.medium).into(),
        state: encoded_state(now.state).into(),
        entered_at: Some(timestamp(now.entered)),
        stage: stage(now.stage),
        priority: now.priority,
        skills: skills.collect(),
        language: now.language.map(|language| language.to_string()).unwrap_or_default(),
        preferred_agents: preferred.collect(),
        user_id,
        agent_name,
        guest_name: now.guest_name,
        topic: now.topic,
        last_agent_user_id: now.last_agent.map(|user| user.to_string()).unwrap_or_default(),
        label_ids: now.labels.iter().map(ToString::to_string).collect(),
        kept_by_user_id: now.kept_by.map(|user| user.to_string()).unwrap_or_default(),
    }
}

const fn encoded_state(state: State) -> proto::InteractionState {
    match state {
        State::Waiting => proto::InteractionState::Waiting,
        State::Alerting => proto::InteractionState::Alerting,
        State::Held => proto::InteractionState::Held,
    }
}

fn encoded_wrap_up(stored: StoredWrapUp) -> proto::WrapUp {
    let code = stored.said.code;
    proto::WrapUp {
        conversation_id: stored.interaction.conversation.to_string(),
        opening: i64::from(opening(stored.interaction)),
        queue_id: stored.queue.to_string(),
        user_id: stored.user.to_string(),
        agent_name: stored.agent_name,
        wrap_up_code_id: code.map(|code| code.to_string()).unwrap_or_default(),
        wrap_up_code_name: stored.code_name,
        notes: stored.said.notes,
        at: Some(timestamp(stored.said.at)),
    }
}
