//! How many of each kind of work an agent takes at once: the organisation's, and those of agents who differ.

use super::entities::capacity::{ActiveModel, Column, Entity, Model};
use super::entities::{agent, head};
use super::{
    Actor, Capacities, Done, Tables, Utilization, agents, check_etag, lock_configuration, members, next_revision,
    record,
};
use onqueue_acd::{Capacity, Medium};
use onqueue_model::{OrganisationId, UserId};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _, Set, prelude::Expr,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

impl Tables {
    /// The organisation's.
    pub async fn utilization(&self, organisation: OrganisationId) -> Result<Utilization, StoreError> {
        usual(self.0.reader(), organisation).await
    }

    /// The user's own, or the organisation's.
    pub async fn user_utilization(
        &self,
        organisation: OrganisationId,
        user: UserId,
    ) -> Result<Utilization, StoreError> {
        of_user(self.0.reader(), organisation, user).await
    }

    /// Replaces the organisation's. Answers it if it is the same already; otherwise the etag must be the current one.
    pub async fn set_utilization(
        &self,
        organisation: OrganisationId,
        (capacities, etag): (Capacities, String),
        by: Actor,
    ) -> Result<Utilization, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (capacities, etag, by) = (capacities.clone(), etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = usual(tx, organisation).await?;
                if before.capacities == capacities {
                    return Ok(before);
                }
                check_etag("utilization.etag", &etag, before.revision)?;
                let revision = next_revision(tx, organisation).await?;
                let after = Utilization {
                    revision,
                    capacities,
                    own: false,
                };
                write(tx, organisation, Uuid::nil(), Some(&after.capacities)).await?;
                mark(tx, organisation, revision).await?;
                adapt(tx, organisation, &after).await?;
                let set = done(
                    "utilization.update",
                    format!("organisation:{organisation}"),
                    (&before, &after),
                );
                record(tx, organisation, &by, set).await?;
                Ok(after)
            })
        });
        work.await
    }

    /// Gives the user these of their own, or none, so that the organisation's holds; it makes an agent of them. Answers what
    /// holds if it is the same already; otherwise the etag must be the current one.
    pub async fn set_user_utilization(
        &self,
        organisation: OrganisationId,
        user: UserId,
        (own, etag): (Option<Capacities>, String),
        by: Actor,
    ) -> Result<Utilization, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (own, etag, by) = (own.clone(), etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = of_user(tx, organisation, user).await?;
                if own.as_ref() == Some(&before.capacities).filter(|_| before.own) {
                    return Ok(before);
                }
                check_etag("utilization.etag", &etag, before.revision)?;
                agents::ensure(tx, organisation, &BTreeSet::from([user])).await?;
                write(tx, organisation, user.uuid(), own.as_ref()).await?;
                let after = Utilization {
                    revision: next_revision(tx, organisation).await?,
                    own: own.is_some(),
                    capacities: match own {
                        Some(own) => own,
                        None => shared(tx, Scope::of(organisation)).await?,
                    },
                };
                take_over(tx, organisation, user, &after).await?;
                let set = done("user_utilization.update", format!("user:{user}"), (&before, &after));
                record(tx, organisation, &by, set).await?;
                Ok(after)
            })
        });
        work.await
    }
}

async fn usual<C: ConnectionTrait>(connection: &C, organisation: OrganisationId) -> Result<Utilization, StoreError> {
    let scope = Scope::of(organisation);
    let head = scope.find::<head::Entity>().one(connection).await?;
    Ok(Utilization {
        revision: head.map_or(0, |head| head.utilization_revision),
        capacities: shared(connection, scope).await?,
        own: false,
    })
}

async fn of_user<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    user: UserId,
) -> Result<Utilization, StoreError> {
    let scope = Scope::of(organisation);
    let row = scope
        .find::<agent::Entity>()
        .filter(agent::Column::UserId.eq(user.uuid()));
    let revision = row.one(connection).await?.map_or(0, |row| row.utilization_revision);
    let own = read(connection, scope, user.uuid()).await?;
    Ok(Utilization {
        revision,
        own: own.is_some(),
        capacities: match own {
            Some(own) => own,
            None => shared(connection, scope).await?,
        },
    })
}

/// What holds for who has nothing of their own.
pub(super) async fn shared<C: ConnectionTrait>(connection: &C, scope: Scope) -> Result<Capacities, StoreError> {
    Ok(read(connection, scope, Uuid::nil()).await?.unwrap_or_default())
}

