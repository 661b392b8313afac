//! Schedules and schedule groups from requests and into answers.

use crate::app::read;
use crate::schedule::{Kind, Local, Outlook, Problem, State, Zone};
use crate::store::{Change, GroupContent, Schedule, ScheduleContent, ScheduleGroup};
use onqueue_model::{Fault, ScheduleId};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::timestamp;
use onqueue_server::resource::{Mask, description, division, given, id, name};
use std::{collections::BTreeMap, sync::Arc};

/// How many schedules a group has of each kind.
const SCHEDULES: usize = 100;

const OPEN: &str = "schedule_group.open_schedule_ids";
const CLOSED: &str = "schedule_group.closed_schedule_ids";
const HOLIDAY: &str = "schedule_group.holiday_schedule_ids";

/// What is set about a schedule.
pub fn schedule(asked: &proto::Schedule) -> Result<ScheduleContent, Fault> {
    Ok(ScheduleContent {
        name: name("schedule.name", &asked.name)?,
        description: description("schedule.description", &asked.description)?,
        ..span(asked)?
    })
}

/// When a schedule is, without a name.
pub fn span(asked: &proto::Schedule) -> Result<ScheduleContent, Fault> {
    let given = ScheduleContent {
        name: String::new(),
        description: String::new(),
        start: asked.start.clone(),
        end: asked.end.clone(),
        rule: asked.rrule.clone(),
        time_zone: asked.time_zone.clone(),
    };
    read(&given, Zone::UTC)?;
    Ok(ScheduleContent {
        start: with_seconds("schedule.start", &given.start)?,
        end: with_seconds("schedule.end", &given.end)?,
        ..given
    })
}

fn with_seconds(field: &'static str, text: &str) -> Result<String, Fault> {
    let local = Local::parse(text).map_err(|Problem(problem)| Fault::field(field, problem))?;
    Ok(local.to_string())
}

/// What a schedule is to be: the fields that are named, and everything else as it is.
pub fn schedule_change(request: &proto::UpdateScheduleRequest) -> Result<Change<ScheduleContent>, Fault> {
    let fields = ["name", "description", "start", "end", "rrule", "time_zone"];
    let mask = Mask::of(request.update_mask.as_ref(), &fields)?;
    let new = given("schedule", request.schedule.as_ref())?.clone();
    Ok(Arc::new(move |before: &ScheduleContent| {
        let (new, old) = (new.clone(), described(before.clone()));
        schedule(&proto::Schedule {
            name: mask.choose("name", new.name, old.name),
            description: mask.choose("description", new.description, old.description),
            start: mask.choose("start", new.start, old.start),
            end: mask.choose("end", new.end, old.end),
            rrule: mask.choose("rrule", new.rrule, old.rrule),
            time_zone: mask.choose("time_zone", new.time_zone, old.time_zone),
            ..proto::Schedule::default()
        })
    }))
}

pub fn encoded(schedule: Schedule) -> proto::Schedule {
    proto::Schedule {
        schedule_id: schedule.id.to_string(),
        etag: schedule.revision.to_string(),
        created_at: Some(timestamp(schedule.created_at)),
        ..described(schedule.content)
    }
}

fn described(content: ScheduleContent) -> proto::Schedule {
    proto::Schedule {
        name: content.name,
        description: content.description,
        start: content.start,
        end: content.end,
        rrule: content.rule,
        time_zone: content.time_zone,
        ..proto::Schedule::default()
    }
}

/// A time zone that must be named.
pub fn zone(field: &'static str, name: &str) -> Result<Zone, Fault> {
    Zone::parse(name).map_err(|Problem(problem)| Fault::field(field, problem))
}

/// What is set about a schedule group.
pub fn group(asked: &proto::ScheduleGroup) -> Result<GroupContent, Fault> {
    let zone = zone("schedule_group.time_zone", &asked.time_zone)?;
    Ok(GroupContent {
        name: name("schedule_group.name", &asked.name)?,
        description: description("schedule_group.description", &asked.description)?,
        division: division("schedule_group.division_id", &asked.division_id)?,
        time_zone: zone.name().to_owned(),
        schedules: schedules(asked)?,
    })
}

