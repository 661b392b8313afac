//! From what is set into answers.

use crate::store::{Group, Message, Preferred, QueueGroupRule, QueueSettings};
use onqueue_acd::{
    AfterContact, AfterContactMode, Comparison, LastAgentMode, LastAgentRule, Metric, Ring, Scoring, ServiceTarget,
    waiting::When,
};
use onqueue_proto::routing::v1::{self as proto, in_queue_message};

/// The fields of a queue that settings are.
pub fn encoded(settings: &QueueSettings) -> proto::Queue {
    let scoring = match settings.scoring {
        Scoring::TimestampAndPriority => proto::Scoring::TimestampAndPriority,
        Scoring::PriorityOnly => proto::Scoring::PriorityOnly,
    };
    let alerting = settings.alerting_by_medium.iter();
    let alerting = alerting.map(|(medium, time)| proto::MediumAlerting {
        medium: crate::grpc::utilization::encoded_medium(*medium).into(),
        timeout_ms: number(*time),
    });
    proto::Queue {
        scoring: scoring.into(),
        rings: settings.rings.iter().map(ring).collect(),
        preferred: Some(preferred(&settings.preferred)),
        group_rules: settings.group_rules.iter().map(group_rule).collect(),
        last_agent: Some(last_agent(settings.last_agent)),
        alerting_by_medium: alerting.collect(),
        auto_answer: settings.auto_answer,
        after_contact: Some(after_contact(settings.after_contact)),
        service_target: Some(service_target(settings.service_target)),
        groups: settings.groups.iter().map(group).collect(),
        messages: settings.messages.iter().map(message).collect(),
        conversation_rules: Some(super::rules::encoded(&settings.conversation_rules)),
        ..proto::Queue::default()
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn texts<T: ToString>(ids: impl IntoIterator<Item = T>) -> Vec<String> {
    ids.into_iter().map(|id| id.to_string()).collect()
}

fn ring(ring: &Ring) -> proto::Ring {
    proto::Ring {
        wait_ms: number(ring.wait_ms),
        skills_to_remove: texts(&ring.skills_to_remove),
        group_ids: texts(&ring.groups),
    }
}

fn preferred(preferred: &Preferred) -> proto::PreferredAgents {
    let rules = preferred.rules.iter().map(|rule| proto::PreferredRule {
        threshold: i32::from(rule.threshold),
        wait_ms: number(rule.wait_ms),
    });
    proto::PreferredAgents {
        rules: rules.collect(),
        then_all_preferred: preferred.then_all_preferred,
    }
}

fn group_rule(rule: &QueueGroupRule) -> proto::GroupRule {
    let metric = match rule.metric {
        Metric::EstimatedWait => proto::RuleMetric::EstimatedWait,
        Metric::ServiceLevel => proto::RuleMetric::ServiceLevel,
    };
    let comparison = match rule.comparison {
        Comparison::Greater => proto::RuleComparison::Greater,
        Comparison::AtLeast => proto::RuleComparison::AtLeast,
        Comparison::Less => proto::RuleComparison::Less,
        Comparison::AtMost => proto::RuleComparison::AtMost,
    };
    proto::GroupRule {
        queue_id: rule.queue.map(|queue| queue.to_string()).unwrap_or_default(),
        metric: metric.into(),
        comparison: comparison.into(),
        value: number(rule.value),
        group_ids: texts(&rule.groups),
        wait_ms: number(rule.wait_ms),
    }
}

fn last_agent(rule: LastAgentRule) -> proto::LastAgent {
    let mode = match rule.mode {
        LastAgentMode::Disabled => proto::LastAgentMode::Disabled,
        LastAgentMode::QueueMembersOnly => proto::LastAgentMode::QueueMembersOnly,
        LastAgentMode::AnyAgent => proto::LastAgentMode::AnyAgent,
    };
    proto::LastAgent {
        mode: mode.into(),
        hold_ms: number(rule.hold_ms),
    }
}

fn after_contact(work: AfterContact) -> proto::AfterContact {
    let mode = match work.mode {
        AfterContactMode::Optional => proto::AfterContactMode::Optional,
        AfterContactMode::Mandatory => proto::AfterContactMode::Mandatory,
        AfterContactMode::MandatoryTimeout => proto::AfterContactMode::MandatoryTimeout,
        AfterContactMode::MandatoryForced => proto::AfterContactMode::MandatoryForced,
        AfterContactMode::AgentRequested => proto::AfterContactMode::AgentRequested,
    };
    proto::AfterContact {
        mode: mode.into(),
        timeout_ms: number(work.timeout_ms.unwrap_or(0)),
        holds_slot: work.holds_slot,
    }
}

fn service_target(target: ServiceTarget) -> proto::ServiceTarget {
    proto::ServiceTarget {
        within_ms: number(target.within_ms),
        short_abandon_ms: number(target.short_abandon_ms),
    }
}

fn group(group: &Group) -> proto::MemberGroup {
    proto::MemberGroup {
        group_id: group.id.to_string(),
        name: group.name.clone(),
    }
}

fn message(message: &Message) -> proto::InQueueMessage {
    use in_queue_message::When as Given;
    let when = match message.when {
        When::AfterMs(time) => Given::AfterMs(number(time)),
        When::EveryMs(time) => Given::EveryMs(number(time)),
        When::PositionAtMost(most) => Given::PositionAtMost(i32::try_from(most).unwrap_or(i32::MAX)),
    };
    let said = message.texts.iter().map(|(language, text)| proto::MessageText {
        language: language.to_string(),
        text: text.clone(),
    });
    proto::InQueueMessage {
        when: Some(when),
        texts: said.collect(),
    }
}
