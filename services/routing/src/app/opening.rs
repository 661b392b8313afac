//! From what is kept of schedules to what they say, and from that to what session must know.

use crate::schedule::{Group, Kind, Local, Outlook, Problem, Rule, Schedule, State, Zone};
use crate::store::{Hours, Opening, ScheduleContent};
use onqueue_model::{Fault, Timestamp};
use onqueue_proto::{
    session::v1::{QueuePolicy, QueueState},
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
        ..QueuePolicy::default()
    };
    Ok(match outlook {
        Some(outlook) => scheduled(policy, outlook),
        None => policy,
    })
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
