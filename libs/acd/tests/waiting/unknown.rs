//! When there is no estimate, and why.

use crate::world::{id, on_queue};
use onqueue_acd::waiting::{Estimate, Standing, Unknown, Waiting};
use onqueue_acd::{
    AgentProfile, Capacity, Command, Engine, Evaluation, Medium, Membership, Method, PreferredRule, QueueConfig,
    Requirements, Ring, Utilization,
};
use onqueue_model::{InteractionId, Language, QueueId, SkillId, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};

const QUEUE: u64 = 1;
const SKILL: u64 = 1;

fn queue() -> QueueConfig {
    QueueConfig::new(id(2, QUEUE))
}

/// A member who knows the skill and German.
fn member() -> AgentProfile {
    AgentProfile {
        id: id(1, 1),
        queues: BTreeMap::from([(id(2, QUEUE), Membership::new(true))]),
        skills: BTreeMap::from([(id(4, SKILL), 300)]),
        languages: BTreeMap::from([(german(), 300)]),
        utilization: Utilization::default(),
    }
}

fn german() -> Language {
    Language::parse("de").expect("a language")
}

fn asking_for(skill: u64) -> Requirements {
    Requirements {
        skills: BTreeMap::from([(id(4, skill) as SkillId, 100)]),
        ..Requirements::default()
    }
}

/// What somebody is told who waits in the queue with these agents, who have gone on queue or not.
fn told(queue: QueueConfig, agents: Vec<AgentProfile>, on: &[UserId], requirements: Requirements) -> Option<Standing> {
    let mut engine = Engine::new();
    let mut commands = vec![Command::UpsertQueue { queue }];
    commands.extend(agents.into_iter().map(|agent| Command::UpsertAgent { agent }));
    let interaction = InteractionId {
        conversation: id(3, 1),
        opening: 1,
    };
    commands.push(Command::Enqueue {
        interaction,
        queue: id::<_>(2, QUEUE) as QueueId,
        requirements,
    });
    commands.extend(on.iter().map(|agent| on_queue(*agent)));
    for command in commands {
        assert_eq!(engine.apply(Timestamp(1_000), command).refusal, None);
    }
    let learnt = Waiting::default();
    learnt.outlook(&engine).standing(interaction)
}

fn reason(queue: QueueConfig, agents: Vec<AgentProfile>, requirements: Requirements) -> Option<Unknown> {
    match told(queue, agents, &[], requirements)?.estimate {
        Estimate::Unknown(unknown) => Some(unknown),
        Estimate::Wait { .. } => None,
    }
}

#[test]
fn nobody_is_a_member() {
    let stranger = AgentProfile {
        queues: BTreeMap::new(),
        ..member()
    };
    assert_eq!(
        reason(queue(), vec![stranger], Requirements::default()),
        Some(Unknown::NoMember)
    );
}

#[test]
fn nobody_may_have_the_medium() {
    let none = Capacity {
        maximum: 0,
        interruptible_by: BTreeSet::new(),
    };
    let utilization = Utilization {
        media: BTreeMap::from([(Medium::Chat, none)]),
        labels: BTreeMap::new(),
    };
    let agent = AgentProfile {
        utilization,
        ..member()
    };
    assert_eq!(
        reason(queue(), vec![agent.clone()], Requirements::default()),
        Some(Unknown::NoCapacity)
    );
    let email = Requirements {
        medium: Medium::Email,
        ..Requirements::default()
    };
    assert_eq!(reason(queue(), vec![agent], email), Some(Unknown::NobodyServing));
}

#[test]
fn nobody_speaks_the_language() {
    let french = Requirements {
        language: Language::parse("fr"),
        ..Requirements::default()
    };
    assert_eq!(
        reason(queue(), vec![member()], french.clone()),
        Some(Unknown::NoLanguage)
    );
    let austrian = Requirements {
        language: Language::parse("de-AT"),
        ..Requirements::default()
    };
    assert_eq!(reason(queue(), vec![member()], austrian), Some(Unknown::NobodyServing));
    let disregarding = QueueConfig {
        evaluation: Evaluation::Disregard,
        ..queue()
    };
    assert_eq!(
        reason(disregarding, vec![member()], french),
        Some(Unknown::NobodyServing)
    );
}

