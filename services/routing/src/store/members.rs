//! Who serves which queue.

use super::entities::member::{Column, Entity, Model};
use super::leases::{check, shard};
use super::{
    Actor, Done, Fence, Member, Queue, Tables, agents, configuration, entities, lock_configuration, next_revision,
    queues, record, refused,
};
use onqueue_model::{DivisionId, Divisions, Fault, GroupId, OrganisationId, QueueId, Reason, UserId};
use onqueue_store::{Scope, StoreError, query::within};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _, FromJsonQueryResult,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Set, prelude::Expr,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// An active membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Whose.
    pub user: UserId,
    /// Of which queue.
    pub queue: QueueId,
    /// The queue's division.
    pub division: DivisionId,
}

/// Groups of a queue, as a membership holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Groups(pub BTreeSet<GroupId>);

/// Where a member stands in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// 1–6.
    pub ring: u8,
    /// Of the queue's groups.
    pub groups: BTreeSet<GroupId>,
}

/// Who is to serve a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// Who stays where they stand, or is new and stands in the innermost ring.
    pub users: BTreeSet<UserId>,
    /// Who is to stand where, each at most once; goes before the former.
    pub placed: Vec<(UserId, Standing)>,
}

impl Roster {
    fn everybody(&self) -> BTreeSet<UserId> {
        let placed = self.placed.iter().map(|(user, _)| *user);
        self.users.iter().copied().chain(placed).collect()
    }
}

impl Tables {
    /// The first `size` members of the queue after `after`, by user id.
    pub async fn members(
        &self,
        organisation: OrganisationId,
        queue: QueueId,
        after: Option<UserId>,
        size: u64,
    ) -> Result<Vec<Member>, StoreError> {
        let rows = page(organisation, queue, after, size).all(self.0.reader()).await?;
        named(self.0.reader(), organisation, rows).await
    }

