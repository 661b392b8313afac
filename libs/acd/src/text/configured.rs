//! Turning queues and agents as they are written into what the engine takes.

use super::problem::Problem;
use super::reader::{Reader, at_most, once};
use super::setup::{Agent, Capacity, GroupRule, Member, MethodName, Preferred, Queue, Ring, Room};
use super::value::{Decimal, Name, Whole};
use crate::{
    AfterContact, AgentProfile, Command, LastAgentMode, LastAgentRule, Medium, Membership, Method, QueueConfig,
    Utilization,
};
use onqueue_model::{GroupId, QueueId};
use std::collections::BTreeSet;

type Read<T> = Result<T, Problem>;

/// The most rings, or rules of preferred agents.
const STEPS: usize = 6;

/// The most rules of conditional groups.
const GROUP_RULES: usize = 5;

/// The most skills that leaving one ring removes.
const SKILLS_TO_REMOVE: usize = 50;

/// How long the last agent has an interaction to themselves where nothing is said, in milliseconds.
const USUAL_HOLD: u64 = 30_000;

impl Reader<'_> {
    pub fn upsert_queue(&mut self, queue: &Queue) -> Read<Command> {
        let missing = || Problem::of("", "`id` is missing: add it");
        let name = queue.id.as_ref().ok_or_else(missing)?;
        let queue = self.queue(name, queue)?;
        Ok(Command::UpsertQueue { queue })
    }

    pub fn queue(&mut self, name: &Name, queue: &Queue) -> Read<QueueConfig> {
        let id = self.names.queues.of(name);
        let by_medium = queue.alerting_timeout_ms_by_medium.0.iter();
        Ok(QueueConfig {
            id,
            evaluation: queue.evaluation,
            scoring: queue.scoring,
            method: self.method(id, queue)?,
            last_agent: last_agent(queue),
            limit: queue.limit.map(Whole::to),
            alerting_timeout_ms: queue.alerting_timeout_ms.to(),
            alerting_by_medium: by_medium.map(|(medium, span)| (*medium, span.to())).collect(),
            auto_answer: queue.auto_answer.unwrap_or(self.auto_accept),
            after_contact: AfterContact {
                mode: queue.after_contact_work.mode,
                timeout_ms: queue.after_contact_work.timeout_ms.map(Whole::to),
                holds_slot: queue.after_contact_work.holds_slot,
            },
            service_target: (&queue.service_target).into(),
        })
    }

    fn method(&mut self, id: QueueId, queue: &Queue) -> Read<Method> {
        let preferred = queue.preferred.as_ref();
        let conditional = queue.conditional.as_ref();
        belongs("rings", !queue.rings.is_empty(), MethodName::Bullseye, queue)?;
        belongs("preferred", preferred.is_some(), MethodName::Preferred, queue)?;
        belongs("conditional", conditional.is_some(), MethodName::Conditional, queue)?;
        match queue.method {
            MethodName::Standard => Ok(Method::Standard),
            MethodName::Bullseye => self.rings(&queue.rings).map(|rings| Method::Bullseye { rings }),
            MethodName::Preferred => {
                preferred.map_or_else(|| preferred_agents(&Preferred::default()), preferred_agents)
            }
            MethodName::Conditional => {
                let rules = conditional.map_or([].as_slice(), |conditional| &conditional.rules);
                self.group_rules(id, rules).map(|rules| Method::Conditional { rules })
            }
        }
    }

    fn rings(&mut self, rings: &[Ring]) -> Read<Vec<crate::Ring>> {
        at_most(STEPS, rings, "rings")?;
        let rings = rings.iter().enumerate().map(|(place, ring)| {
            let removed = at_most(SKILLS_TO_REMOVE, &ring.skills_to_remove, "skills_to_remove");
            removed.map_err(|problem| problem.within(format_args!("rings[{place}]")))?;
            Ok(crate::Ring {
                wait_ms: ring.seconds.0,
                skills_to_remove: ring
                    .skills_to_remove
                    .iter()
                    .map(|skill| self.names.skills.of(skill))
                    .collect(),
                groups: self.groups(&ring.groups),
            })
        });
        rings.collect()
    }

    fn group_rules(&mut self, own: QueueId, rules: &[GroupRule]) -> Read<Vec<crate::GroupRule>> {
        at_most(GROUP_RULES, rules, "conditional.rules")?;
        let rules = rules.iter().map(|rule| crate::GroupRule {
            queue: rule.queue.as_ref().map_or(own, |queue| self.names.queues.of(queue)),
            metric: rule.metric,
            comparison: rule.comparison,
            value: rule.value,
            groups: self.groups(&rule.groups),
            wait_ms: rule.seconds.0,
        });
        Ok(rules.collect())
    }

    fn groups(&mut self, groups: &[Name]) -> BTreeSet<GroupId> {
        groups.iter().map(|group| self.names.groups.of(group)).collect()
    }

    pub fn agent(&mut self, agent: &Agent) -> Read<AgentProfile> {
        once(&agent.queues, |member| &member.id).map_err(|problem| problem.within("queues"))?;
        Ok(AgentProfile {
            id: self.names.agents.of(&agent.id),
            queues: agent.queues.iter().map(|member| self.member(member)).collect(),
            skills: agent
                .skills
                .0
                .iter()
                .map(|(skill, level)| (self.names.skills.of(skill), level.to()))
                .collect(),
            languages: agent
                .languages
                .0
                .iter()
                .map(|(tag, level)| (tag.0.clone(), level.to()))
                .collect(),
            utilization: self.utilization(&agent.utilization),
        })
    }

    fn member(&mut self, member: &Member) -> (QueueId, Membership) {
        let membership = Membership {
            joined: member.joined,
            ring: member.ring.to(),
            groups: self.groups(&member.groups),
        };
        (self.names.queues.of(&member.id), membership)
    }

    fn utilization(&mut self, room: &Room) -> Utilization {
        let media = Medium::ALL
            .iter()
            .filter_map(|medium| Some((*medium, capacity(*medium, room.of(*medium)?))));
        let labels = room.labels.0.iter();
        Utilization {
            media: media.collect(),
            labels: labels
                .map(|(label, maximum)| (self.names.labels.of(label), maximum.to()))
                .collect(),
        }
    }
}

