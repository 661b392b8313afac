//! What an agent has to do, in the answer.

use super::utilization::encoded_medium;
use crate::app::{AfterContactNow, Burden};
use onqueue_acd::{ExternalWorkView, Medium};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::timestamp;

/// An agent of whom nothing else is said.
pub fn encoded(burden: Burden) -> proto::Agent {
    let labels = burden.labels.iter().map(|(label, (active, most))| proto::LabelLoad {
        label_id: label.to_string(),
        active: count(*active),
        maximum: most.map(i32::from),
    });
    proto::Agent {
        after_contact_work: burden.after_contact.into_iter().map(after_contact).collect(),
        external_work: burden.external.iter().map(external).collect(),
        media: burden.media.iter().map(load).collect(),
        labels: labels.collect(),
        conversation_ids: burden.held.iter().map(ToString::to_string).collect(),
        ..proto::Agent::default()
    }
}

fn after_contact(now: AfterContactNow) -> proto::AfterContactWork {
    let work = now.work;
    proto::AfterContactWork {
        conversation_id: work.interaction.conversation.to_string(),
        queue_id: work.queue.to_string(),
        queue_name: now.queue_name,
        since: Some(timestamp(work.since)),
        ends_at: work.ends.map(timestamp),
        may_end_early: !work.forced,
        mode: now.mode.to_owned(),
        medium: encoded_medium(work.medium).into(),
        holds_slot: work.holds_slot,
    }
}

fn external(work: &ExternalWorkView) -> proto::ExternalWork {
    proto::ExternalWork {
        work_id: work.work.to_string(),
        medium: encoded_medium(work.medium).into(),
        label_ids: work.labels.iter().map(ToString::to_string).collect(),
        since: Some(timestamp(work.since)),
    }
}

fn load((medium, active, most): &(Medium, usize, u8)) -> proto::MediumLoad {
    proto::MediumLoad {
        medium: encoded_medium(*medium).into(),
        active: count(*active),
        maximum: i32::from(*most),
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
