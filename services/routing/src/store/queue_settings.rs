//! How a queue routes, as it is stored: everything that can be set, whatever the method, so that nothing is lost when another
//! method is tried.

use super::ConversationRules;
use onqueue_acd::{
    AfterContact, Comparison, GroupRule, LastAgentRule, Medium, Method, Metric, PreferredRule, QueueConfig, Ring,
    Scoring, ServiceTarget, waiting::When,
};
use onqueue_model::{GroupId, Language, QueueId, SkillId};
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The field that names where silent conversations go.
const INACTIVITY_TRANSFER: &str = "queue.conversation_rules.inactivity_transfer_queue_id";

/// How a queue widens its search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoutingMethod {
    /// All members at once.
    #[default]
    Standard,
    /// By the rings.
    Bullseye,
    /// By the rules for preferred agents.
    Preferred,
    /// By the group rules.
    Conditional,
}

/// What is set beside a queue's name, division, limit and times; each part is called as its field in the protos.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(default)]
pub struct QueueSettings {
    /// In what order it serves.
    pub scoring: Scoring,
    /// From the inside out.
    pub rings: Vec<Ring>,
    /// For conversations that prefer agents.
    pub preferred: Preferred,
    /// By figures of queues.
    pub group_rules: Vec<QueueGroupRule>,
    /// Whether whom the customer had last comes first.
    pub last_agent: LastAgentRule,
    /// How long offers of single media alert, in milliseconds.
    pub alerting_by_medium: BTreeMap<Medium, u64>,
    /// Whether offers are accepted at once.
    pub auto_answer: bool,
    /// What follows a conversation.
    pub after_contact: AfterContact,
    /// What its service level is measured by.
    pub service_target: ServiceTarget,
    /// Groups of members.
    pub groups: Vec<Group>,
    /// What those who wait are told.
    pub messages: Vec<Message>,
    /// What holds for its conversations once they are there.
    pub conversation_rules: ConversationRules,
}

/// Rules for preferred agents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferred {
    /// One after the other.
    pub rules: Vec<PreferredRule>,
    /// Whether all preferred agents come before the others afterwards.
    pub then_all_preferred: bool,
}

/// A group rule. Its queue may be the queue itself, also before that has an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueGroupRule {
    /// `None` is the queue itself.
    pub queue: Option<QueueId>,
    /// Which metric.
    pub metric: Metric,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub value: u64,
    /// Who is open if it is true.
    pub groups: BTreeSet<GroupId>,
    /// How long until the next, in milliseconds.
    pub wait_ms: u64,
}

/// A group of a queue's members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Which.
    pub id: GroupId,
    /// Unique in the queue without regard to case.
    pub name: String,
}

/// What is told to those who wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// When it is due.
    pub when: When,
    /// The first is for whoever speaks none of the languages.
    pub texts: Vec<(Language, String)>,
}

impl QueueSettings {
    /// As the engine needs it, for the queue of that configuration.
    pub(super) fn configure(&self, method: RoutingMethod, config: &QueueConfig) -> QueueConfig {
        QueueConfig {
            scoring: self.scoring,
            method: self.method(method, config.id),
            last_agent: self.last_agent,
            alerting_by_medium: self.alerting_by_medium.clone(),
            auto_answer: self.auto_answer,
            after_contact: self.after_contact,
            service_target: self.service_target,
            ..config.clone()
        }
    }

    fn method(&self, method: RoutingMethod, queue: QueueId) -> Method {
        match method {
            RoutingMethod::Standard => Method::Standard,
            RoutingMethod::Bullseye => Method::Bullseye {
                rings: self.rings.clone(),
            },
            RoutingMethod::Preferred => Method::Preferred {
                rules: self.preferred.rules.clone(),
                then_all_preferred: self.preferred.then_all_preferred,
            },
            RoutingMethod::Conditional => Method::Conditional {
                rules: self.group_rules.iter().map(|rule| rule.of(queue)).collect(),
            },
        }
    }

    /// The groups that members may belong to.
    pub(super) fn group_ids(&self) -> BTreeSet<GroupId> {
        self.groups.iter().map(|group| group.id).collect()
    }

    /// Skills that are named, each with the field that names it.
    pub(super) fn skills(&self) -> Vec<(String, SkillId)> {
        let rings = self.rings.iter().enumerate();
        let named = rings.flat_map(|(place, ring)| {
            let field = format!("queue.rings[{place}].skills_to_remove");
            ring.skills_to_remove.iter().map(move |skill| (field.clone(), *skill))
        });
        named.collect()
    }

    /// Other queues that are named, each with the field that names it.
    pub(super) fn queues(&self) -> Vec<(String, QueueId)> {
        let rules = self.group_rules.iter().enumerate();
        let named =
            rules.filter_map(|(place, rule)| Some((format!("queue.group_rules[{place}].queue_id"), rule.queue?)));
        let transfer = self.conversation_rules.inactivity_transfer_queue_id;
        let transfer = transfer.map(|queue| (INACTIVITY_TRANSFER.to_owned(), queue));
        named.chain(transfer).collect()
    }
}

impl QueueGroupRule {
    fn of(&self, queue: QueueId) -> GroupRule {
        GroupRule {
            queue: self.queue.unwrap_or(queue),
            metric: self.metric,
            comparison: self.comparison,
            value: self.value,
            groups: self.groups.clone(),
            wait_ms: self.wait_ms,
        }
    }
}
