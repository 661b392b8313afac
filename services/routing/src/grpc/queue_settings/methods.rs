//! How a queue widens its search.

use super::{DAY, each, group_ids, id, ids, one_of, within, wrong};
use crate::store::{Preferred, QueueGroupRule};
use onqueue_acd::{Comparison, Metric, PreferredRule, Ring};
use onqueue_model::{Fault, GroupId, QueueId};
use onqueue_proto::routing::v1 as proto;
use std::collections::BTreeSet;

const RINGS: usize = 6;
const PREFERRED_RULES: usize = 6;
const GROUP_RULES: usize = 5;
const SKILLS: usize = 50;

pub(super) fn rings(given: &[proto::Ring], known: &BTreeSet<GroupId>) -> Result<Vec<Ring>, Fault> {
    each("queue.rings", RINGS, given, |path, ring| {
        Ok(Ring {
            wait_ms: within(&format!("{path}.wait_ms"), ring.wait_ms, DAY)?,
            skills_to_remove: ids(&format!("{path}.skills_to_remove"), SKILLS, &ring.skills_to_remove)?,
            groups: group_ids(&format!("{path}.group_ids"), &ring.group_ids, known)?,
        })
    })
}

pub(super) fn preferred(given: Option<&proto::PreferredAgents>) -> Result<Preferred, Fault> {
    let Some(given) = given else {
        return Ok(Preferred::default());
    };
    let rules = each("queue.preferred.rules", PREFERRED_RULES, &given.rules, |path, rule| {
        let threshold = u8::try_from(rule.threshold).ok().filter(|threshold| *threshold <= 100);
        Ok(PreferredRule {
            threshold: threshold.ok_or_else(|| wrong(format!("{path}.threshold"), "must be 0–100"))?,
            wait_ms: within(&format!("{path}.wait_ms"), rule.wait_ms, DAY)?,
        })
    });
    Ok(Preferred {
        rules: rules?,
        then_all_preferred: given.then_all_preferred,
    })
}

pub(super) fn group_rules(queue: &proto::Queue, known: &BTreeSet<GroupId>) -> Result<Vec<QueueGroupRule>, Fault> {
    let rules = each("queue.group_rules", GROUP_RULES, &queue.group_rules, |path, rule| {
        group_rule(path, rule, known, &queue.queue_id)
    })?;
    match rules.first() {
        Some(first) if first.queue.is_some() => Err(wrong(
            "queue.group_rules[0].queue_id",
            "the first rule looks at the queue itself: leave this empty",
        )),
        _ => Ok(rules),
    }
}

fn group_rule(
    path: &str,
    rule: &proto::GroupRule,
    known: &BTreeSet<GroupId>,
    own: &str,
) -> Result<QueueGroupRule, Fault> {
    let queue: Option<QueueId> = match rule.queue_id.as_str() {
        "" => None,
        itself if itself == own => None,
        other => Some(id(&format!("{path}.queue_id"), other)?),
    };
    let metric = metric(&format!("{path}.metric"), rule.metric)?;
    let most = match metric {
        Metric::EstimatedWait => DAY,
        Metric::ServiceLevel => 0..=10_000,
    };
    let groups = group_ids(&format!("{path}.group_ids"), &rule.group_ids, known)?;
    if groups.is_empty() {
        return Err(wrong(format!("{path}.group_ids"), "at least one group"));
    }
    Ok(QueueGroupRule {
        queue,
        metric,
        comparison: comparison(&format!("{path}.comparison"), rule.comparison)?,
        value: within(&format!("{path}.value"), rule.value, most)?,
        groups,
        wait_ms: within(&format!("{path}.wait_ms"), rule.wait_ms, DAY)?,
    })
}

fn metric(field: &str, number: i32) -> Result<Metric, Fault> {
    match one_of(field, number)? {
        proto::RuleMetric::EstimatedWait => Ok(Metric::EstimatedWait),
        proto::RuleMetric::ServiceLevel => Ok(Metric::ServiceLevel),
        proto::RuleMetric::Unspecified => Err(wrong(field, "must be given")),
    }
}

fn comparison(field: &str, number: i32) -> Result<Comparison, Fault> {
    match one_of(field, number)? {
        proto::RuleComparison::Greater => Ok(Comparison::Greater),
        proto::RuleComparison::AtLeast => Ok(Comparison::AtLeast),
        proto::RuleComparison::Less => Ok(Comparison::Less),
        proto::RuleComparison::AtMost => Ok(Comparison::AtMost),
        proto::RuleComparison::Unspecified => Err(wrong(field, "must be given")),
    }
}
