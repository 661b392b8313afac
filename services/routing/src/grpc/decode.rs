//! From requests into types that cannot be wrong.

use crate::app::Draft;
use crate::store::Content;
use onqueue_model::{Fault, Id, UserId};
use onqueue_proto::routing::v1::{CreateQueueRequest, Evaluation, Queue, RoutingMethod};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, ops::RangeInclusive};

const PAGE: u64 = 50;
const PAGES: RangeInclusive<i32> = 1..=200;
const NAME: usize = 100;
const DESCRIPTION: usize = 1_000;
const LIMITS: RangeInclusive<i32> = 0..=1_000_000;
const MEMBERS: usize = 1_000;

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

pub fn id<T>(field: &'static str, text: &str) -> Result<Id<T>, Fault> {
    text.parse().map_err(|_| Fault::id(field))
}

pub fn page_size(size: i32) -> Result<u64, Fault> {
    if size == 0 {
        return Ok(PAGE);
    }
    if !PAGES.contains(&size) {
        return Err(Fault::field("page_size", "must be 1–200, or 0 for 50"));
    }
    Ok(u64::try_from(size).unwrap_or(PAGE))
}

pub fn users(ids: &[String]) -> Result<BTreeSet<UserId>, Fault> {
    if ids.len() > MEMBERS {
        return Err(Fault::field("user_ids", "at most 1,000 users"));
    }
    ids.iter().map(|text| id("user_ids", text)).collect()
}

/// A queue to be made.
pub fn draft(request: &CreateQueueRequest) -> Result<Draft, Fault> {
    let queue = request
        .queue
        .as_ref()
        .ok_or_else(|| Fault::field("queue", "must be given"))?;
    Ok(Draft {
        request: id::<()>("request_id", &request.request_id)?.uuid(),
        hash: Sha256::digest(queue.encode_to_vec()).into(),
        content: content(queue)?,
    })
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
    if queue.description.chars().count() > DESCRIPTION {
        return Err(Fault::field("queue.description", "at most 1,000 characters"));
    }
    let inactivity_timeout_ms = time(queue.inactivity_timeout_ms, &INACTIVITY)?;
    Ok(Content {
        name: name(&queue.name)?,
        description: queue.description.clone(),
        division: id("queue.division_id", &queue.division_id)?,
        limit: u32::try_from(queue.limit).unwrap_or(0),
        alerting_timeout_ms: time(queue.alerting_timeout_ms, &ALERTING)?,
        inactivity_timeout_ms,
        inactivity_warning_ms: warning(queue.inactivity_warning_ms, inactivity_timeout_ms)?,
    })
}

fn name(text: &str) -> Result<String, Fault> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > NAME {
        return Err(Fault::field("queue.name", "1–100 characters"));
    }
    if name.chars().any(char::is_control) {
        return Err(Fault::field("queue.name", "no control characters"));
    }
    Ok(name.to_owned())
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
        assert_eq!(page_size(0), Ok(50));
        assert!(page_size(201).is_err() && page_size(-1).is_err());
    }
}
