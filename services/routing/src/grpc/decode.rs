//! From requests into types that cannot be wrong.

use super::queue_settings::{self, Groups};
use crate::app::NewGroup;
use crate::store::{self, Change, Content, QueueSettings, Roster, Standing};
use onqueue_model::{Fault, Reason, UserId};
use onqueue_proto::routing::v1::{
    Evaluation, MemberSetting, Queue, RoutingMethod, SetMembersRequest, UpdateQueueRequest,
};
use onqueue_server::resource::{Mask, description, division, given, id, name, optional_id};
use std::{collections::BTreeSet, ops::RangeInclusive, sync::Arc};

const LIMITS: RangeInclusive<i32> = 0..=1_000_000;
const MEMBERS: usize = 1_000;

/// What can be changed about a queue.
const FIELDS: [&str; 22] = [
    "name",
    "description",
    "division_id",
    "evaluation",
    "routing_method",
    "limit",
    "alerting_timeout_ms",
    "inactivity_timeout_ms",
    "inactivity_warning_ms",
    "scoring",
    "rings",
    "preferred",
    "group_rules",
    "last_agent",
    "alerting_by_medium",
    "auto_answer",
    "after_contact",
    "service_target",
    "groups",
    "messages",
    "conversation_rules",
    "schedule_group_id",
];

/// A time with bounds, in milliseconds; 0 means what is usual.
struct Time {
    field: &'static str,
    usual: i64,
    bounds: RangeInclusive<i64>,
}

const ALERTING: Time = Time {
    field: "queue.alerting_timeout_ms",
    usual: 30_000,
    bounds: 5_000..=300_000,
};
const INACTIVITY: Time = Time {
    field: "queue.inactivity_timeout_ms",
    usual: 900_000,
    bounds: 60_000..=86_400_000,
};
const WARNING: &str = "queue.inactivity_warning_ms";

/// Who is to be a member, and where they are to stand.
pub fn roster(request: &SetMembersRequest) -> Result<Roster, Fault> {
    let (users, members) = (&request.user_ids, &request.members);
    if users.len() + members.len() > MEMBERS {
        let field = if users.is_empty() { "members" } else { "user_ids" };
        return Err(Fault::field(field, "at most 1,000 users"));
    }
    let users = users.iter().map(|text| id("user_ids", text));
    let numbered = members.iter().enumerate();
    let placed = numbered.map(|(place, member)| standing(&format!("members[{place}]"), member));
    let (users, placed) = (users.collect::<Result<_, _>>()?, placed.collect::<Result<Vec<_>, _>>()?);
    let once: BTreeSet<UserId> = placed.iter().map(|(user, _)| *user).collect();
    match once.len() == placed.len() {
        true => Ok(Roster { users, placed }),
        false => Err(Fault::field("members", "each user at most once")),
    }
}

fn standing(path: &str, member: &MemberSetting) -> Result<(UserId, Standing), Fault> {
    let wrong = |field, problem| Fault::new(Reason::FieldInvalid, problem).with("field", format!("{path}.{field}"));
    let malformed = |field| Fault::new(Reason::IdMalformed, "must be a UUID").with("field", format!("{path}.{field}"));
    let user = member.user_id.parse().map_err(|_| malformed("user_id"))?;
    let ring = match member.ring {
        0 => Some(1),
        ring => u8::try_from(ring).ok().filter(|ring| *ring <= 6),
    };
    if member.group_ids.len() > 50 {
        return Err(wrong("group_ids", "at most 50"));
    }
    let groups = member.group_ids.iter().map(|text| text.parse());
    let groups = groups.collect::<Result<_, _>>();
    let standing = Standing {
        ring: ring.ok_or_else(|| wrong("ring", "must be 1–6, or 0 for 1"))?,
        groups: groups.map_err(|_| malformed("group_ids"))?,
    };
    Ok((user, standing))
}

/// What a queue is to be: the fields that are named, and everything else as it is.
pub fn change(request: &UpdateQueueRequest, new_group: NewGroup) -> Result<Change<Content>, Fault> {
    let mask = Mask::of(request.update_mask.as_ref(), &FIELDS)?;
    let new = given("queue", request.queue.as_ref())?.clone();
    Ok(Arc::new(move |before| {
        let groups = Groups {
            had: &before.settings.groups,
            new: &new_group,
        };
        content(&merged(&mask, new.clone(), super::encode::content(before)), &groups)
    }))
}