    /// Makes exactly these users the members; who is new starts joined, and becomes an agent if they are none. FIELD_INVALID
    /// with the first member of a group that the queue does not have, QUEUE_NOT_FOUND for a removed queue.
    pub async fn set_members(
        &self,
        organisation: OrganisationId,
        queue: QueueId,
        roster: Roster,
        by: Actor,
    ) -> Result<Vec<Member>, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (roster, by) = (roster.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                refuse_unknown(&present(tx, organisation, queue).await?, &roster)?;
                let before = rows_of(organisation, queue).all(tx).await?;
                let changed = replace(tx, organisation, queue, &roster, &before).await?;
                let after = rows_of(organisation, queue).all(tx).await?;
                if !changed.is_empty() {
                    let set = Done {
                        action: "queue.set_members",
                        object: format!("queue:{queue}"),
                        before: Some(text(&before)),
                        after: Some(text(&after)),
                    };
                    touch(tx, organisation, &changed).await?;
                    record(tx, organisation, &by, set).await?;
                }
                named(tx, organisation, after).await
            })
        });
        work.await
    }

    /// Activates or deactivates a membership. STATE_CONFLICT if the user is not a member.
    pub async fn set_joined(
        &self,
        organisation: OrganisationId,
        queue: QueueId,
        user: UserId,
        membership: onqueue_acd::Membership,
        by: Actor,
    ) -> Result<Member, StoreError> {
        let joined = membership.joined;
        let work = self.0.transaction(move |tx| {
            let by = by.clone();
            Box::pin(async move { switch(tx, (organisation, queue, user), joined, &by).await })
        });
        work.await
    }

    /// Deactivates a membership, as the owner that must not do so when it no longer is the owner. STATE_CONFLICT if the user
    /// is not a member.
    pub async fn take_out(
        &self,
        fence: &Fence,
        organisation: OrganisationId,
        queue: QueueId,
        user: UserId,
        by: Actor,
    ) -> Result<(), StoreError> {
        let fence = fence.clone();
        let work = self.0.transaction(move |tx| {
            let (by, fence) = (by.clone(), fence.clone());
            Box::pin(async move {
                check(tx, &fence, &BTreeSet::from([shard(organisation)])).await?;
                switch(tx, (organisation, queue, user), false, &by).await.map(drop)
            })
        });
        work.await
    }

    /// Whether the user is a member of any queue of these divisions.
    pub async fn serves_in(
        &self,
        organisation: OrganisationId,
        user: UserId,
        divisions: &Divisions,
    ) -> Result<bool, StoreError> {
        use entities::queue::{Column as QueueColumn, Entity as Queues};
        let queues = Scope::of(organisation)
            .find::<Queues>()
            .filter(within(QueueColumn::DivisionId, divisions))
            .select_only()
            .column(QueueColumn::QueueId)
            .into_query();
        let found = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::UserId.eq(user.uuid()))
            .filter(Column::QueueId.in_subquery(queues))
            .one(self.0.reader())
            .await?;
        Ok(found.is_some())
    }

    /// Gives the agent another name.
    pub async fn rename_agent(
        &self,
        organisation: OrganisationId,
        user: UserId,
        name: String,
    ) -> Result<(), StoreError> {
        use entities::agent::{Column, Entity};
        let work = self.0.transaction(move |tx| {
            let name = name.clone();
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                Entity::update_many()
                    .col_expr(Column::Name, Expr::value(name))
                    .filter(Column::OrganisationId.eq(organisation.uuid()))
                    .filter(Column::UserId.eq(user.uuid()))
                    .exec(tx)
                    .await?;
                touch(tx, organisation, &BTreeSet::from([user])).await
            })
        });
        work.await
    }

    /// The organisation's active memberships.
    pub async fn joined(&self, organisation: OrganisationId) -> Result<Vec<Joined>, StoreError> {
        use entities::queue;
        let scope = Scope::of(organisation);
        let queues = scope.find::<queue::Entity>().all(self.0.reader()).await?;
        let divisions: BTreeMap<Uuid, Uuid> = queues.into_iter().map(|row| (row.queue_id, row.division_id)).collect();
        let members = scope.find::<Entity>().filter(Column::Joined.eq(true));
        let rows = members.all(self.0.reader()).await?;
        let joined = rows.into_iter().filter_map(|row| {
            Some(Joined {
                user: row.user_id.into(),
                queue: row.queue_id.into(),
                division: (*divisions.get(&row.queue_id)?).into(),
            })
        });
        Ok(joined.collect())
    }
}

fn not_a_member() -> StoreError {
    refused(Fault::new(
        Reason::StateConflict,
        "you are not a member of this queue; ask whoever sets its members",
    ))
}

pub(super) fn page(
    organisation: OrganisationId,
    queue: QueueId,
    after: Option<UserId>,
    size: u64,
) -> sea_orm::Select<Entity> {
    let later = after.map(|after| Column::UserId.gt(after.uuid()));
    let rows = rows_of(organisation, queue).filter(Condition::all().add_option(later));
    rows.limit(size)
}

fn rows_of(organisation: OrganisationId, queue: QueueId) -> sea_orm::Select<Entity> {
    Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::QueueId.eq(queue.uuid()))
        .order_by_asc(Column::UserId)
}

fn switched(row: &Model, joined: bool) -> Done<'static> {
    Done {
        action: if joined { "queue.join" } else { "queue.leave" },
        object: format!("queue:{}", row.queue_id),
        before: Some(format!("{} {}", row.user_id, row.joined)),
        after: Some(format!("{} {joined}", row.user_id)),
    }
}

async fn named<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    rows: Vec<Model>,
) -> Result<Vec<Member>, StoreError> {
    let users = rows.iter().map(|row| row.user_id.into()).collect();
    let mut names = configuration::names(connection, organisation, &users).await?;
    let member = |row: Model| {
        let user = row.user_id.into();
        let standing = membership(row);
        Member {
            user,
            name: names.remove(&user).unwrap_or_default(),
            joined: standing.joined,
            ring: standing.ring,
            groups: standing.groups,
        }
    };
    Ok(rows.into_iter().map(member).collect())
}

