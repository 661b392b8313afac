//! Queues and their members, as callers may see and change them.

use super::{Routing, user};
use crate::store::{Actor, Content, Member, NewQueue, Queue, QueuePlace};
use onqueue_acd::Membership;
use onqueue_model::{Caller, Fault, QueueId, Reason, UserId, permissions};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A queue that somebody wants to have, checked already.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The caller's id of the request.
    pub request: Uuid,
    /// SHA-256 of what the request asked for.
    pub hash: [u8; 32],
    /// What is to be set.
    pub content: Content,
}

/// A page and where the next begins; `None` at the end.
#[derive(Clone, Debug)]
pub struct Page<Item, Place> {
    /// What is on it.
    pub items: Vec<Item>,
    /// The place of its last item, if more follow.
    pub next: Option<Place>,
}

impl<Item, Place> Page<Item, Place> {
    /// Of one item more than the page holds, if there are as many.
    pub(super) fn of(mut items: Vec<Item>, size: u64, place: impl FnOnce(&Item) -> Place) -> Self {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let has_more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| has_more).map(place);
        Self { items, next }
    }
}

impl Routing {
    /// Makes a queue and puts it in force.
    pub async fn create_queue(&self, caller: &Caller, draft: Draft) -> Result<Queue, Fault> {
        let trust = &self.context.trust;
        trust.may_in(caller, permissions::QUEUE_ADD, draft.content.division)?;
        let by = self.actor(caller)?;
        let queue = Queue::new(self.context.ids.id(by.at), draft.content, by.at);
        let new = NewQueue {
            queue,
            request: draft.request,
            hash: draft.hash,
        };
        let queue = self.tables.create_queue(caller.organisation, new, by).await?;
        self.policies
            .put_in_force(&self.owner, caller.organisation, &queue)
            .await?;
        Ok(queue)
    }

    /// The queue, if the caller may see it.
    pub async fn get_queue(&self, caller: &Caller, id: QueueId) -> Result<Queue, Fault> {
        self.visible(caller, id, permissions::QUEUE_VIEW).await
    }

    /// Queues of the divisions in which the caller holds the permission, whose name contains the text.
    pub async fn list_queues(
        &self,
        caller: &Caller,
        permission: &str,
        text: &str,
        after: Option<QueuePlace>,
        size: u64,
    ) -> Result<Page<Queue, QueuePlace>, Fault> {
        let divisions = self.divisions(caller, permission);
        let tables = &self.tables;
        let queues = tables.list_queues(caller.organisation, &divisions, text, after, size + 1);
        let place = |queue: &Queue| (crate::store::fold(&queue.content.name), queue.id);
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
    pub async fn set_members(
        &self,
        caller: &Caller,
        queue: QueueId,
        users: BTreeSet<UserId>,
    ) -> Result<Vec<Member>, Fault> {
        self.visible(caller, queue, permissions::QUEUE_MEMBER_MANAGE).await?;
        let by = self.actor(caller)?;
        let members = self.tables.set_members(caller.organisation, queue, users, by).await?;
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
            self.write_joined(caller, queue, Membership { joined: false }).await?;
            return Err(missing);
        }
        Ok(member)
    }

    async fn write_joined(&self, caller: &Caller, queue: QueueId, membership: Membership) -> Result<Member, Fault> {
        let (user, by, tables) = (user(caller)?, self.actor(caller)?, &self.tables);
        let member = tables.set_joined(caller.organisation, queue, user, membership, by);
        let member = member.await?;
        self.owner.refresh(caller.organisation).await?;
        Ok(member)
    }

    /// The queue, if the caller holds the permission in its division; QUEUE_NOT_FOUND for who may not even see it.
    async fn visible(&self, caller: &Caller, id: QueueId, permission: &str) -> Result<Queue, Fault> {
        let queue = self
            .tables
            .queue(caller.organisation, id)
            .await?
            .ok_or_else(queue_not_found)?;
        if self.divisions(caller, permission).contains(&queue.content.division) {
            return Ok(queue);
        }
        if self
            .divisions(caller, permissions::QUEUE_VIEW)
            .contains(&queue.content.division)
        {
            return Err(Fault::missing_named(permission).with("resource", format!("queue:{id}")));
        }
        Err(queue_not_found())
    }

    fn actor(&self, caller: &Caller) -> Result<Actor, Fault> {
        Ok(Actor {
            name: format!("user:{}", user(caller)?),
            at: self.context.clock.now(),
        })
    }
}

fn queue_not_found() -> Fault {
    Fault::new(Reason::QueueNotFound, "there is no queue of this id")
}
