//! Who serves which queue.

use super::entities::member::{Column, Entity, Model};
use super::leases::{check, shard};
use super::{
    Actor, Done, Fence, Member, Tables, agents, configuration, entities, lock_configuration, next_revision, queues,
    record, refused,
};
use onqueue_model::{DivisionId, Divisions, Fault, OrganisationId, QueueId, Reason, UserId};
use onqueue_store::{Scope, StoreError, query::within};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _, Set, prelude::Expr,
};
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

    /// Makes exactly these users the members; who is new starts joined, and becomes an agent if they are none.
    /// QUEUE_NOT_FOUND for a removed queue.
    pub async fn set_members(
        &self,
        organisation: OrganisationId,
        queue: QueueId,
        users: BTreeSet<UserId>,
        by: Actor,
    ) -> Result<Vec<Member>, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (users, by) = (users.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                refuse_removed(tx, organisation, queue).await?;
                let before = rows_of(organisation, queue).all(tx).await?;
                let changed = replace(tx, organisation, queue, &users, &before).await?;
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
        let name = names.remove(&user).unwrap_or_default();
        let joined = row.joined;
        Member { user, name, joined }
    };
    Ok(rows.into_iter().map(member).collect())
}

async fn refuse_removed(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    queue: QueueId,
) -> Result<(), StoreError> {
    let found = queues::find(tx, organisation, queue).await?;
    match found.filter(|queue| !queue.removed) {
        Some(_) => Ok(()),
        None => Err(refused(Fault::new(
            Reason::QueueNotFound,
            "there is no queue of this id",
        ))),
    }
}

/// Takes everybody out of the queue.
pub(super) async fn clear(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    queue: QueueId,
) -> Result<(), StoreError> {
    let before = rows_of(organisation, queue).all(tx).await?;
    let gone = replace(tx, organisation, queue, &BTreeSet::new(), &before).await?;
    if gone.is_empty() {
        return Ok(());
    }
    touch(tx, organisation, &gone).await
}

/// Removes who is not among the users and adds who is new, joined. Answers whose memberships changed.
async fn replace(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    queue: QueueId,
    users: &BTreeSet<UserId>,
    before: &[Model],
) -> Result<BTreeSet<UserId>, StoreError> {
    let were: BTreeSet<UserId> = before.iter().map(|row| row.user_id.into()).collect();
    let (gone, new): (BTreeSet<_>, BTreeSet<_>) = (&were - users, users - &were);
    if !gone.is_empty() {
        Entity::delete_many()
            .filter(Column::OrganisationId.eq(organisation.uuid()))
            .filter(Column::QueueId.eq(queue.uuid()))
            .filter(Column::UserId.is_in(gone.iter().map(|user| user.uuid())))
            .exec(tx)
            .await?;
    }
    agents::ensure(tx, organisation, &new).await?;
    for user in &new {
        add(tx, organisation, queue, *user, &onqueue_acd::Membership::new(true)).await?;
    }
    Ok(&gone | &new)
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
        .map(|row| format!("{} {}", row.user_id, row.joined))
        .collect();
    lines.join("\n")
}