#[test]
fn nobody_has_the_skill() {
    assert_eq!(reason(queue(), vec![member()], asking_for(2)), Some(Unknown::NoSkills));
    assert_eq!(
        reason(queue(), vec![member()], asking_for(SKILL)),
        Some(Unknown::NobodyServing)
    );
    let asked_for_only = Requirements {
        skills: BTreeMap::from([(id(4, 2) as SkillId, 0)]),
        ..Requirements::default()
    };
    assert_eq!(
        reason(queue(), vec![member()], asked_for_only),
        Some(Unknown::NobodyServing)
    );
}

#[test]
fn a_skill_that_a_ring_drops_is_not_missed_in_the_end() {
    let ring = |skills: BTreeSet<SkillId>| Ring {
        wait_ms: 60_000,
        skills_to_remove: skills,
        groups: BTreeSet::new(),
    };
    let dropped = BTreeSet::from([id(4, 2)]);
    let bullseye = |rings| QueueConfig {
        method: Method::Bullseye { rings },
        ..queue()
    };
    let left = bullseye(vec![ring(dropped.clone()), ring(BTreeSet::new())]);
    assert_eq!(
        reason(left, vec![member()], asking_for(2)),
        Some(Unknown::NobodyServing)
    );
    let last = bullseye(vec![ring(BTreeSet::new()), ring(dropped)]);
    assert_eq!(reason(last, vec![member()], asking_for(2)), Some(Unknown::NoSkills));
}

#[test]
fn a_preferred_agent_needs_no_skill_if_a_rule_opens_them() {
    let preferring = |threshold| QueueConfig {
        method: Method::Preferred {
            rules: vec![PreferredRule {
                threshold,
                wait_ms: 15_000,
            }],
            then_all_preferred: false,
        },
        ..queue()
    };
    let preferred = Requirements {
        preferred: BTreeMap::from([(id(1, 1) as UserId, 50)]),
        ..asking_for(2)
    };
    assert_eq!(
        reason(preferring(50), vec![member()], preferred.clone()),
        Some(Unknown::NobodyServing)
    );
    assert_eq!(
        reason(preferring(51), vec![member()], preferred),
        Some(Unknown::NoSkills)
    );
}

#[test]
fn a_member_who_has_not_joined_might() {
    let away = AgentProfile {
        queues: BTreeMap::from([(id(2, QUEUE), Membership::new(false))]),
        ..member()
    };
    assert_eq!(
        reason(queue(), vec![away], asking_for(SKILL)),
        Some(Unknown::NobodyServing)
    );
}

#[test]
fn nothing_is_known_before_anybody_was_served() {
    let mut busy = member();
    busy.utilization = Utilization::with_chats(1);
    let held = AgentProfile { id: id(1, 2), ..busy };
    let mut engine = Engine::new();
    let answering = QueueConfig {
        auto_answer: true,
        ..queue()
    };
    let enqueue = |number| Command::Enqueue {
        interaction: InteractionId {
            conversation: id(3, number),
            opening: 1,
        },
        queue: id(2, QUEUE),
        requirements: Requirements::default(),
    };
    let commands = [
        Command::UpsertQueue { queue: answering },
        Command::UpsertAgent { agent: held },
        on_queue(id(1, 2)),
        enqueue(1),
        enqueue(2),
    ];
    for command in commands {
        assert_eq!(engine.apply(Timestamp(1_000), command).refusal, None);
    }
    let learnt = Waiting::default();
    let second = InteractionId {
        conversation: id(3, 2),
        opening: 1,
    };
    let standing = learnt.outlook(&engine).standing(second).expect("waits");
    assert_eq!(standing.position, 1);
    assert_eq!(standing.estimate, Estimate::Unknown(Unknown::NoExperience));
}
