//! Somebody who changes the configuration, in short.

use crate::world::{Desk, World, id, organisation};
use onqueue_model::{DivisionId, Reason};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::rpc;
use prost::Message as _;
use tonic::Status;

const ADMINISTRATOR: u128 = 0xad;

/// They may everything, in all divisions.
pub fn administrator(world: &World) -> Desk {
    let (tokens, everywhere) = (&world.tokens, DivisionId::ALL);
    tokens.grant(organisation(), id(ADMINISTRATOR), everywhere, &["routing:*:*"]);
    world.user(ADMINISTRATOR, "Adam")
}

/// What was done to the object, as the audit trail has it.
pub async fn audited(world: &World, object: &str) -> Vec<String> {
    let store = &world.temp.store;
    let records = onqueue_store::audit::verify(store.reader(), "routing", organisation());
    let records = records.await.expect("the chain holds").into_iter();
    let of_it = records.filter(|record| record.object == object);
    of_it.map(|record| record.action).collect()
}

/// Why it was refused, and the etag that it should have had.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Option<Reason>, String) {
    let status = answer.expect_err("a refusal");
    let carried = rpc::Status::decode(status.details()).expect("details");
    let info: Option<rpc::ErrorInfo> = rpc::unpack("google.rpc.ErrorInfo", &carried.details);
    let etag = info.and_then(|info| info.metadata.get("etag").cloned());
    (onqueue_client::reason(&status), etag.unwrap_or_default())
}

pub fn mask(fields: &[&str]) -> Option<prost_types::FieldMask> {
    let paths = fields.iter().map(|field| (*field).to_owned()).collect();
    Some(prost_types::FieldMask { paths })
}

pub fn text(number: u128) -> String {
    id::<()>(number).to_string()
}

impl Desk {
    pub async fn create_queue(&self, request: u128, queue: proto::Queue) -> Result<proto::Queue, Status> {
        let request = proto::CreateQueueRequest {
            request_id: text(request),
            queue: Some(proto::Queue {
                queue_id: String::new(),
                ..queue
            }),
        };
        let answer = self.queues().create_queue(self.with(request)).await?;
        Ok(answer.into_inner().queue.expect("a queue"))
    }

    pub async fn queue(&self, number: u128) -> Result<proto::Queue, Status> {
        let queue_id = text(number);
        let request = self.with(proto::GetQueueRequest { queue_id });
        Ok(self
            .queues()
            .get_queue(request)
            .await?
            .into_inner()
            .queue
            .expect("a queue"))
    }

    pub async fn update_queue(&self, queue: &proto::Queue, fields: &[&str]) -> Result<proto::Queue, Status> {
        let request = self.with(proto::UpdateQueueRequest {
            queue: Some(queue.clone()),
            update_mask: mask(fields),
        });
        let answer = self.queues().update_queue(request).await?;
        Ok(answer.into_inner().queue.expect("a queue"))
    }

    pub async fn delete_queue(&self, queue_id: &str, etag: &str) -> Result<(), Status> {
        let request = self.with(proto::DeleteQueueRequest {
            queue_id: queue_id.to_owned(),
            etag: etag.to_owned(),
        });
        self.queues().delete_queue(request).await.map(drop)
    }

    pub async fn set_members(&self, queue: u128, users: &[u128]) -> Result<Vec<proto::Member>, Status> {
        let request = self.with(proto::SetMembersRequest {
            queue_id: text(queue),
            user_ids: users.iter().copied().map(text).collect(),
            ..proto::SetMembersRequest::default()
        });
        Ok(self.queues().set_members(request).await?.into_inner().members)
    }

    pub async fn agent(&self, number: u128) -> Result<proto::Agent, Status> {
        let user_id = text(number);
        let request = self.with(proto::GetAgentRequest { user_id });
        Ok(self
            .agents()
            .get_agent(request)
            .await?
            .into_inner()
            .agent
            .expect("an agent"))
    }

    pub async fn create_skill(&self, request: u128, name: &str) -> Result<proto::Skill, Status> {
        let request = self.with(proto::CreateSkillRequest {
            request_id: text(request),
            skill: Some(proto::Skill {
                name: name.to_owned(),
                ..proto::Skill::default()
            }),
        });
        let answer = self.skills().create_skill(request).await?;
        Ok(answer.into_inner().skill.expect("a skill"))
    }

    pub async fn skill(&self, skill_id: &str) -> Result<proto::Skill, Status> {
        let skill_id = skill_id.to_owned();
        let request = self.with(proto::GetSkillRequest { skill_id });
        Ok(self
            .skills()
            .get_skill(request)
            .await?
            .into_inner()
            .skill
            .expect("a skill"))
    }

    pub async fn update_skill(&self, skill: &proto::Skill, fields: &[&str]) -> Result<proto::Skill, Status> {
        let request = self.with(proto::UpdateSkillRequest {
            skill: Some(skill.clone()),
            update_mask: mask(fields),
        });
        let answer = self.skills().update_skill(request).await?;
        Ok(answer.into_inner().skill.expect("a skill"))
    }

    pub async fn delete_skill(&self, skill: &proto::Skill) -> Result<(), Status> {
        let (skill_id, etag) = (skill.skill_id.clone(), skill.etag.clone());
        let request = self.with(proto::DeleteSkillRequest { skill_id, etag });
        self.skills().delete_skill(request).await.map(drop)
    }

    pub async fn user_skills(&self, user: u128) -> proto::UserSkills {
        let user_id = text(user);
        let request = self.with(proto::GetUserSkillsRequest { user_id });
        let answer = self.skills().get_user_skills(request).await.expect("may");
        answer.into_inner().user_skills.expect("what they know")
    }

    pub async fn set_user_skills(&self, user_skills: proto::UserSkills) -> Result<proto::UserSkills, Status> {
        let user_skills = Some(user_skills);
        let request = self.with(proto::SetUserSkillsRequest { user_skills });
        let answer = self.skills().set_user_skills(request).await?;
        Ok(answer.into_inner().user_skills.expect("what they know"))
    }

    pub async fn usual(&self) -> proto::Utilization {
        let request = self.with(proto::GetUtilizationRequest {});
        let answer = self.utilization().get_utilization(request).await.expect("may");
        answer.into_inner().utilization.expect("a utilization")
    }

    pub async fn set_usual(&self, utilization: proto::Utilization) -> Result<proto::Utilization, Status> {
        let utilization = Some(utilization);
        let request = self.with(proto::UpdateUtilizationRequest { utilization });
        let answer = self.utilization().update_utilization(request).await?;
        Ok(answer.into_inner().utilization.expect("a utilization"))
    }

    pub async fn own(&self, user: u128) -> (proto::Utilization, bool) {
        let user_id = text(user);
        let request = self.with(proto::GetUserUtilizationRequest { user_id });
        let answer = self.utilization().get_user_utilization(request).await.expect("may");
        let answer = answer.into_inner();
        (answer.utilization.expect("a utilization"), answer.own)
    }

    pub async fn set_own(
        &self,
        user: u128,
        utilization: proto::Utilization,
    ) -> Result<(proto::Utilization, bool), Status> {
        let request = self.with(proto::UpdateUserUtilizationRequest {
            user_id: text(user),
            utilization: Some(utilization),
        });
        let answer = self.utilization().update_user_utilization(request).await?.into_inner();
        Ok((answer.utilization.expect("a utilization"), answer.own))
    }
}