/// A membership as the engine needs it.
pub(super) fn membership(row: Model) -> onqueue_acd::Membership {
    onqueue_acd::Membership {
        joined: row.joined,
        ring: u8::try_from(row.ring).unwrap_or(1),
        groups: row.group_ids.0,
    }
}

async fn present(tx: &DatabaseTransaction, organisation: OrganisationId, queue: QueueId) -> Result<Queue, StoreError> {
    let found = queues::find(tx, organisation, queue).await?;
    let unknown = || Fault::new(Reason::QueueNotFound, "there is no queue of this id");
    found.filter(|queue| !queue.removed).ok_or_else(|| refused(unknown()))
}

fn refuse_unknown(queue: &Queue, roster: &Roster) -> Result<(), StoreError> {
    let known = queue.content.settings.group_ids();
    let mut placed = roster.placed.iter().enumerate();
    match placed.find(|(_, (_, standing))| !standing.groups.is_subset(&known)) {
        None => Ok(()),
        Some((place, _)) => {
            let unknown = Fault::new(Reason::FieldInvalid, "the queue has no such group");
            Err(refused(unknown.with("field", format!("members[{place}].group_ids"))))
        }
    }
}

/// Takes members out of groups that the queue has no more.
pub(super) async fn keep_groups(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    before: &Queue,
    after: &Queue,
) -> Result<(), StoreError> {
    let left = after.content.settings.group_ids();
    if before.content.settings.group_ids().is_subset(&left) {
        return Ok(());
    }
    let mut changed = BTreeSet::new();
    for row in rows_of(organisation, after.id).all(tx).await? {
        if row.group_ids.0.is_subset(&left) {
            continue;
        }
        let standing = Standing {
            ring: u8::try_from(row.ring).unwrap_or(1),
            groups: &row.group_ids.0 & &left,
        };
        place(tx, &row, &standing).await?;
        changed.insert(row.user_id.into());
    }
    match changed.is_empty() {
        true => Ok(()),
        false => touch(tx, organisation, &changed).await,
    }
}

/// Takes everybody out of the queue.
pub(super) async fn clear(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    queue: QueueId,
) -> Result<(), StoreError> {
    let before = rows_of(organisation, queue).all(tx).await?;
    let gone = replace(tx, organisation, queue, &Roster::default(), &before).await?;
    if gone.is_empty() {
        return Ok(());
    }
    touch(tx, organisation, &gone).await
}

/// Removes who is not on the roster, adds who is new, joined, and moves who is to stand elsewhere. Answers whose memberships
/// changed.
async fn replace(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    queue: QueueId,
    roster: &Roster,
    before: &[Model],
) -> Result<BTreeSet<UserId>, StoreError> {
    let users = roster.everybody();
    let were: BTreeSet<UserId> = before.iter().map(|row| row.user_id.into()).collect();
    let (gone, new): (BTreeSet<_>, BTreeSet<_>) = (&were - &users, &users - &were);
    if !gone.is_empty() {
        Entity::delete_many()
            .filter(Column::OrganisationId.eq(organisation.uuid()))
            .filter(Column::QueueId.eq(queue.uuid()))
            .filter(Column::UserId.is_in(gone.iter().map(|user| user.uuid())))
            .exec(tx)
            .await?;
    }
    agents::ensure(tx, organisation, &new).await?;
    let placed: BTreeMap<UserId, &Standing> = roster.placed.iter().map(|(user, at)| (*user, at)).collect();
    for user in &new {
        let mut membership = onqueue_acd::Membership::new(true);
        if let Some(standing) = placed.get(user) {
            (membership.ring, membership.groups) = (standing.ring, standing.groups.clone());
        }
        add(tx, organisation, queue, *user, &membership).await?;
    }
    let moved = move_members(tx, before, &placed).await?;
    Ok(&(&gone | &new) | &moved)
}