fn merged(mask: &Mask, new: Queue, old: Queue) -> Queue {
    let pick = |field, new, old| mask.choose(field, new, old);
    let routed = merged_settings(mask, &new, &old);
    Queue {
        queue_id: new.queue_id,
        name: mask.choose("name", new.name, old.name),
        description: mask.choose("description", new.description, old.description),
        division_id: mask.choose("division_id", new.division_id, old.division_id),
        evaluation: mask.choose("evaluation", new.evaluation, old.evaluation),
        routing_method: mask.choose("routing_method", new.routing_method, old.routing_method),
        limit: mask.choose("limit", new.limit, old.limit),
        alerting_timeout_ms: pick("alerting_timeout_ms", new.alerting_timeout_ms, old.alerting_timeout_ms),
        inactivity_timeout_ms: pick(
            "inactivity_timeout_ms",
            new.inactivity_timeout_ms,
            old.inactivity_timeout_ms,
        ),
        inactivity_warning_ms: pick(
            "inactivity_warning_ms",
            new.inactivity_warning_ms,
            old.inactivity_warning_ms,
        ),
        schedule_group_id: mask.choose("schedule_group_id", new.schedule_group_id, old.schedule_group_id),
        ..routed
    }
}

/// The fields of the settings.
fn merged_settings(mask: &Mask, new: &Queue, old: &Queue) -> Queue {
    let of = |field| if mask.has(field) { new } else { old };
    Queue {
        scoring: of("scoring").scoring,
        rings: of("rings").rings.clone(),
        preferred: of("preferred").preferred.clone(),
        group_rules: of("group_rules").group_rules.clone(),
        last_agent: of("last_agent").last_agent,
        alerting_by_medium: of("alerting_by_medium").alerting_by_medium.clone(),
        auto_answer: of("auto_answer").auto_answer,
        after_contact: of("after_contact").after_contact,
        service_target: of("service_target").service_target,
        groups: of("groups").groups.clone(),
        messages: of("messages").messages.clone(),
        conversation_rules: of("conversation_rules").conversation_rules.clone(),
        ..old.clone()
    }
}

/// What is set about a queue.
pub fn content(queue: &Queue, groups: &Groups<'_>) -> Result<Content, Fault> {
    if !LIMITS.contains(&queue.limit) {
        return Err(Fault::field(
            "queue.limit",
            "must be 0 for no limit, or at most 1,000,000",
        ));
    }
    let inactivity_timeout_ms = time(queue.inactivity_timeout_ms, &INACTIVITY)?;
    let settings = queue_settings::decoded(queue, groups)?;
    Ok(Content {
        evaluation: evaluation(queue.evaluation)?,
        routing_method: routing_method(queue.routing_method, &settings)?,
        name: name("queue.name", &queue.name)?,
        description: description("queue.description", &queue.description)?,
        division: division("queue.division_id", &queue.division_id)?,
        limit: u32::try_from(queue.limit).unwrap_or(0),
        alerting_timeout_ms: time(queue.alerting_timeout_ms, &ALERTING)?,
        inactivity_timeout_ms,
        inactivity_warning_ms: warning(queue.inactivity_warning_ms, inactivity_timeout_ms)?,
        settings,
        schedule_group: optional_id("queue.schedule_group_id", &queue.schedule_group_id)?,
    })
}

fn evaluation(number: i32) -> Result<onqueue_acd::Evaluation, Fault> {
    use onqueue_acd::Evaluation as Kind;
    match Evaluation::try_from(number) {
        Ok(Evaluation::Unspecified | Evaluation::AllSkills) => Ok(Kind::AllSkills),
        Ok(Evaluation::BestSkills) => Ok(Kind::BestSkills),
        Ok(Evaluation::Disregard) => Ok(Kind::Disregard),
        Err(_) => Err(Fault::field("queue.evaluation", "no such evaluation")),
    }
}

