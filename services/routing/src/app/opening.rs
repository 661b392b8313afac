//! From what is kept of schedules to what they say, and from that to what session must know.

use crate::schedule::{Group, Kind, Local, Outlook, Problem, Rule, Schedule, State, Zone};
use crate::store::{
    AgentLostAction, ConversationRules, Hours, InactivityAction, InactivityCounts, LibraryUse, Opening, ScheduleContent,
};
use onqueue_model::{Fault, Timestamp};
use onqueue_proto::{
    session::v1::{self as proto, AttachmentPolicy, QueuePolicy, QueueState},
    timestamp,
};

/// The schedule that was written down, in its own zone or else in that one. FIELD_INVALID with the part that is wrong.
pub fn read(content: &ScheduleContent, otherwise: Zone) -> Result<Schedule, Fault> {
    let at = |field: &'static str| move |Problem(problem)| Fault::field(field, problem);
    let zone = match content.time_zone.as_str() {
        "" => otherwise,
        name => Zone::parse(name).map_err(at("schedule.time_zone"))?,
    };
    let start = Local::parse(&content.start).map_err(at("schedule.start"))?;
    let end = Local::parse(&content.end).map_err(at("schedule.end"))?;
    let rule = match content.rule.as_str() {
        "" => None,
        text => Some(Rule::parse(text, start).map_err(at("schedule.rrule"))?),
    };
    Schedule::new(start, end, rule, zone).map_err(at("schedule.end"))
}

/// What the group says. Schedules that cannot be read any more, because the rules of a zone have gone, count as none.
pub fn group(hours: &Hours) -> Result<Group, Fault> {
    if hours.group.emergency.is_some() {
        return Ok(Group::emergency());
    }
    let zone = Zone::parse(&hours.group.content.time_zone);
    let zone = zone.map_err(|Problem(problem)| Fault::internal(problem))?;
    let kinds = &hours.group.content.schedules;
    let schedule = |(id, kind): (_, &Kind)| {
        let record = hours.schedules.get(id)?;
        let schedule = read(&record.content, zone);
        let schedule =
            schedule.inspect_err(|fault| tracing::error!(%fault, schedule = %id, "a schedule cannot be read"));
        Some((*kind, *id, schedule.ok()?))
    };
    Ok(Group::new(kinds.iter().filter_map(schedule).collect()))
}

/// What session must know of the queue, as it is now.
pub fn policy(opening: &Opening, now: Timestamp) -> Result<QueuePolicy, Fault> {
    let outlook = match &opening.hours {
        Some(hours) => Some(group(hours)?.outlook(now)),
        None => None,
    };
    let queue = &opening.queue;
    let policy = QueuePolicy {
        queue_id: queue.id.to_string(),
        revision: opening.revision,
        name: queue.content.name.clone(),
        division_id: queue.content.division.to_string(),
        open: !queue.removed,
        inactivity_timeout_ms: queue.content.inactivity_timeout_ms,
        inactivity_warning_ms: queue.content.inactivity_warning_ms,
        removed: queue.removed,
        ..ruled(&queue.content.settings.conversation_rules)
    };
    Ok(match outlook {
        Some(outlook) => scheduled(policy, outlook),
        None => policy,
    })
}

/// What holds for its conversations.
fn ruled(rules: &ConversationRules) -> QueuePolicy {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let counts = match rules.inactivity_counts {
        InactivityCounts::Both => proto::InactivityCounts::Unspecified,
        InactivityCounts::Guest => proto::InactivityCounts::Guest,
        InactivityCounts::Agent => proto::InactivityCounts::Agent,
    };
    let action = match rules.inactivity_action {
        InactivityAction::Disconnect => proto::InactivityAction::Unspecified,
        InactivityAction::Transfer => proto::InactivityAction::Transfer,
    };
    let lost = match rules.agent_lost_action {
        AgentLostAction::Requeue => proto::AgentLostAction::Unspecified,
        AgentLostAction::End => proto::AgentLostAction::End,
    };
    let libraries = match rules.library_use {
        LibraryUse::All => proto::ResponseLibraryUse::Unspecified,
        LibraryUse::Chosen => proto::ResponseLibraryUse::Chosen,
        LibraryUse::None => proto::ResponseLibraryUse::None,
    };
    let to = rules.inactivity_transfer_queue_id;
    QueuePolicy {
        inactivity_counts: counts.into(),
        inactivity_action: action.into(),
        inactivity_transfer_queue_id: to.map(|queue| queue.to_string()).unwrap_or_default(),
        abandon_after_ms: number(rules.abandon_after_ms),
        agent_lost_hold_ms: number(rules.agent_lost_hold_ms),
        agent_lost_action: lost.into(),
        messaging_window_ms: number(rules.messaging_window_ms),
        retention_days: i32::try_from(rules.retention_days).unwrap_or(i32::MAX),
        attachments: rules.attachments.as_ref().map(|rules| AttachmentPolicy {
            enabled: rules.enabled,
            max_bytes: number(rules.max_bytes),
            max_total_bytes: number(rules.max_total_bytes),
            media_types: rules.media_types.clone(),
        }),
        monitor_visible: rules.monitor_visible,
        transfer_keeps_age: rules.transfer_keeps_age,
        script_id: rules.script_id.map(|script| script.to_string()).unwrap_or_default(),
        library_use: libraries.into(),
        library_ids: rules.library_ids.iter().map(ToString::to_string).collect(),
        ..QueuePolicy::default()
    }
}

fn scheduled(policy: QueuePolicy, outlook: Outlook) -> QueuePolicy {
    QueuePolicy {
        open: outlook.verdict.state == State::Open,
        state: state(outlook.verdict.state).into(),
        next_change_at: outlook.changes_at.map(timestamp),
        opens_at: outlook.opens_at.map(timestamp),
        next_state: state(outlook.next).into(),
        ..policy
    }
}

const fn state(state: State) -> QueueState {
    match state {
        State::Open => QueueState::Open,
        State::Closed => QueueState::Closed,
        State::Holiday => QueueState::Holiday,
        State::Emergency => QueueState::Emergency,
    }
}