/// Lets members stand where they are to stand. Answers who stood elsewhere.
async fn move_members(
    tx: &DatabaseTransaction,
    before: &[Model],
    placed: &BTreeMap<UserId, &Standing>,
) -> Result<BTreeSet<UserId>, StoreError> {
    let mut moved = BTreeSet::new();
    for row in before {
        let Some(standing) = placed.get(&row.user_id.into()) else {
            continue;
        };
        if (row.ring, &row.group_ids.0) != (i16::from(standing.ring), &standing.groups) {
            place(tx, row, standing).await?;
            moved.insert(row.user_id.into());
        }
    }
    Ok(moved)
}

async fn place(tx: &DatabaseTransaction, row: &Model, standing: &Standing) -> Result<(), StoreError> {
    let moved = entities::member::ActiveModel {
        organisation_id: Set(row.organisation_id),
        queue_id: Set(row.queue_id),
        user_id: Set(row.user_id),
        ring: Set(i16::from(standing.ring)),
        group_ids: Set(Groups(standing.groups.clone())),
        ..Default::default()
    };
    Entity::update(moved).exec_without_returning(tx).await?;
    Ok(())
}

pub(super) async fn add(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    queue: QueueId,
    user: UserId,
    membership: &onqueue_acd::Membership,
) -> Result<(), StoreError> {
    let row = entities::member::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        queue_id: Set(queue.uuid()),
        user_id: Set(user.uuid()),
        joined: Set(membership.joined),
        ring: Set(i16::from(membership.ring)),
        group_ids: Set(Groups(membership.groups.clone())),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Makes the membership active or not, if it is otherwise.
async fn switch(
    tx: &DatabaseTransaction,
    (organisation, queue, user): (OrganisationId, QueueId, UserId),
    joined: bool,
    by: &Actor,
) -> Result<Member, StoreError> {
    lock_configuration(tx, organisation).await?;
    let mine = rows_of(organisation, queue).filter(Column::UserId.eq(user.uuid()));
    let row = mine.one(tx).await?.ok_or_else(not_a_member)?;
    if row.joined != joined {
        write_joined(tx, &row, joined).await?;
        touch(tx, organisation, &BTreeSet::from([user])).await?;
        record(tx, organisation, by, switched(&row, joined)).await?;
    }
    let members = named(tx, organisation, vec![Model { joined, ..row }]).await?;
    members.into_iter().next().ok_or_else(not_a_member)
}

async fn write_joined(tx: &DatabaseTransaction, row: &Model, joined: bool) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::Joined, Expr::value(joined))
        .filter(Column::OrganisationId.eq(row.organisation_id))
        .filter(Column::QueueId.eq(row.queue_id))
        .filter(Column::UserId.eq(row.user_id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Gives the agents a new revision, so that the owner takes them over anew. One after the other by id, as the owner marks
/// them: on PostgreSQL each waits for the other's rows.
pub(super) async fn touch(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    users: &BTreeSet<UserId>,
) -> Result<(), StoreError> {
    use entities::agent::{Column, Entity};
    let revision = next_revision(tx, organisation).await?;
    let touched = Condition::all()
        .add(Column::OrganisationId.eq(organisation.uuid()))
        .add(Column::UserId.is_in(users.iter().map(|user| user.uuid())));
    let in_order = Entity::find().filter(touched.clone()).order_by_asc(Column::UserId);
    in_order.lock_exclusive().all(tx).await?;
    Entity::update_many()
        .col_expr(Column::Revision, Expr::value(revision))
        .filter(touched)
        .exec(tx)
        .await?;
    Ok(())
}

fn text(rows: &[Model]) -> String {
    let lines: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {} {} {:?}", row.user_id, row.joined, row.ring, row.group_ids.0))
        .collect();
    lines.join("\n")
}