/// What is stored. `None` if nothing is stored of any medium.
async fn read<C: ConnectionTrait>(connection: &C, scope: Scope, user: Uuid) -> Result<Option<Capacities>, StoreError> {
    let rows = scope.find::<Entity>().filter(Column::UserId.eq(user));
    Ok(by_user(rows.all(connection).await?).remove(&user))
}

/// What the rows say of each user; a medium of which they say nothing has its default.
pub(super) fn by_user(rows: Vec<Model>) -> BTreeMap<Uuid, Capacities> {
    let mut found: BTreeMap<Uuid, Capacities> = BTreeMap::new();
    for row in rows {
        let capacity = Capacity {
            maximum: u8::try_from(row.maximum).unwrap_or(0),
            interruptible_by: media(row.interruptible_by),
        };
        let medium = Medium::ALL.into_iter().find(|medium| number(*medium) == row.medium);
        let capacities = found.entry(row.user_id).or_default();
        capacities.0.extend(medium.map(|medium| (medium, capacity)));
    }
    found
}

/// As the tables hold it.
const fn number(medium: Medium) -> i16 {
    match medium {
        Medium::Call => 1,
        Medium::Chat => 2,
        Medium::Email => 3,
        Medium::Message => 4,
        Medium::Callback => 5,
    }
}

/// One bit for each medium.
fn media(bits: i16) -> BTreeSet<Medium> {
    let is_in = |medium: &Medium| bits >> number(*medium) & 1 == 1;
    Medium::ALL.into_iter().filter(is_in).collect()
}

fn bits(media: &BTreeSet<Medium>) -> i16 {
    media.iter().fold(0, |bits, medium| bits | 1 << number(*medium))
}

pub(super) async fn write(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    user: Uuid,
    capacities: Option<&Capacities>,
) -> Result<(), StoreError> {
    Entity::delete_many()
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::UserId.eq(user))
        .exec(tx)
        .await?;
    let Some(capacities) = capacities else { return Ok(()) };
    let rows = capacities.0.iter().map(|(medium, capacity)| ActiveModel {
        organisation_id: Set(organisation.uuid()),
        user_id: Set(user),
        medium: Set(number(*medium)),
        maximum: Set(i16::from(capacity.maximum)),
        interruptible_by: Set(bits(&capacity.interruptible_by)),
    });
    Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

async fn mark(tx: &DatabaseTransaction, organisation: OrganisationId, revision: i64) -> Result<(), StoreError> {
    head::Entity::update_many()
        .col_expr(head::Column::UtilizationRevision, Expr::value(revision))
        .filter(head::Column::OrganisationId.eq(organisation.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Has the owner take over every agent for whom the organisation's holds. In the order of the ids: see `members::touch`.
async fn adapt(tx: &DatabaseTransaction, organisation: OrganisationId, usual: &Utilization) -> Result<(), StoreError> {
    let chats = i16::from(usual.capacities.chats());
    let own = Scope::of(organisation)
        .find::<Entity>()
        .select_only()
        .column(Column::UserId)
        .into_query();
    let without = Condition::all()
        .add(agent::Column::OrganisationId.eq(organisation.uuid()))
        .add(agent::Column::UserId.not_in_subquery(own));
    let in_order = agent::Entity::find()
        .select_only()
        .column(agent::Column::UserId)
        .filter(without.clone())
        .order_by_asc(agent::Column::UserId);
    in_order.lock_exclusive().into_tuple::<Uuid>().all(tx).await?;
    agent::Entity::update_many()
        .col_expr(agent::Column::MaximumChats, Expr::value(chats))
        .col_expr(agent::Column::Revision, Expr::value(usual.revision))
        .filter(without)
        .exec(tx)
        .await?;
    Ok(())
}

/// Has the owner take over the agent with what holds for them.
async fn take_over(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    user: UserId,
    holds: &Utilization,
) -> Result<(), StoreError> {
    let chats = i16::from(holds.capacities.chats());
    agent::Entity::update_many()
        .col_expr(agent::Column::MaximumChats, Expr::value(chats))
        .col_expr(agent::Column::UtilizationRevision, Expr::value(holds.revision))
        .filter(agent::Column::OrganisationId.eq(organisation.uuid()))
        .filter(agent::Column::UserId.eq(user.uuid()))
        .exec(tx)
        .await?;
    members::touch(tx, organisation, &BTreeSet::from([user])).await
}

fn done(action: &'static str, object: String, (before, after): (&Utilization, &Utilization)) -> Done<'static> {
    let text = |it: &Utilization| format!("{} {}", it.own, it.capacities.text());
    Done {
        action,
        object,
        before: Some(text(before)),
        after: Some(text(after)),
    }
}
