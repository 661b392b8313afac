//! How a queue routes: from requests into types that cannot be wrong, and back.

mod encode;
mod methods;
mod people;
mod rules;

pub use encode::encoded;

use crate::app::NewGroup;
use crate::store::{Group, QueueSettings};
use onqueue_acd::{AfterContact, AfterContactMode, LastAgentMode, LastAgentRule, Medium, Scoring, ServiceTarget};
use onqueue_model::{Fault, GroupId, Id, Reason};
use onqueue_proto::routing::v1 as proto;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

/// A day, in milliseconds: nobody waits longer for anything that can be set.
const DAY: RangeInclusive<i64> = 0..=86_400_000;
const HOUR: i64 = 3_600_000;

/// How long the last agent has a conversation to themselves where nothing is said.
const USUAL_HOLD_MS: u64 = 30_000;

/// The groups that a queue has, and how it comes by new ones.
pub struct Groups<'a> {
    pub had: &'a [Group],
    pub new: &'a NewGroup,
}

/// What is set. FIELD_INVALID and ID_MALFORMED with the path of the field.
pub fn decoded(queue: &proto::Queue, groups: &Groups<'_>) -> Result<QueueSettings, Fault> {
    let groups = people::groups(&queue.groups, groups)?;
    let known: BTreeSet<GroupId> = groups.iter().map(|group| group.id).collect();
    Ok(QueueSettings {
        scoring: scoring(queue.scoring)?,
        rings: methods::rings(&queue.rings, &known)?,
        preferred: methods::preferred(queue.preferred.as_ref())?,
        group_rules: methods::group_rules(queue, &known)?,
        last_agent: last_agent(queue.last_agent.as_ref())?,
        alerting_by_medium: alerting(&queue.alerting_by_medium)?,
        auto_answer: queue.auto_answer,
        after_contact: after_contact(queue.after_contact.as_ref())?,
        service_target: service_target(queue.service_target.as_ref())?,
        messages: people::messages(&queue.messages)?,
        conversation_rules: rules::decoded(queue.conversation_rules.as_ref())?,
        groups,
    })
}

fn scoring(number: i32) -> Result<Scoring, Fault> {
    Ok(match one_of("queue.scoring", number)? {
        proto::Scoring::Unspecified | proto::Scoring::TimestampAndPriority => Scoring::TimestampAndPriority,
        proto::Scoring::PriorityOnly => Scoring::PriorityOnly,
    })
}

fn last_agent(given: Option<&proto::LastAgent>) -> Result<LastAgentRule, Fault> {
    let Some(given) = given else {
        return Ok(LastAgentRule::default());
    };
    let mode = match one_of("queue.last_agent.mode", given.mode)? {
        proto::LastAgentMode::Unspecified | proto::LastAgentMode::Disabled => LastAgentMode::Disabled,
        proto::LastAgentMode::QueueMembersOnly => LastAgentMode::QueueMembersOnly,
        proto::LastAgentMode::AnyAgent => LastAgentMode::AnyAgent,
    };
    // Without a time nobody would be tried first.
    let hold_ms = match given.hold_ms {
        0 if mode != LastAgentMode::Disabled => USUAL_HOLD_MS,
        given => within("queue.last_agent.hold_ms", given, 0..=HOUR)?,
    };
    Ok(LastAgentRule { mode, hold_ms })
}

fn alerting(given: &[proto::MediumAlerting]) -> Result<BTreeMap<Medium, u64>, Fault> {
    const FIELD: &str = "queue.alerting_by_medium";
    let times = each(FIELD, Medium::ALL.len(), given, |path, alerting| {
        let medium = super::utilization::medium(FIELD, alerting.medium);
        let medium = medium.map_err(|_| wrong(format!("{path}.medium"), "no such medium"))?;
        let time = within(&format!("{path}.timeout_ms"), alerting.timeout_ms, 5_000..=300_000)?;
        Ok((medium, time))
    })?;
    let number = times.len();
    let times: BTreeMap<_, _> = times.into_iter().collect();
    match times.len() == number {
        true => Ok(times),
        false => Err(wrong(FIELD, "each medium at most once")),
    }
}

