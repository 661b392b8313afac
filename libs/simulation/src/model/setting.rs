//! The scenario in the engine's words.

use super::{Pool, agent_id};
use crate::scenario::format::{self, Agents, Arrivals, File, MethodName};
use onqueue_acd::{
    AfterContact, AgentProfile, Capacity, Command, Engine, GroupRule, LastAgentRule, Membership, Method, Metric,
    PreferredRule, Proficiency, QueueConfig, Recording, Requirements, Ring, Settings, Utilization,
};
use onqueue_model::{GroupId, Language, QueueId, SkillId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// An engine that knows the queues and the agents, all of them off queue.
pub(crate) fn engine(file: &File, pools: &[Pool]) -> Engine {
    let mut engine = Engine::new().with_recording(Recording::Off);
    let mut tell = |command| drop(engine.apply(Timestamp(0), command));
    tell(Command::Configure {
        settings: settings(&file.settings),
    });
    for (number, (name, queue)) in file.queues.iter().enumerate() {
        let queue = self::queue(file, number, name, queue);
        tell(Command::UpsertQueue { queue });
    }
    for (pool, agents) in pools.iter().zip(file.agents.values()) {
        for number in pool.agents.clone() {
            let agent = profile(file, number, agents);
            tell(Command::UpsertAgent { agent });
        }
    }
    engine
}

pub(super) fn queue_id(number: usize) -> QueueId {
    QueueId::new(Uuid::from_u128(number as u128 + 1))
}

/// What everybody who comes so asks for.
pub(super) fn requirements(file: &File, arrivals: &Arrivals) -> Requirements {
    Requirements {
        medium: arrivals.medium,
        skills: stars(&arrivals.skills.with_stars(), &skills(file)),
        language: arrivals.language.as_deref().and_then(Language::parse),
        priority: arrivals.priority,
        ..Requirements::default()
    }
}

fn settings(given: &format::Settings) -> Settings {
    Settings {
        top: (given.top_n > 0).then_some(given.top_n),
        language_counts: given.language_counts,
        least_loaded: given.least_loaded,
        idle_from: given.idle_from,
        on_queue_resets_idle: given.on_queue_resets_idle,
        ..Settings::default()
    }
}

/// The milliseconds of that many seconds.
fn millis(seconds: f64) -> u64 {
    (seconds * 1_000.0).round() as u64
}

fn queue(file: &File, number: usize, name: &str, given: &format::Queue) -> QueueConfig {
    QueueConfig {
        evaluation: given.evaluation,
        scoring: given.scoring,
        method: method(file, name, given),
        last_agent: LastAgentRule {
            mode: given.last_agent.mode,
            hold_ms: millis(given.last_agent.hold_seconds),
        },
        limit: given.limit,
        auto_answer: true,
        after_contact: AfterContact {
            mode: given.after_contact.mode,
            timeout_ms: given.after_contact.timeout_seconds.map(millis),
            holds_slot: given.after_contact.holds_slot,
        },
        ..QueueConfig::new(queue_id(number))
    }
}

fn method(file: &File, name: &str, given: &format::Queue) -> Method {
    match given.method {
        MethodName::Standard => Method::Standard,
        MethodName::Bullseye => Method::Bullseye {
            rings: given.rings.iter().map(|given| ring(file, name, given)).collect(),
        },
        MethodName::Preferred => Method::Preferred {
            rules: given.preferred.rules.iter().map(preferred_rule).collect(),
            then_all_preferred: given.preferred.then_all_preferred,
        },
        MethodName::Conditional => Method::Conditional {
            rules: given
                .conditional
                .rules
                .iter()
                .map(|given| group_rule(file, name, given))
                .collect(),
        },
    }
}

fn ring(file: &File, queue: &str, given: &format::Ring) -> Ring {
    let known = skills(file);
    let removed = given.skills_to_remove.iter();
    Ring {
        wait_ms: millis(given.seconds),
        skills_to_remove: removed.filter_map(|skill| known.get(skill.as_str()).copied()).collect(),
        groups: groups(file, queue, &given.groups),
    }
}

fn preferred_rule(given: &format::PreferredRule) -> PreferredRule {
    PreferredRule {
        threshold: given.threshold,
        wait_ms: millis(given.seconds),
    }
}

fn group_rule(file: &File, own: &str, given: &format::GroupRule) -> GroupRule {
    let queue = given.queue.as_deref().unwrap_or(own);
    let value = match given.metric {
        Metric::EstimatedWait => given.value * 1_000.0,
        Metric::ServiceLevel => given.value * 100.0,
    };
    GroupRule {
        queue: queue_id(super::number_of(queue, &file.queues)),
        metric: given.metric,
        comparison: given.comparison,
        value: value.round() as u64,
        groups: groups(file, own, &given.groups),
        wait_ms: millis(given.seconds),
    }
}

fn profile(file: &File, number: u32, agents: &Agents) -> AgentProfile {
    let memberships = agents.queues.places().into_iter().map(|(queue, place)| {
        let groups: Vec<String> = place.groups.into_iter().collect();
        let membership = Membership {
            ring: place.ring,
            groups: self::groups(file, &queue, &groups),
            ..Membership::new(true)
        };
        (queue_id(super::number_of(&queue, &file.queues)), membership)
    });
    let languages = agents.languages.iter();
    AgentProfile {
        id: agent_id(number),
        queues: memberships.collect(),
        skills: stars(&agents.skills, &skills(file)),
        languages: languages
            .filter_map(|(tag, stars)| Some((Language::parse(tag)?, proficiency(*stars))))
            .collect(),
        utilization: utilization(agents),
    }
}

fn utilization(agents: &Agents) -> Utilization {
    let named: BTreeSet<_> = agents
        .at_once
        .keys()
        .chain(agents.interruptible_by.keys())
        .copied()
        .collect();
    let capacity = |medium: onqueue_acd::Medium| Capacity {
        maximum: agents.at_once.get(&medium).copied().unwrap_or(medium.usual_maximum()),
        interruptible_by: agents.interruptible_by.get(&medium).cloned().unwrap_or_default(),
    };
    Utilization {
        media: named.into_iter().map(|medium| (medium, capacity(medium))).collect(),
        ..Utilization::default()
    }
}

/// Every skill that the scenario names, by name.
fn skills(file: &File) -> BTreeMap<&str, SkillId> {
    let asked = file.arrivals.values().flat_map(|arrivals| match &arrivals.skills {
        format::Asked::Names(names) => names.iter().collect::<Vec<_>>(),
        format::Asked::Least(least) => least.keys().collect(),
    });
    let names: BTreeSet<&str> = file
        .agents
        .values()
        .flat_map(|agents| agents.skills.keys())
        .chain(asked)
        .map(String::as_str)
        .collect();
    let numbered = names.into_iter().zip(1_u128..);
    numbered
        .map(|(name, number)| (name, SkillId::new(Uuid::from_u128(number))))
        .collect()
}

fn stars(given: &BTreeMap<String, f64>, skills: &BTreeMap<&str, SkillId>) -> BTreeMap<SkillId, Proficiency> {
    let known = given
        .iter()
        .filter_map(|(skill, stars)| Some((*skills.get(skill.as_str())?, proficiency(*stars))));
    known.collect()
}

/// Hundredths of a star.
fn proficiency(stars: f64) -> Proficiency {
    (stars * 100.0).round() as Proficiency
}

/// A queue's groups by name: every name that its members, rings or rules use.
fn groups(file: &File, queue: &str, names: &[String]) -> BTreeSet<GroupId> {
    let mut known: BTreeSet<String> = file
        .agents
        .values()
        .filter_map(|agents| agents.queues.places().remove(queue))
        .flat_map(|place| place.groups)
        .collect();
    if let Some(queue) = file.queues.get(queue) {
        known.extend(queue.rings.iter().flat_map(|ring| ring.groups.clone()));
        known.extend(queue.conditional.rules.iter().flat_map(|rule| rule.groups.clone()));
    }
    let number = |name: &String| known.iter().position(|there| there == name);
    let ids = names.iter().filter_map(number);
    ids.map(|number| GroupId::new(Uuid::from_u128(number as u128 + 1)))
        .collect()
}
