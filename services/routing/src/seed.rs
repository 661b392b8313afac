//! What the demo begins with.

use crate::app::NewGroup;
use crate::grpc;
use crate::store::{Profile, Queue, Tables};
use onqueue_acd::{AgentProfile, Utilization};
use onqueue_model::{Fault, Language, OrganisationId, QueueId, SkillId, UserId};
use onqueue_proto::routing::v1 as proto;
use onqueue_server::Context;
use onqueue_store::{Store, audit::Actor};
use std::{collections::BTreeMap, sync::Arc};

/// An organisation's queues, skills and agents.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Whose.
    pub organisation: OrganisationId,
    /// Queues, each with its id.
    pub queues: Vec<proto::Queue>,
    /// Skills.
    pub skills: Vec<SeedSkill>,
    /// Users with a routing profile.
    pub agents: Vec<SeedAgent>,
}

/// A skill.
#[derive(Clone, Debug)]
pub struct SeedSkill {
    /// Which.
    pub id: SkillId,
    /// Unique in the organisation.
    pub name: String,
}

/// An agent.
#[derive(Clone, Debug)]
pub struct SeedAgent {
    /// Which user.
    pub id: UserId,
    /// As others see them.
    pub name: String,
    /// Queues of which they are a member. What they have joined or left since stays.
    pub queues: Vec<Membership>,
    /// Proficiency in hundredths.
    pub skills: BTreeMap<SkillId, u16>,
    /// Proficiency in hundredths, by BCP-47 tag.
    pub languages: BTreeMap<String, u16>,
    /// How many chats at once, of their own: 0–25.
    pub maximum_chats: u8,
}

/// An agent's membership.
#[derive(Clone, Copy, Debug)]
pub struct Membership {
    /// Of which queue.
    pub queue: QueueId,
    /// Whether it is active when it is made.
    pub joined: bool,
}

/// Makes queues, skills and agents as given, before the service is bound; what is there already in the same form is left
/// alone. FIELD_INVALID and ID_MALFORMED as CreateQueue answers them.
pub async fn seed(store: &Store, context: &Context, seed: Seed) -> Result<(), Fault> {
    let tables = Tables(store.clone());
    let by = Actor {
        name: "operator".to_owned(),
        at: context.clock.now(),
    };
    let (ids, at) = (context.ids.clone(), by.at);
    let new: NewGroup = Arc::new(move || ids.id(at));
    for queue in seed.queues {
        let id = queue.queue_id.parse().map_err(|_| Fault::id("queue_id"))?;
        let queue = Queue::new(id, grpc::content(&queue, &grpc::Groups { had: &[], new: &new })?, by.at);
        tables.put_queue(seed.organisation, queue, by.clone()).await?;
    }
    for skill in seed.skills {
        let skill = (skill.id, skill.name);
        tables.put_skill(seed.organisation, skill, by.clone()).await?;
    }
    for agent in seed.agents {
        tables.put_agent(seed.organisation, profile(agent)?, by.clone()).await?;
    }
    Ok(())
}

fn profile(agent: SeedAgent) -> Result<Profile, Fault> {
    let queues = agent
        .queues
        .iter()
        .map(|membership| (membership.queue, onqueue_acd::Membership::new(membership.joined)));
    let languages = agent.languages.iter().map(|(tag, level)| {
        let language =
            Language::parse(tag).ok_or_else(|| Fault::field("languages", format!("{tag} is no BCP-47 tag")))?;
        Ok((language, *level))
    });
    Ok(Profile {
        agent: AgentProfile {
            id: agent.id,
            queues: queues.collect(),
            skills: agent.skills,
            languages: languages.collect::<Result<_, Fault>>()?,
            utilization: Utilization::with_chats(agent.maximum_chats),
        },
        name: agent.name,
        revision: 0,
    })
}