fn after_contact(given: Option<&proto::AfterContact>) -> Result<AfterContact, Fault> {
    let Some(given) = given else {
        return Ok(AfterContact::default());
    };
    let mode = match one_of("queue.after_contact.mode", given.mode)? {
        proto::AfterContactMode::Unspecified | proto::AfterContactMode::Optional => AfterContactMode::Optional,
        proto::AfterContactMode::Mandatory => AfterContactMode::Mandatory,
        proto::AfterContactMode::MandatoryTimeout => AfterContactMode::MandatoryTimeout,
        proto::AfterContactMode::MandatoryForced => AfterContactMode::MandatoryForced,
        proto::AfterContactMode::AgentRequested => AfterContactMode::AgentRequested,
    };
    let has_to_end = matches!(
        mode,
        AfterContactMode::MandatoryTimeout | AfterContactMode::MandatoryForced
    );
    let timeout_ms = match given.timeout_ms {
        0 => has_to_end.then_some(60_000),
        given => Some(within("queue.after_contact.timeout_ms", given, 1_000..=HOUR)?),
    };
    Ok(AfterContact {
        mode,
        timeout_ms,
        holds_slot: given.holds_slot,
    })
}

fn service_target(given: Option<&proto::ServiceTarget>) -> Result<ServiceTarget, Fault> {
    let usual = ServiceTarget::default();
    let Some(given) = given else { return Ok(usual) };
    let within_ms = match given.within_ms {
        0 => usual.within_ms,
        given => within("queue.service_target.within_ms", given, 1_000..=HOUR)?,
    };
    let short = "queue.service_target.short_abandon_ms";
    Ok(ServiceTarget {
        within_ms,
        short_abandon_ms: within(short, given.short_abandon_ms, 0..=HOUR)?,
    })
}

fn wrong(field: impl std::fmt::Display, problem: impl Into<String>) -> Fault {
    Fault::new(Reason::FieldInvalid, problem).with("field", field)
}

/// A known value of an enum.
fn one_of<E: TryFrom<i32>>(field: &str, number: i32) -> Result<E, Fault> {
    E::try_from(number).map_err(|_| wrong(field, "no such value"))
}

fn within(field: &str, given: i64, bounds: RangeInclusive<i64>) -> Result<u64, Fault> {
    let value = u64::try_from(given).ok().filter(|_| bounds.contains(&given));
    value.ok_or_else(|| wrong(field, format!("must be {}–{}", bounds.start(), bounds.end())))
}

/// Each of a list with its path; not more than that many.
fn each<T, R>(
    field: &str,
    most: usize,
    items: &[T],
    read: impl Fn(&str, &T) -> Result<R, Fault>,
) -> Result<Vec<R>, Fault> {
    if items.len() > most {
        return Err(wrong(field, format!("at most {most}")));
    }
    let numbered = items.iter().enumerate();
    numbered
        .map(|(place, item)| read(&format!("{field}[{place}]"), item))
        .collect()
}

/// An id in a field of that path.
fn id<T>(field: &str, text: &str) -> Result<Id<T>, Fault> {
    text.parse()
        .map_err(|_| Fault::new(Reason::IdMalformed, format!("{field} must be a UUID")).with("field", field))
}

fn ids<T>(field: &str, most: usize, texts: &[String]) -> Result<BTreeSet<Id<T>>, Fault> {
    if texts.len() > most {
        return Err(wrong(field, format!("at most {most}")));
    }
    texts.iter().map(|text| id(field, text)).collect()
}

/// Groups that the queue has.
fn group_ids(field: &str, texts: &[String], known: &BTreeSet<GroupId>) -> Result<BTreeSet<GroupId>, Fault> {
    let groups: BTreeSet<GroupId> = ids(field, 50, texts)?;
    match groups.is_subset(known) {
        true => Ok(groups),
        false => Err(wrong(field, "the queue has no such group")),
    }
}

#[cfg(test)]
mod tests;
