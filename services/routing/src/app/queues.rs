//! Queues and their members, as callers may see and change them.

use super::{Routing, user};
use crate::store::{Change, Content, Member, NewQueue, Queue, QueuePlace, Roster};
use onqueue_acd::Membership;
use onqueue_model::{Caller, DivisionId, Divisions, Fault, GroupId, QueueId, Reason, UserId, permissions};
use onqueue_server::resource::{Once, Page};
use onqueue_store::{audit::Actor, query::fold};
use std::{collections::BTreeSet, sync::Arc};

/// Makes the id of a new group of members.
pub type NewGroup = Arc<dyn Fn() -> GroupId + Send + Sync>;

/// Which queues are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// In divisions where the caller holds this.
    pub permission: &'static str,
    /// In this division only.
    pub division: Option<DivisionId>,
    /// In whose name a word begins with this; all if it is empty.
    pub text: String,
}

impl Routing {
    /// Makes a queue and puts it in force.
    pub async fn create_queue(&self, caller: &Caller, once: Once, content: Content) -> Result<Queue, Fault> {
        let trust = &self.context.trust;
        trust.may_in(caller, permissions::QUEUE_ADD, content.division)?;
        self.may_keep_to(caller, content.schedule_group).await?;
        let by = self.actor(caller);
        let queue = Queue::new(self.context.ids.id(by.at), content, by.at);
        let new = NewQueue { queue, once };
        let queue = self.tables.create_queue(caller.organisation, new, by).await?;
        self.put_in_force(caller, queue).await
    }

    /// Makes of the queue what `change` says and puts it in force, also if it says so already: an earlier call may not have
    /// come so far.
    pub async fn update_queue(
        &self,
        caller: &Caller,
        (id, etag): (QueueId, String),
        change: Change<Content>,
    ) -> Result<Queue, Fault> {
        let queue = self.visible(caller, id, permissions::QUEUE_EDIT).await?;
        self.change_queue(caller, (queue, etag), ("queue.update", change)).await
    }

