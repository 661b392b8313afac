//! The organisation under load: four queues, forty agents who serve one each, one chat page.

use onqueue::demo::{self, Demo};
use onqueue_model::{Id, UserId};
use onqueue_proto::routing::v1::Queue;
use onqueue_routing::{Membership, SeedAgent};
use onqueue_server::Ids;
use std::collections::BTreeMap;
use uuid::Uuid;

const PASSWORD: &str = "correct horse battery staple";

/// What clients need to know of it.
#[derive(Clone, Debug)]
pub struct Organisation {
    pub slug: String,
    pub deployment: String,
    pub queues: Vec<String>,
    /// Their addresses.
    pub agents: Vec<String>,
    pub password: String,
    pub id: Uuid,
}

/// The demo with other people and queues: `agents` agents over `queues` queues, each with room for `chats` chats.
pub fn organisation(queues: usize, agents: usize, chats: u8) -> (Organisation, Demo) {
    let mut demo = demo::load(&Ids::system()).expect("a good demo");
    let names: Vec<Uuid> = (0..queues)
        .map(|number| Uuid::from_u128(0x1000 + number as u128))
        .collect();
    replace_queues(&mut demo, &names);
    replace_agents(&mut demo, &names, agents, chats);
    let organisation = Organisation {
        slug: demo.auth.organisation.slug.clone(),
        deployment: demo.credentials.deployment.clone(),
        queues: names.iter().map(Uuid::to_string).collect(),
        agents: demo.auth.users.iter().map(|user| user.email.clone()).collect(),
        password: PASSWORD.to_owned(),
        id: demo.auth.organisation.id.uuid(),
    };
    (organisation, demo)
}

fn replace_queues(demo: &mut Demo, names: &[Uuid]) {
    let division = demo.auth.divisions[0].id.to_string();
    let queue = |(number, id): (usize, &Uuid)| Queue {
        queue_id: id.to_string(),
        name: format!("Queue {number}"),
        division_id: division.clone(),
        limit: 1_000,
        ..Queue::default()
    };
    demo.routing.queues = names.iter().enumerate().map(queue).collect();
    demo.routing.skills.clear();
    let page = &mut demo.auth.deployments[0];
    let sample = page.queues[0].clone();
    let shown = names.iter().map(|id| onqueue_auth::seed::DeploymentQueue {
        queue_id: Id::new(*id),
        skill_ids: Vec::new(),
        ..sample.clone()
    });
    page.queues = shown.collect();
}

fn replace_agents(demo: &mut Demo, queues: &[Uuid], count: usize, chats: u8) {
    let (division, sample) = (demo.auth.divisions[0].id, demo.auth.users[0].clone());
    let role = demo
        .auth
        .roles
        .iter()
        .find(|role| role.name == "Agent")
        .expect("a default role")
        .id;
    demo.auth.users.clear();
    demo.auth.grants.clear();
    demo.routing.agents.clear();
    for number in 0..count {
        let user = UserId::new(Uuid::from_u128(0x2000 + number as u128));
        let mut one = sample.clone();
        (one.id, one.email, one.name) = (user, format!("agent{number}@demo.example"), format!("Agent {number}"));
        one.password = Some(PASSWORD.to_owned());
        demo.auth.users.push(one);
        demo.auth
            .grants
            .push(onqueue_auth::seed::Grant { user, role, division });
        demo.routing.agents.push(SeedAgent {
            id: user,
            name: format!("Agent {number}"),
            queues: vec![Membership {
                queue: Id::new(queues[number % queues.len()]),
                joined: true,
            }],
            skills: BTreeMap::new(),
            languages: ["de", "en"].map(|tag| (tag.to_owned(), 500)).into(),
            maximum_chats: chats,
        });
    }
}
