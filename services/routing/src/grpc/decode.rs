//! From requests into types that cannot be wrong.

use crate::store::{Change, Content};
use onqueue_model::{Fault, UserId};
use onqueue_proto::routing::v1::{Evaluation, Queue, RoutingMethod, UpdateQueueRequest};
use onqueue_server::resource::{Mask, description, division, given, id, name, optional_id};
use std::{collections::BTreeSet, ops::RangeInclusive, sync::Arc};

const LIMITS: RangeInclusive<i32> = 0..=1_000_000;
const MEMBERS: usize = 1_000;

/// What can be changed about a queue.
const FIELDS: [&str; 10] = [
    "name",
    "description",
    "division_id",
    "evaluation",
    "routing_method",
    "limit",
    "alerting_timeout_ms",
    "inactivity_timeout_ms",
    "inactivity_warning_ms",
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

pub fn users(ids: &[String]) -> Result<BTreeSet<UserId>, Fault> {
    if ids.len() > MEMBERS {
        return Err(Fault::field("user_ids", "at most 1,000 users"));
    }
    ids.iter().map(|text| id("user_ids", text)).collect()
}

/// What a queue is to be: the fields that are named, and everything else as it is.
pub fn change(request: &UpdateQueueRequest) -> Result<Change<Content>, Fault> {
    let mask = Mask::of(request.update_mask.as_ref(), &FIELDS)?;
    let new = given("queue", request.queue.as_ref())?.clone();
    Ok(Arc::new(move |before| {
        content(&merged(&mask, new.clone(), super::encode::content(before)))
    }))
}

fn merged(mask: &Mask, new: Queue, old: Queue) -> Queue {
    let pick = |field, new, old| mask.choose(field, new, old);
    Queue {
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
        ..old
    }
}

/// What is set about a queue.
pub fn content(queue: &Queue) -> Result<Content, Fault> {
    if Evaluation::try_from(queue.evaluation).is_err() {
        return Err(Fault::field("queue.evaluation", "no such evaluation"));
    }
    if RoutingMethod::try_from(queue.routing_method).is_err() {
        return Err(Fault::field("queue.routing_method", "no such routing method"));
    }
    if !LIMITS.contains(&queue.limit) {
        return Err(Fault::field(
            "queue.limit",
            "must be 0 for no limit, or at most 1,000,000",
        ));
    }
    let inactivity_timeout_ms = time(queue.inactivity_timeout_ms, &INACTIVITY)?;
    Ok(Content {
        name: name("queue.name", &queue.name)?,
        description: description("queue.description", &queue.description)?,
        division: division("queue.division_id", &queue.division_id)?,
        limit: u32::try_from(queue.limit).unwrap_or(0),
        alerting_timeout_ms: time(queue.alerting_timeout_ms, &ALERTING)?,
        inactivity_timeout_ms,
        inactivity_warning_ms: warning(queue.inactivity_warning_ms, inactivity_timeout_ms)?,
        schedule_group: optional_id("queue.schedule_group_id", &queue.schedule_group_id)?,
    })
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
        let content = content(&queue(|_| {})).expect("good");
        assert_eq!(
            (content.name.as_str(), content.limit, content.alerting_timeout_ms),
            ("Vertrieb", 0, 30_000)
        );
        assert_eq!(
            (content.inactivity_timeout_ms, content.inactivity_warning_ms),
            (900_000, 60_000)
        );
        let short = super::content(&queue(|q| q.inactivity_timeout_ms = 60_000)).expect("good");
        assert_eq!(short.inactivity_warning_ms, 30_000);
    }

    #[test]
    fn what_is_wrong_is_named() {
        type Change = fn(&mut Queue);
        let wrong: [(Change, &str); 10] = [
            (|q| q.name = "  ".to_owned(), "queue.name"),
            (|q| q.name = "ä".repeat(101), "queue.name"),
            (|q| q.name = "a\nb".to_owned(), "queue.name"),
            (|q| q.division_id = "x".to_owned(), "queue.division_id"),
            (|q| q.limit = -1, "queue.limit"),
            (|q| q.evaluation = 9, "queue.evaluation"),
            (|q| q.routing_method = 9, "queue.routing_method"),
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