    /// The same under another name in the audit trail, for a queue that the caller may see.
    pub(super) async fn change_queue(
        &self,
        caller: &Caller,
        (present, etag): (Queue, String),
        (action, change): (&'static str, Change<Content>),
    ) -> Result<Queue, Fault> {
        let (id, present) = (present.id, present.content);
        let wanted = change(&present)?.schedule_group;
        if wanted != present.schedule_group {
            self.may_keep_to(caller, wanted).await?;
        }
        let (trust, editor) = (self.context.trust.clone(), caller.clone());
        let allowed: Change<Content> = Arc::new(move |before| {
            let after = change(before)?;
            for division in BTreeSet::from([before.division, after.division]) {
                let missing = |fault: Fault| fault.with("resource", format!("division:{division}"));
                trust
                    .may_in(&editor, permissions::QUEUE_EDIT, division)
                    .map_err(missing)?;
            }
            Ok(after)
        });
        let by = self.actor(caller);
        let queue = self
            .tables
            .update_queue(caller.organisation, (id, etag), allowed, (action, by))
            .await?;
        self.put_in_force(caller, queue).await
    }

    /// Removes the queue. STATE_CONFLICT while somebody waits in it.
    pub async fn delete_queue(&self, caller: &Caller, id: QueueId, etag: String) -> Result<(), Fault> {
        let queue = self.tables.queue(caller.organisation, id).await?;
        let queue = self.seen(caller, queue, permissions::QUEUE_DELETE)?;
        if !queue.removed {
            self.refuse_served(caller, id).await?;
        }
        let by = self.actor(caller);
        let queue = self.tables.delete_queue(caller.organisation, (id, etag), by).await?;
        self.put_in_force(caller, queue).await.map(drop)
    }

    async fn refuse_served(&self, caller: &Caller, id: QueueId) -> Result<(), Fault> {
        let waiting = self.owner.look(caller.organisation, move |host, _| {
            let queue = host.engine().queue(id);
            queue.map_or(0, |queue| queue.waiting + queue.alerting)
        });
        match waiting.await? {
            0 => Ok(()),
            waiting => {
                let problem = "chats wait in this queue; it can be removed when they have been served";
                Err(Fault::new(Reason::StateConflict, problem).with("waiting", waiting))
            }
        }
    }

    async fn put_in_force(&self, caller: &Caller, queue: Queue) -> Result<Queue, Fault> {
        self.policies
            .put_in_force(&self.owner, caller.organisation, &queue)
            .await?;
        Ok(queue)
    }

    /// The queue, if the caller may see it.
    pub async fn get_queue(&self, caller: &Caller, id: QueueId) -> Result<Queue, Fault> {
        self.visible(caller, id, permissions::QUEUE_VIEW).await
    }

    /// The queues that are wanted, by name; found by a text, by their name from the word on that begins with it.
    pub async fn list_queues(
        &self,
        caller: &Caller,
        wanted: Wanted,
        after: Option<QueuePlace>,
        size: u64,
    ) -> Result<Page<Queue, QueuePlace>, Fault> {
        let divisions = only(self.divisions(caller, wanted.permission), wanted.division);
        let (tables, organisation) = (&self.tables, caller.organisation);
        let text = wanted.text.trim_start();
        if !text.is_empty() {
            let found = tables.search_queues(organisation, &divisions, text, after, size);
            return Ok(found.await?);
        }
        let queues = tables.list_queues(organisation, &divisions, after, size + 1);
        let place = |queue: &Queue| (fold(&queue.content.name), queue.id);
        Ok(Page::of(queues.await?, size, place))
    }

    /// Members of a queue that the caller may see.
    pub async fn list_members(
        &self,
        caller: &Caller,
        queue: QueueId,
        after: Option<UserId>,
        size: u64,
    ) -> Result<Page<Member, UserId>, Fault> {
        self.visible(caller, queue, permissions::QUEUE_VIEW).await?;
        let members = self.tables.members(caller.organisation, queue, after, size + 1).await?;
        Ok(Page::of(members, size, |member| member.user))
    }

    /// Makes exactly these users the members.
    pub async fn set_members(&self, caller: &Caller, queue: QueueId, roster: Roster) -> Result<Vec<Member>, Fault> {
        self.visible(caller, queue, permissions::QUEUE_MEMBER_MANAGE).await?;
        let by = self.actor(caller);
        let members = self.tables.set_members(caller.organisation, queue, roster, by).await?;
        self.owner.refresh(caller.organisation).await?;
        Ok(members)
    }

    /// Activates or deactivates the caller's membership.
    pub async fn set_joined(&self, caller: &Caller, queue: QueueId, membership: Membership) -> Result<Member, Fault> {
        let division = self
            .visible(caller, queue, permissions::QUEUE_JOIN)
            .await?
            .content
            .division;
        let member = self.write_joined(caller, queue, membership).await?;
        // Whoever took the permission back meanwhile has looked for active memberships before this one was.
        let trust = &self.context.trust;
        if let Err(missing) = trust.may_in(caller, permissions::QUEUE_JOIN, division) {
            self.write_joined(caller, queue, Membership::new(false)).await?;
            return Err(missing);
        }
        Ok(member)
    }

    async fn write_joined(&self, caller: &Caller, queue: QueueId, membership: Membership) -> Result<Member, Fault> {
        let (user, by, tables) = (user(caller)?, self.actor(caller), &self.tables);
        let member = tables.set_joined(caller.organisation, queue, user, membership, by);
        let member = member.await?;
        self.owner.refresh(caller.organisation).await?;
        Ok(member)
    }

    /// The queue, if the caller holds the permission in its division; QUEUE_NOT_FOUND for who may not even see it.
    pub(super) async fn visible(&self, caller: &Caller, id: QueueId, permission: &str) -> Result<Queue, Fault> {
        let queue = self.tables.queue(caller.organisation, id).await?;
        self.seen(caller, queue.filter(|queue| !queue.removed), permission)
    }

    fn seen(&self, caller: &Caller, queue: Option<Queue>, permission: &str) -> Result<Queue, Fault> {
        let queue = queue.ok_or_else(queue_not_found)?;
        let holds = |permission| self.divisions(caller, permission).contains(&queue.content.division);
        if holds(permission) {
            return Ok(queue);
        }
        if holds(permissions::QUEUE_VIEW) && !queue.removed {
            return Err(Fault::missing_named(permission).with("resource", format!("queue:{}", queue.id)));
        }
        Err(queue_not_found())
    }

    /// Makes ids for groups of members.
    pub fn new_groups(&self) -> NewGroup {
        let (ids, clock) = (self.context.ids.clone(), self.context.clock.clone());
        Arc::new(move || ids.id(clock.now()))
    }

    pub(super) fn actor(&self, caller: &Caller) -> Actor {
        Actor {
            name: caller.actor(),
            at: self.context.clock.now(),
        }
    }
}

/// The one division, if it is among them.
pub(super) fn only(divisions: Divisions, division: Option<DivisionId>) -> Divisions {
    match division {
        None => divisions,
        Some(division) if divisions.contains(&division) => Divisions::from_iter([division]),
        Some(_) => Divisions::NONE,
    }
}

pub(super) fn queue_not_found() -> Fault {
    Fault::new(Reason::QueueNotFound, "there is no queue of this id")
}
