//! Steps, and what is expected of each, as text.

use onqueue_acd::{AgentProfile, Command, Effect, Engine, Membership, QueueConfig, Requirements, Utilization};
use onqueue_model::{GroupId, Id, InteractionId, Language, OfferId, QueueId, SkillId, Timestamp, UserId};
use std::collections::BTreeMap;
use uuid::Uuid;

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const DAY: i64 = 1_440 * MINUTE;
pub const START: i64 = 1_000 * DAY;

pub fn id<T>(kind: u64, number: u64) -> Id<T> {
    Id::new(Uuid::from_u64_pair(kind, number))
}

pub fn agent(name: char) -> UserId {
    id(1, u64::from(u32::from(name)))
}

pub fn name(agent: UserId) -> char {
    let (_, number) = agent.uuid().as_u64_pair();
    u32::try_from(number)
        .ok()
        .and_then(char::from_u32)
        .expect("made by agent()")
}

pub fn queue(number: u64) -> QueueId {
    id(2, number)
}

pub fn chat(number: u64) -> InteractionId {
    InteractionId {
        conversation: id(3, number),
        opening: 1,
    }
}

pub fn number(chat: InteractionId) -> u64 {
    chat.conversation.uuid().as_u64_pair().1
}

pub fn skill(number: u64) -> SkillId {
    id(4, number)
}

pub fn group(number: u64) -> GroupId {
    id(5, number)
}

pub fn language(tag: &str) -> Language {
    Language::parse(tag).expect("a language")
}

/// A queue without a limit, or with one.
pub fn queue_of(number: u64, limit: Option<u32>) -> Command {
    queue_with(number, |queue| queue.limit = limit)
}

/// A queue as usual but for what is said.
pub fn queue_with(number: u64, change: impl FnOnce(&mut QueueConfig)) -> Command {
    let mut queue = QueueConfig::new(queue(number));
    change(&mut queue);
    Command::UpsertQueue { queue }
}

/// A joined member of queues 1 and 2.
pub fn profile(name: char, maximum_chats: u8) -> AgentProfile {
    let joined = Membership::new(true);
    AgentProfile {
        id: agent(name),
        queues: BTreeMap::from([(queue(1), joined.clone()), (queue(2), joined)]),
        skills: BTreeMap::new(),
        languages: BTreeMap::new(),
        utilization: Utilization::with_chats(maximum_chats),
    }
}

/// An agent as usual but for what is said.
pub fn hired(name: char, change: impl FnOnce(&mut AgentProfile)) -> Command {
    let mut agent = profile(name, 1);
    change(&mut agent);
    hire(agent)
}

pub fn hire(agent: AgentProfile) -> Command {
    Command::UpsertAgent { agent }
}

pub fn on(name: char) -> Command {
    Command::GoOnQueue {
        agent: agent(name),
        last_interaction: None,
    }
}

pub fn off(name: char) -> Command {
    Command::GoOffQueue { agent: agent(name) }
}

pub fn enqueue(number: u64) -> Command {
    wanting(number, Requirements::default())
}

pub fn wanting(number: u64, requirements: Requirements) -> Command {
    Command::Enqueue {
        interaction: chat(number),
        queue: queue(1),
        requirements,
    }
}

pub fn urgent(number: u64, priority: i32) -> Command {
    let requirements = Requirements {
        priority,
        ..Requirements::default()
    };
    wanting(number, requirements)
}

/// A chat that asks for what is said.
pub fn asking(number: u64, change: impl FnOnce(&mut Requirements)) -> Command {
    let mut requirements = Requirements::default();
    change(&mut requirements);
    wanting(number, requirements)
}

pub fn ends(name: char, number: u64) -> Command {
    Command::EndWork {
        agent: agent(name),
        interaction: chat(number),
    }
}

pub fn cancel(number: u64) -> Command {
    Command::Cancel {
        interaction: chat(number),
    }
}

/// What is done: a command, or an answer to the last offer of this chat to this agent.
pub enum Do {
    This(Command),
    Accept(char, u64),
    Decline(char, u64),
}
pub use Do::{Accept, Decline, This};

/// Applies each step at its time after the start and compares what comes of it, decisions left out, as text.
pub fn check(steps: Vec<(i64, Do, &str)>) -> Engine {
    let mut engine = Engine::new();
    let mut offers: BTreeMap<(char, u64), OfferId> = BTreeMap::new();
    for (step, (after, what, expected)) in steps.into_iter().enumerate() {
        let offer = |agent, chat| offers.get(&(agent, chat)).copied().unwrap_or(id(9, 9));
        let command = match what {
            This(command) => command,
            Accept(name, chat) => Command::Accept {
                agent: agent(name),
                offer: offer(name, chat),
            },
            Decline(name, chat) => Command::Decline {
                agent: agent(name),
                offer: offer(name, chat),
            },
        };
        let applied = engine.apply(Timestamp(START + after), command.clone());
        let mut said: Vec<String> = applied.effects.iter().filter_map(text).collect();
        said.extend(applied.refusal.map(|refusal| format!("! {refusal:?}")));
        assert_eq!(said.join(", "), expected, "step {step}: {command:?}");
        for effect in applied.effects {
            if let Effect::Offered {
                interaction,
                agent,
                offer,
                ..
            } = effect
            {
                offers.insert((name(agent), number(interaction)), offer);
            }
        }
    }
    engine
}

pub fn text(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Queued { interaction, .. } => format!("{} waits", number(*interaction)),
        Effect::Offered { interaction, agent, .. } => format!("{} to {}", number(*interaction), name(*agent)),
        Effect::Rescinded {
            interaction,
            agent,
            end,
            ..
        } => {
            format!("{} not {}: {end:?}", number(*interaction), name(*agent))
        }
        Effect::Assigned { interaction, agent, .. } => format!("{} has {}", name(*agent), number(*interaction)),
        Effect::AgentStateChanged { agent, state } => format!("{} {state:?}", name(*agent)),
        Effect::SlotFreed { agent, interaction } => format!("{} lost {}", name(*agent), number(*interaction)),
        Effect::Over { interaction } => format!("{} over", number(*interaction)),
        Effect::Rejected { interaction, refusal } => format!("{} rejected: {refusal:?}", number(*interaction)),
        Effect::StageChanged { interaction, stage } => format!("{} at {stage:?}", number(*interaction)),
        Effect::AcwStarted {
            agent,
            interaction,
            ends,
        } => {
            let until = ends
                .map(|ends| format!(" until {}", ends.0 - START))
                .unwrap_or_default();
            format!("{} wraps up {}{until}", name(*agent), number(*interaction))
        }
        Effect::AcwEnded { agent, interaction } => format!("{} wrapped up {}", name(*agent), number(*interaction)),
        Effect::DecisionRecorded { .. } => return None,
    })
}

/// The steps after a queue and agents `a`, `b`, … with room for one chat each, all on queue.
pub fn with_agents(names: &str, steps: Vec<(i64, Do, &'static str)>) -> Engine {
    let mut all = vec![(0, This(queue_of(1, None)), "")];
    all.extend(names.chars().map(|name| (0, This(hire(profile(name, 1))), "")));
    let idle: Vec<String> = names.chars().map(|name| format!("{name} Idle")).collect();
    all.extend(
        names
            .chars()
            .zip(&idle)
            .map(|(name, idle)| (0, This(on(name)), idle.as_str())),
    );
    all.extend(steps);
    check(all)
}
