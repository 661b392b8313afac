//! A queue's policy, from routing's message into types that cannot be wrong.

use super::{decode, facts::NAME};
use crate::store::policies::{Attachments, Libraries, Policy};
use onqueue_chat::{Door, Hours, Inactivity, Silence, Then};
use onqueue_model::{Fault, QueueId};
use onqueue_proto::millis;
use onqueue_proto::session::v1::{
    AttachmentPolicy, InactivityAction, InactivityCounts, PutQueuePolicyRequest, QueuePolicy, QueueState,
    ResponseLibraryUse,
};
use onqueue_server::resource::optional_id;
use std::time::Duration;

/// What waits without a guest is given up after this, if nobody has said when.
const ABANDON_AFTER: i64 = 120_000;

/// For how long messaging can be opened again, if nobody has said.
const MESSAGING_WINDOW: i64 = 259_200_000;

pub(super) fn policy(request: &PutQueuePolicyRequest) -> Result<Policy, Fault> {
    let missing = || Fault::field("policy", "a policy is needed");
    let policy = request.policy.as_ref().ok_or_else(missing)?;
    Ok(Policy {
        organisation: decode::id("organisation_id", &request.organisation_id)?,
        queue: decode::id("policy.queue_id", &policy.queue_id)?,
        revision: policy.revision,
        name: onqueue_chat::line("policy.name", &policy.name, NAME)?,
        division: decode::id("policy.division_id", &policy.division_id)?,
        open: policy.open,
        removed: policy.removed,
        inactivity: inactivity(policy)?,
        hours: hours(policy),
        abandon_after: time("policy.abandon_after_ms", policy.abandon_after_ms, ABANDON_AFTER)?,
        messaging_window: time(
            "policy.messaging_window_ms",
            policy.messaging_window_ms,
            MESSAGING_WINDOW,
        )?,
        retention_days: retention(policy.retention_days)?,
        attachments: policy.attachments.as_ref().and_then(attachments),
        monitor_visible: policy.monitor_visible,
        script: optional_id("policy.script_id", &policy.script_id)?,
        libraries: libraries(policy)?,
    })
}

fn libraries(policy: &QueuePolicy) -> Result<Libraries, Fault> {
    let chosen = || {
        let ids = policy.library_ids.iter();
        ids.map(|text| decode::id("policy.library_ids", text))
            .collect::<Result<_, _>>()
    };
    Ok(match policy.library_use() {
        ResponseLibraryUse::Unspecified => Libraries::All,
        ResponseLibraryUse::Chosen => Libraries::Chosen(chosen()?),
        ResponseLibraryUse::None => Libraries::None,
    })
}

fn inactivity(policy: &QueuePolicy) -> Result<Inactivity, Fault> {
    let timeout = u64::try_from(policy.inactivity_timeout_ms).ok();
    let warning = u64::try_from(policy.inactivity_warning_ms).ok();
    let (Some(timeout), Some(warning)) = (timeout, warning) else {
        return Err(Fault::field("policy.inactivity_timeout_ms", "times are not negative"));
    };
    if timeout == 0 || warning >= timeout {
        let problem = "the warning must come before the end and after the last message";
        return Err(Fault::field("policy.inactivity_warning_ms", problem));
    }
    Ok(Inactivity {
        timeout: Duration::from_millis(timeout),
        warning: Duration::from_millis(warning),
        counts: match policy.inactivity_counts() {
            InactivityCounts::Unspecified => Silence::Both,
            InactivityCounts::Guest => Silence::Guest,
            InactivityCounts::Agent => Silence::Agent,
        },
        then: then(policy)?,
    })
}

fn then(policy: &QueuePolicy) -> Result<Then, Fault> {
    const FIELD: &str = "policy.inactivity_transfer_queue_id";
    let to: Option<QueueId> = optional_id(FIELD, &policy.inactivity_transfer_queue_id)?;
    match (policy.inactivity_action(), to) {
        (InactivityAction::Unspecified, _) => Ok(Then::End),
        (InactivityAction::Transfer, Some(queue)) => Ok(Then::Transfer(queue)),
        (InactivityAction::Transfer, None) => Err(Fault::field(FIELD, "a transfer needs a queue")),
    }
}

/// 0 is the usual time.
fn time(field: &'static str, given: i64, usual: i64) -> Result<Duration, Fault> {
    let millis = if given == 0 { usual } else { given };
    let millis = u64::try_from(millis).map_err(|_| Fault::field(field, "times are not negative"))?;
    Ok(Duration::from_millis(millis))
}

/// 0 is for ever.
fn retention(days: i32) -> Result<Option<u32>, Fault> {
    match u32::try_from(days) {
        Ok(0) => Ok(None),
        Ok(days) => Ok(Some(days)),
        Err(_) => Err(Fault::field("policy.retention_days", "days are not negative")),
    }
}

fn attachments(policy: &AttachmentPolicy) -> Option<Attachments> {
    let bytes = |number: i64| u64::try_from(number).unwrap_or(0);
    policy.enabled.then(|| Attachments {
        max_bytes: bytes(policy.max_bytes),
        max_total_bytes: bytes(policy.max_total_bytes),
        media_types: policy.media_types.clone(),
    })
}

fn hours(policy: &QueuePolicy) -> Option<Hours> {
    let now = door(policy.state())?;
    Some(Hours {
        now,
        changes_at: policy.next_change_at.as_ref().map(millis),
        then: door(policy.next_state()).unwrap_or(now),
        opens_at: policy.opens_at.as_ref().map(millis),
    })
}

const fn door(state: QueueState) -> Option<Door> {
    match state {
        QueueState::Unspecified => None,
        QueueState::Open => Some(Door::Open),
        QueueState::Closed => Some(Door::Closed),
        QueueState::Holiday => Some(Door::Holiday),
        QueueState::Emergency => Some(Door::Emergency),
    }
}
