//! Schedule groups, as callers may see and change them, and what they say.

use super::queues::only;
use super::{Routing, opening};
use crate::schedule::Outlook;
use crate::store::{Change, Emergency, GroupContent, GroupPlace, NewScheduleGroup, ScheduleGroup};
use onqueue_model::{Caller, DivisionId, Fault, ScheduleGroupId, Timestamp, permissions};
use onqueue_server::resource::{Once, Page};
use onqueue_store::query::fold;
use std::{collections::BTreeSet, sync::Arc};

impl Routing {
    /// Makes a schedule group.
    pub async fn create_schedule_group(
        &self,
        caller: &Caller,
        once: Once,
        content: GroupContent,
    ) -> Result<ScheduleGroup, Fault> {
        let trust = &self.context.trust;
        trust.may_in(caller, permissions::SCHEDULE_GROUP_ADD, content.division)?;
        let by = self.actor(caller);
        let group = ScheduleGroup {
            id: self.context.ids.id(by.at),
            revision: 0,
            content,
            emergency: None,
            created_at: by.at,
            removed: false,
        };
        let new = NewScheduleGroup { group, once };
        Ok(self.tables.create_schedule_group(caller.organisation, new, by).await?)
    }

    /// The group, if the caller may see it.
    pub async fn get_schedule_group(&self, caller: &Caller, id: ScheduleGroupId) -> Result<ScheduleGroup, Fault> {
        self.seen_group(caller, id, permissions::SCHEDULE_GROUP_VIEW).await
    }

    /// The groups of the divisions in which the caller may see them, or of this one among them, by name.
    pub async fn list_schedule_groups(
        &self,
        caller: &Caller,
        division: Option<DivisionId>,
        after: Option<GroupPlace>,
        size: u64,
    ) -> Result<Page<ScheduleGroup, GroupPlace>, Fault> {
        let divisions = only(self.divisions(caller, permissions::SCHEDULE_GROUP_VIEW), division);
        let tables = &self.tables;
        let found = tables.list_schedule_groups(caller.organisation, &divisions, after, size + 1);
        let place = |group: &ScheduleGroup| (fold(&group.content.name), group.id);
        Ok(Page::of(found.await?, size, place))
    }

    /// Makes of the group what `change` says, and puts in force what follows, also if it says so already: an earlier call may
    /// not have come so far.
    pub async fn update_schedule_group(
        &self,
        caller: &Caller,
        (id, etag): (ScheduleGroupId, String),
        change: Change<GroupContent>,
    ) -> Result<ScheduleGroup, Fault> {
        self.seen_group(caller, id, permissions::SCHEDULE_GROUP_EDIT).await?;
        let (trust, editor) = (self.context.trust.clone(), caller.clone());
        let allowed: Change<GroupContent> = Arc::new(move |before| {
            let after = change(before)?;
            for division in BTreeSet::from([before.division, after.division]) {
                let missing = |fault: Fault| fault.with("resource", format!("division:{division}"));
                trust
                    .may_in(&editor, permissions::SCHEDULE_GROUP_EDIT, division)
                    .map_err(missing)?;
            }
            Ok(after)
        });
        let by = self.actor(caller);
        let tables = &self.tables;
        let updated = tables.update_schedule_group(caller.organisation, (id, etag), allowed, by);
        let group = updated.await?;
        self.put_hours_in_force(caller).await?;
        Ok(group)
    }

    /// Removes the group. STATE_CONFLICT while a queue keeps to it.
    pub async fn delete_schedule_group(&self, caller: &Caller, id: ScheduleGroupId, etag: String) -> Result<(), Fault> {
        let group = self.tables.schedule_group(caller.organisation, id).await?;
        self.group_in_sight(caller, group, permissions::SCHEDULE_GROUP_DELETE)?;
        let by = self.actor(caller);
        let tables = &self.tables;
        Ok(tables
            .delete_schedule_group(caller.organisation, (id, etag), by)
            .await?)
    }

    /// Begins or ends an emergency, and puts it in force.
    pub async fn set_emergency(
        &self,
        caller: &Caller,
        id: ScheduleGroupId,
        active: bool,
    ) -> Result<ScheduleGroup, Fault> {
        self.seen_group(caller, id, permissions::EMERGENCY_MANAGE).await?;
        let by = self.actor(caller);
        let emergency = active.then(|| Emergency {
            since: by.at,
            by: caller.subject().map(|subject| subject.uuid()),
        });
        let tables = &self.tables;
        let set = tables.set_emergency(caller.organisation, id, emergency, by);
        let group = set.await?;
        self.put_hours_in_force(caller).await?;
        Ok(group)
    }

    /// What the group says at that moment, or now.
    pub async fn schedule_state(
        &self,
        caller: &Caller,
        id: ScheduleGroupId,
        at: Option<Timestamp>,
    ) -> Result<Outlook, Fault> {
        self.seen_group(caller, id, permissions::SCHEDULE_GROUP_VIEW).await?;
        let hours = self.tables.hours(caller.organisation, id).await?;
        let hours = hours.ok_or_else(not_found)?;
        let at = at.unwrap_or_else(|| self.context.clock.now());
        Ok(opening::group(&hours)?.outlook(at))
    }

    /// A queue may only be given a group that its editor sees. FIELD_INVALID otherwise.
    pub(super) async fn may_keep_to(&self, caller: &Caller, group: Option<ScheduleGroupId>) -> Result<(), Fault> {
        let Some(id) = group else { return Ok(()) };
        let seen = self.seen_group(caller, id, permissions::SCHEDULE_GROUP_VIEW).await;
        let unseen = |_| Fault::field("queue.schedule_group_id", "there is no schedule group of this id");
        seen.map(drop).map_err(unseen)
    }

    /// The group, if the caller holds the permission in its division; NOT_FOUND for who may not even see it.
    async fn seen_group(&self, caller: &Caller, id: ScheduleGroupId, permission: &str) -> Result<ScheduleGroup, Fault> {
        let group = self.tables.schedule_group(caller.organisation, id).await?;
        self.group_in_sight(caller, group.filter(|group| !group.removed), permission)
    }

    fn group_in_sight(
        &self,
        caller: &Caller,
        group: Option<ScheduleGroup>,
        permission: &str,
    ) -> Result<ScheduleGroup, Fault> {
        let group = group.ok_or_else(not_found)?;
        let holds = |permission| self.divisions(caller, permission).contains(&group.content.division);
        if holds(permission) {
            return Ok(group);
        }
        if holds(permissions::SCHEDULE_GROUP_VIEW) && !group.removed {
            let resource = format!("scheduleGroup:{}", group.id);
            return Err(Fault::missing_named(permission).with("resource", resource));
        }
        Err(not_found())
    }
}

fn not_found() -> Fault {
    Fault::not_found("scheduleGroup")
}
