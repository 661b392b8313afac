//! Turning queues and agents as the engine takes them into what is written.

use super::line::{UpsertAgent, UpsertQueue};
use super::setup::{
    AfterContactWork, Agent, Capacity, Conditional, GroupRule, Member, MethodName, Preferred, PreferredRule, Queue,
    Ring, Room,
};
use super::value::{Decimal, Name, Tag, Whole};
use super::write::Writer;
use crate::{AgentProfile, LastAgentMode, LastAgentRule, Medium, Method, QueueConfig, Utilization};
use onqueue_model::GroupId;
use std::collections::BTreeSet;

impl Writer<'_> {
    pub fn upsert_queue(self, queue: &QueueConfig) -> UpsertQueue {
        let queue = Queue {
            id: Some(self.queue_name(queue.id)),
            ..self.queue(queue)
        };
        UpsertQueue { queue }
    }

    /// Without its id.
    pub fn queue(self, queue: &QueueConfig) -> Queue {
        let by_medium = queue.alerting_by_medium.iter();
        let work = queue.after_contact;
        let plain = Queue {
            id: None,
            evaluation: queue.evaluation,
            method: MethodName::Standard,
            scoring: queue.scoring,
            rings: Vec::new(),
            preferred: None,
            conditional: None,
            last_agent: queue.last_agent.mode,
            hold_seconds: hold(queue.last_agent),
            limit: queue.limit.map(|limit| Whole(limit.into())),
            alerting_timeout_ms: span(queue.alerting_timeout_ms),
            alerting_timeout_ms_by_medium: by_medium.map(|(medium, timeout)| (*medium, span(*timeout))).collect(),
            auto_answer: queue.auto_answer.then_some(true),
            after_contact_work: AfterContactWork {
                mode: work.mode,
                timeout_ms: work.timeout_ms.map(span),
                holds_slot: work.holds_slot,
            },
            service_target: queue.service_target.into(),
        };
        self.with_method(plain, &queue.method)
    }

    fn with_method(self, queue: Queue, method: &Method) -> Queue {
        match method {
            Method::Standard => queue,
            Method::Bullseye { rings } => Queue {
                method: MethodName::Bullseye,
                rings: rings.iter().map(|ring| self.ring(ring)).collect(),
                ..queue
            },
            Method::Preferred {
                rules,
                then_all_preferred,
            } => Queue {
                method: MethodName::Preferred,
                preferred: Some(Preferred {
                    rules: rules.iter().map(preferred_rule).collect(),
                    then_all_preferred: *then_all_preferred,
                }),
                ..queue
            },
            Method::Conditional { rules } => Queue {
                method: MethodName::Conditional,
                conditional: Some(Conditional {
                    rules: rules.iter().map(|rule| self.group_rule(rule)).collect(),
                }),
                ..queue
            },
        }
    }

    fn ring(self, ring: &crate::Ring) -> Ring {
        let skills = ring.skills_to_remove.iter();
        Ring {
            seconds: Decimal(ring.wait_ms),
            skills_to_remove: skills.map(|skill| Name(self.names.skill(*skill))).collect(),
            groups: self.groups(&ring.groups),
        }
    }

    fn group_rule(self, rule: &crate::GroupRule) -> GroupRule {
        GroupRule {
            queue: Some(self.queue_name(rule.queue)),
            metric: rule.metric,
            comparison: rule.comparison,
            value: rule.value,
            groups: self.groups(&rule.groups),
            seconds: Decimal(rule.wait_ms),
        }
    }

    fn groups(self, groups: &BTreeSet<GroupId>) -> Vec<Name> {
        groups.iter().map(|group| Name(self.names.group(*group))).collect()
    }

    pub fn upsert_agent(self, agent: &AgentProfile) -> UpsertAgent {
        let agent = self.agent(agent);
        UpsertAgent { agent }
    }

    pub fn agent(self, agent: &AgentProfile) -> Agent {
        let queues = agent.queues.iter().map(|(queue, membership)| Member {
            id: self.queue_name(*queue),
            ring: Whole(membership.ring.into()),
            joined: membership.joined,
            groups: self.groups(&membership.groups),
        });
        let level = |level: &u16| Decimal((*level).into());
        Agent {
            id: self.user(agent.id),
            queues: queues.collect(),
            skills: agent
                .skills
                .iter()
                .map(|(skill, known)| (Name(self.names.skill(*skill)), level(known)))
                .collect(),
            languages: agent
                .languages
                .iter()
                .map(|(language, known)| (Tag(language.clone()), level(known)))
                .collect(),
            utilization: self.room(&agent.utilization),
        }
    }

    fn room(self, utilization: &Utilization) -> Room {
        let of = |medium| utilization.media.get(&medium).map(capacity);
        let labels = utilization.labels.iter();
        Room {
            call: of(Medium::Call),
            chat: of(Medium::Chat),
            email: of(Medium::Email),
            message: of(Medium::Message),
            callback: of(Medium::Callback),
            labels: labels
                .map(|(label, maximum)| (Name(self.names.label(*label)), Whole((*maximum).into())))
                .collect(),
        }
    }
}

/// What is left out where the last agent does not matter.
fn hold(rule: LastAgentRule) -> Option<super::value::Seconds> {
    (rule.mode != LastAgentMode::Disabled || rule.hold_ms > 0).then_some(Decimal(rule.hold_ms))
}

fn preferred_rule(rule: &crate::PreferredRule) -> PreferredRule {
    PreferredRule {
        threshold: Whole(rule.threshold.into()),
        seconds: Decimal(rule.wait_ms),
    }
}

fn capacity(capacity: &crate::Capacity) -> Capacity {
    Capacity {
        maximum: Some(Whole(capacity.maximum.into())),
        interruptible_by: capacity.interruptible_by.iter().copied().collect(),
    }
}

/// A length of time of the engine's; what a text cannot hold is cut.
fn span<const MIN: i64, const MAX: i64>(millis: u64) -> Whole<MIN, MAX> {
    Whole(i64::try_from(millis).unwrap_or(MAX).clamp(MIN, MAX))
}