/// Refuses what belongs to a method that the queue does not have.
fn belongs(field: &str, present: bool, method: MethodName, queue: &Queue) -> Read<()> {
    if !present || queue.method == method {
        return Ok(());
    }
    let method = match method {
        MethodName::Standard => "standard",
        MethodName::Bullseye => "bullseye",
        MethodName::Preferred => "preferred",
        MethodName::Conditional => "conditional",
    };
    Err(Problem::of(
        field,
        format!("it belongs to another method: say \"method\":\"{method}\", or remove it"),
    ))
}

fn last_agent(queue: &Queue) -> LastAgentRule {
    let usual = match queue.last_agent {
        LastAgentMode::Disabled => 0,
        LastAgentMode::QueueMembersOnly | LastAgentMode::AnyAgent => USUAL_HOLD,
    };
    LastAgentRule {
        mode: queue.last_agent,
        hold_ms: queue.hold_seconds.map_or(usual, |Decimal(hold)| hold),
    }
}

fn preferred_agents(preferred: &Preferred) -> Read<Method> {
    at_most(STEPS, &preferred.rules, "preferred.rules")?;
    let rules = preferred.rules.iter().map(|rule| crate::PreferredRule {
        threshold: rule.threshold.to(),
        wait_ms: rule.seconds.0,
    });
    Ok(Method::Preferred {
        rules: rules.collect(),
        then_all_preferred: preferred.then_all_preferred,
    })
}

fn capacity(medium: Medium, written: &Capacity) -> crate::Capacity {
    crate::Capacity {
        maximum: written.maximum.map_or(medium.usual_maximum(), Whole::to),
        interruptible_by: written.interruptible_by.iter().copied().collect(),
    }
}
