//! Explanations in a large organisation account for everybody. What they cost is measured by `cargo xtask bench routing`.

use super::*;
use crate::store::{Configuration, Details, History, Loaded};
use onqueue_acd::{Command, Engine, Membership, QueueConfig, Requirements, Utilization};
use onqueue_model::{Id, Language};
use std::time::Duration;
use uuid::Uuid;

const AGENTS: u128 = 500;
const WAITING: u128 = 100;
const ROUNDS: u128 = 300;
const SKILLS: u128 = 20;
const QUEUES: u128 = 5;
const NOW: Timestamp = Timestamp(1_000_000);

fn id<T>(number: u128) -> Id<T> {
    Uuid::from_u128(number).into()
}

/// Nobody can take anything: a quarter is off queue, a quarter has not joined, the others know other skills or have no room.
fn engine() -> (Engine, BTreeMap<InteractionId, Details>) {
    let (mut engine, mut details) = (Engine::new(), BTreeMap::new());
    for queue in 1..=QUEUES {
        let queue = QueueConfig::new(id(queue));
        let _ = engine.apply(NOW, Command::UpsertQueue { queue });
    }
    for number in 1..=AGENTS {
        let member = Membership::new(number % 4 != 1);
        let queues = [1, 1 + number % QUEUES].map(|queue| (id(queue), member.clone()));
        let skills = (0..5).map(|step| {
            (
                id((number + step) % SKILLS + 1),
                100 + u16::try_from(number % 400).unwrap_or(0),
            )
        });
        let agent = AgentProfile {
            id: id(number),
            queues: queues.into(),
            skills: skills.collect(),
            languages: Language::parse("de")
                .map(|language| (language, 300))
                .into_iter()
                .collect(),
            utilization: Utilization::with_chats(u8::from(number % 4 == 3)),
        };
        let _ = engine.apply(NOW, Command::UpsertAgent { agent });
        if number % 4 != 0 {
            let (agent, last_interaction) = (id(number), None);
            let _ = engine.apply(
                NOW,
                Command::GoOnQueue {
                    agent,
                    last_interaction,
                },
            );
        }
    }
    for number in 1..=WAITING {
        let interaction = InteractionId {
            conversation: id(number),
            opening: 1,
        };
        let skills = [number % SKILLS + 1, (number + 7) % SKILLS + 1];
        let requirements = Requirements {
            skills: skills.map(|skill| (id(skill), 100)).into(),
            language: Language::parse("de"),
            ..Requirements::default()
        };
        let queue = id(1 + number % QUEUES);
        let enqueue = Command::Enqueue {
            interaction,
            queue,
            requirements,
        };
        let _ = engine.apply(NOW, enqueue);
        details.insert(interaction, Details::default());
    }
    (engine, details)
}

#[test]
fn explanations_account_for_everybody() {
    let (engine, details) = engine();
    let loaded = Loaded {
        history: History::beginning_with(&engine),
        engine,
        position: 1,
        snapshot: 1,
    };
    let gone_after = Duration::from_secs(45);
    let host = Host::new(id(1), loaded, &Configuration::default(), details, NOW, gone_after);
    let explainer = Explainer::new(&host, NOW + Duration::from_secs(60));
    for round in 1..=ROUNDS {
        let conversation = id(round * 31 % WAITING + 1);
        let why = explainer.waiting(conversation).expect("is there");
        if let Stand::Waiting(line) = why.place {
            let counted: u32 = line.reasons.iter().map(|reason| reason.count).sum();
            assert_eq!(counted, line.members, "everybody is accounted for");
        }
        assert!(explainer.agent(conversation, id(round * 17 % AGENTS + 1)).is_some());
    }
}