/// The method, if what it goes by is set.
fn routing_method(number: i32, settings: &QueueSettings) -> Result<store::RoutingMethod, Fault> {
    use store::RoutingMethod as Kind;
    match RoutingMethod::try_from(number) {
        Ok(RoutingMethod::Unspecified | RoutingMethod::Standard) => Ok(Kind::Standard),
        Ok(RoutingMethod::Bullseye) if settings.rings.is_empty() => {
            Err(Fault::field("queue.rings", "at least one ring for bullseye routing"))
        }
        Ok(RoutingMethod::Bullseye) => Ok(Kind::Bullseye),
        Ok(RoutingMethod::Preferred) => Ok(Kind::Preferred),
        Ok(RoutingMethod::Conditional) if settings.group_rules.is_empty() => Err(Fault::field(
            "queue.group_rules",
            "at least one rule for conditional routing",
        )),
        Ok(RoutingMethod::Conditional) => Ok(Kind::Conditional),
        Err(_) => Err(Fault::field("queue.routing_method", "no such routing method")),
    }
}

fn time(given: i64, time: &Time) -> Result<i64, Fault> {
    let value = if given == 0 { time.usual } else { given };
    if time.bounds.contains(&value) {
        return Ok(value);
    }
    let (least, most) = (time.bounds.start(), time.bounds.end());
    Err(Fault::field(
        time.field,
        format!("must be {least}–{most}, or 0 for {}", time.usual),
    ))
}

/// The usual warning comes a minute before the end, or halfway if there is no minute to spare.
fn warning(given: i64, timeout: i64) -> Result<i64, Fault> {
    match given {
        0 => Ok((timeout / 2).min(60_000)),
        given if (1..timeout).contains(&given) => Ok(given),
        _ => Err(Fault::field(
            WARNING,
            "must be less than inactivity_timeout_ms, or 0 for 60,000",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(queue: &Queue) -> Result<Content, Fault> {
        let new: NewGroup = Arc::new(|| uuid::Uuid::from_u128(1).into());
        super::content(queue, &Groups { had: &[], new: &new })
    }

    fn queue(change: impl FnOnce(&mut Queue)) -> Queue {
        let mut queue = Queue {
            name: " Vertrieb ".to_owned(),
            division_id: "0190a5c8-1111-7abc-8def-0123456789ab".to_owned(),
            ..Queue::default()
        };
        change(&mut queue);
        queue
    }

    #[test]
    fn what_is_left_out_is_as_usual() {
        let usual = content(&queue(|_| {})).expect("good");
        assert_eq!(
            (usual.name.as_str(), usual.limit, usual.alerting_timeout_ms),
            ("Vertrieb", 0, 30_000)
        );
        assert_eq!(
            (usual.inactivity_timeout_ms, usual.inactivity_warning_ms),
            (900_000, 60_000)
        );
        let short = content(&queue(|q| q.inactivity_timeout_ms = 60_000)).expect("good");
        assert_eq!(short.inactivity_warning_ms, 30_000);
    }

    #[test]
    fn what_is_wrong_is_named() {
        type Change = fn(&mut Queue);
        let wrong: [(Change, &str); 12] = [
            (|q| q.name = "  ".to_owned(), "queue.name"),
            (|q| q.name = "ä".repeat(101), "queue.name"),
            (|q| q.name = "a\nb".to_owned(), "queue.name"),
            (|q| q.division_id = "x".to_owned(), "queue.division_id"),
            (|q| q.limit = -1, "queue.limit"),
            (|q| q.evaluation = 9, "queue.evaluation"),
            (|q| q.routing_method = 9, "queue.routing_method"),
            (|q| q.routing_method = 2, "queue.rings"),
            (|q| q.routing_method = 4, "queue.group_rules"),
            (|q| q.alerting_timeout_ms = 4_999, "queue.alerting_timeout_ms"),
            (|q| q.inactivity_timeout_ms = 86_400_001, "queue.inactivity_timeout_ms"),
            (|q| q.inactivity_warning_ms = 900_000, "queue.inactivity_warning_ms"),
        ];
        for (change, field) in wrong {
            let fault = content(&queue(change)).expect_err(field);
            assert_eq!(fault.metadata, [("field", field.to_owned())]);
        }
        assert!(content(&queue(|q| q.name = "ä".repeat(100))).is_ok());
    }
}