fn schedules(asked: &proto::ScheduleGroup) -> Result<BTreeMap<ScheduleId, Kind>, Fault> {
    let mut all = BTreeMap::new();
    for (field, kind, ids) in [
        (OPEN, Kind::Open, &asked.open_schedule_ids),
        (CLOSED, Kind::Closed, &asked.closed_schedule_ids),
        (HOLIDAY, Kind::Holiday, &asked.holiday_schedule_ids),
    ] {
        if ids.len() > SCHEDULES {
            return Err(Fault::field(field, "at most 100 schedules"));
        }
        for text in ids {
            if all.insert(id(field, text)?, kind).is_some() {
                return Err(Fault::field(field, "each schedule in one list, and once"));
            }
        }
    }
    Ok(all)
}

/// What a group is to be: the fields that are named, and everything else as it is.
pub fn group_change(request: &proto::UpdateScheduleGroupRequest) -> Result<Change<GroupContent>, Fault> {
    let fields = [
        "name",
        "description",
        "division_id",
        "time_zone",
        "open_schedule_ids",
        "closed_schedule_ids",
        "holiday_schedule_ids",
    ];
    let mask = Mask::of(request.update_mask.as_ref(), &fields)?;
    let new = given("schedule_group", request.schedule_group.as_ref())?.clone();
    Ok(Arc::new(move |before: &GroupContent| {
        group(&merged(&mask, new.clone(), described_group(before.clone())))
    }))
}

fn merged(mask: &Mask, new: proto::ScheduleGroup, old: proto::ScheduleGroup) -> proto::ScheduleGroup {
    let pick = |field, new, old| mask.choose(field, new, old);
    proto::ScheduleGroup {
        name: mask.choose("name", new.name, old.name),
        description: mask.choose("description", new.description, old.description),
        division_id: mask.choose("division_id", new.division_id, old.division_id),
        time_zone: mask.choose("time_zone", new.time_zone, old.time_zone),
        open_schedule_ids: pick("open_schedule_ids", new.open_schedule_ids, old.open_schedule_ids),
        closed_schedule_ids: pick("closed_schedule_ids", new.closed_schedule_ids, old.closed_schedule_ids),
        holiday_schedule_ids: pick(
            "holiday_schedule_ids",
            new.holiday_schedule_ids,
            old.holiday_schedule_ids,
        ),
        ..proto::ScheduleGroup::default()
    }
}

pub fn encoded_group(group: ScheduleGroup) -> proto::ScheduleGroup {
    let emergency = group.emergency.map(|emergency| proto::Emergency {
        since: Some(timestamp(emergency.since)),
        by_user_id: emergency.by.map(|by| by.to_string()).unwrap_or_default(),
    });
    proto::ScheduleGroup {
        schedule_group_id: group.id.to_string(),
        etag: group.revision.to_string(),
        emergency,
        created_at: Some(timestamp(group.created_at)),
        ..described_group(group.content)
    }
}

fn described_group(content: GroupContent) -> proto::ScheduleGroup {
    let of_kind = |wanted: Kind| {
        let schedules = content.schedules.iter().filter(|(_, kind)| **kind == wanted);
        schedules.map(|(id, _)| id.to_string()).collect()
    };
    proto::ScheduleGroup {
        open_schedule_ids: of_kind(Kind::Open),
        closed_schedule_ids: of_kind(Kind::Closed),
        holiday_schedule_ids: of_kind(Kind::Holiday),
        name: content.name,
        description: content.description,
        division_id: content.division.to_string(),
        time_zone: content.time_zone,
        ..proto::ScheduleGroup::default()
    }
}

pub fn state(outlook: &Outlook) -> proto::GetScheduleStateResponse {
    let state = match outlook.verdict.state {
        State::Open => proto::ScheduleState::Open,
        State::Closed => proto::ScheduleState::Closed,
        State::Holiday => proto::ScheduleState::Holiday,
        State::Emergency => proto::ScheduleState::Emergency,
    };
    let is_closed = outlook.verdict.state != State::Open;
    let schedule = outlook.verdict.schedule;
    proto::GetScheduleStateResponse {
        state: state.into(),
        schedule_id: schedule.map(|id| id.to_string()).unwrap_or_default(),
        until: outlook.until.map(timestamp),
        opens_at: outlook.opens_at.filter(|_| is_closed).map(timestamp),
    }
}
