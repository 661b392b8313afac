//! Schedules, as callers may see and change them.

use super::{Routing, opening};
use crate::schedule::{Span, Zone};
use crate::store::{Change, NewSchedule, Schedule, ScheduleContent, SchedulePlace};
use onqueue_model::{Caller, Fault, ScheduleId, Timestamp, permissions};
use onqueue_server::resource::{Once, Page};
use onqueue_store::query::fold;
use std::time::Duration;

/// How far a preview looks ahead.
const PREVIEW: Duration = Duration::from_secs(10 * 366 * 24 * 3_600);

/// Which occurrences are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Preview {
    /// For a schedule without a zone.
    pub zone: Zone,
    /// Those that end after this; now if it is not said.
    pub from: Option<Timestamp>,
    /// At most so many.
    pub limit: usize,
}

impl Routing {
    /// Makes a schedule.
    pub async fn create_schedule(
        &self,
        caller: &Caller,
        once: Once,
        content: ScheduleContent,
    ) -> Result<Schedule, Fault> {
        self.context.trust.may_everywhere(caller, permissions::SCHEDULE_ADD)?;
        let by = self.actor(caller);
        let schedule = Schedule {
            id: self.context.ids.id(by.at),
            revision: 0,
            content,
            created_at: by.at,
            removed: false,
        };
        let new = NewSchedule { schedule, once };
        Ok(self.tables.create_schedule(caller.organisation, new, by).await?)
    }

    /// The schedule.
    pub async fn get_schedule(&self, caller: &Caller, id: ScheduleId) -> Result<Schedule, Fault> {
        self.context.trust.may(caller, permissions::SCHEDULE_VIEW)?;
        let schedule = self.tables.schedule(caller.organisation, id).await?;
        let schedule = schedule.filter(|schedule| !schedule.removed);
        schedule.ok_or_else(|| Fault::not_found("schedule"))
    }

    /// Schedules whose name begins with the text.
    pub async fn list_schedules(
        &self,
        caller: &Caller,
        text: &str,
        after: Option<SchedulePlace>,
        size: u64,
    ) -> Result<Page<Schedule, SchedulePlace>, Fault> {
        self.context.trust.may(caller, permissions::SCHEDULE_VIEW)?;
        let found = self.tables.list_schedules(caller.organisation, text, after, size + 1);
        let place = |schedule: &Schedule| (fold(&schedule.content.name), schedule.id);
        Ok(Page::of(found.await?, size, place))
    }

    /// Makes of the schedule what `change` says, and puts in force what follows, also if it says so already: an earlier call
    /// may not have come so far.
    pub async fn update_schedule(
        &self,
        caller: &Caller,
        (id, etag): (ScheduleId, String),
        change: Change<ScheduleContent>,
    ) -> Result<Schedule, Fault> {
        self.context.trust.may_everywhere(caller, permissions::SCHEDULE_EDIT)?;
        let by = self.actor(caller);
        let tables = &self.tables;
        let updated = tables.update_schedule(caller.organisation, (id, etag), change, by);
        let schedule = updated.await?;
        self.put_hours_in_force(caller).await?;
        Ok(schedule)
    }

    /// Removes the schedule. STATE_CONFLICT while a group names it.
    pub async fn delete_schedule(&self, caller: &Caller, id: ScheduleId, etag: String) -> Result<(), Fault> {
        self.context
            .trust
            .may_everywhere(caller, permissions::SCHEDULE_DELETE)?;
        let by = self.actor(caller);
        Ok(self.tables.delete_schedule(caller.organisation, (id, etag), by).await?)
    }

    /// The occurrences of a schedule that need not have been made.
    pub fn preview_schedule(
        &self,
        caller: &Caller,
        content: &ScheduleContent,
        preview: Preview,
    ) -> Result<Vec<Span>, Fault> {
        self.context.trust.may(caller, permissions::SCHEDULE_VIEW)?;
        let from = preview.from.unwrap_or_else(|| self.context.clock.now());
        let schedule = opening::read(content, preview.zone)?;
        Ok(schedule.spans(from, from + PREVIEW).take(preview.limit).collect())
    }

    /// Gives session what it does not know of the hours of the organisation's queues.
    pub(super) async fn put_hours_in_force(&self, caller: &Caller) -> Result<(), Fault> {
        let policies = &self.policies;
        policies.put_all_in_force(&self.owner, caller.organisation).await
    }
}
