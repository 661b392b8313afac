//! Configuration as the owner takes it over: what the engine must know, and the names that people see.

use super::entities::{agent, agent_language, agent_skill, capacity, member, policy, queue, settings as stored, skill};
use super::{OrganisationSettings, Queue, Tables, members, settings, utilization};
use onqueue_acd::{AgentProfile, Utilization};
use onqueue_model::{Language, OrganisationId, QueueId, SkillId, UserId};
use onqueue_store::{Scope, Scoped, StoreError};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait, ExprTrait as _, QueryFilter as _, QuerySelect as _,
    Select, prelude::Expr,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How many ids go into one query.
const IDS: usize = 10_000;

/// An agent's profile and name, at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// As the engine needs it.
    pub agent: AgentProfile,
    /// As others see them.
    pub name: String,
    /// Of the last change.
    pub revision: i64,
}

/// A part of an organisation's configuration.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The organisation's revision when it was read.
    pub revision: i64,
    /// Queues, removed ones too: what came through them may still be in hand.
    pub queues: Vec<Queue>,
    /// Agents.
    pub agents: Vec<Profile>,
    /// All skills.
    pub skills: BTreeMap<SkillId, String>,
    /// What holds for the whole organisation, if the engine has not taken it over yet.
    pub settings: Option<OrganisationSettings>,
}

/// Which queues and agents are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Everything,
    /// What the engine has not taken over yet; of queues only those whose policy session has acknowledged, and this one,
    /// of which session has shown that it knows it.
    Pending(Option<QueueId>),
    /// This agent.
    Agent(UserId),
}

impl Tables {
    /// All of it.
    pub async fn configuration(&self, organisation: OrganisationId) -> Result<Configuration, StoreError> {
        self.read_configuration(organisation, Part::Everything).await
    }

    /// What the engine has not taken over yet and may: queues that session knows, be it by the acknowledgement or because it
    /// has used that one, and agents.
    pub async fn pending_configuration(
        &self,
        organisation: OrganisationId,
        used: Option<QueueId>,
    ) -> Result<Configuration, StoreError> {
        self.read_configuration(organisation, Part::Pending(used)).await
    }

    async fn read_configuration(&self, organisation: OrganisationId, part: Part) -> Result<Configuration, StoreError> {
        let (connection, scope) = (self.0.reader(), Scope::of(organisation));
        let revision = super::revision(connection, organisation).await?;
        let skills = scope.find::<skill::Entity>().filter(skill::Column::DeletedAt.is_null());
        let skills = skills.all(connection).await?;
        Ok(Configuration {
            revision,
            queues: queues(connection, scope, part).await?,
            agents: agents(connection, scope, part).await?,
            skills: skills.into_iter().map(|row| (row.skill_id.into(), row.name)).collect(),
            settings: settings::pending(connection, scope).await?,
        })
    }

    /// One agent; `None` without a routing profile.
    pub(super) async fn profile(
        &self,
        organisation: OrganisationId,
        user: UserId,
    ) -> Result<Option<Profile>, StoreError> {
        let found = agents(self.0.reader(), Scope::of(organisation), Part::Agent(user)).await?;
        Ok(found.into_iter().next())
    }

    /// Queues whose policy session has not acknowledged at their revision, of every organisation.
    pub async fn unacknowledged(&self) -> Result<Vec<(OrganisationId, Queue)>, StoreError> {
        let rows = queue::Entity::find()
            .filter(Expr::cust(UNACKNOWLEDGED))
            .all(self.0.reader())
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.organisation_id.into(), row.into()))
            .collect())
    }

    /// Organisations of which [`Tables::pending_configuration`] would find something.
    pub async fn unapplied(&self) -> Result<BTreeSet<OrganisationId>, StoreError> {
        let queues = queue::Entity::find()
            .select_only()
            .column(queue::Column::OrganisationId)
            .distinct()
            .filter(Expr::col(queue::Column::Revision).gt(Expr::col(queue::Column::AppliedRevision)))
            .filter(Expr::cust(format!("NOT {UNACKNOWLEDGED}")));
        let agents = agent::Entity::find()
            .select_only()
            .column(agent::Column::OrganisationId)
            .distinct()
            .filter(Expr::col(agent::Column::Revision).gt(Expr::col(agent::Column::AppliedRevision)));
        let settings = stored::Entity::find()
            .select_only()
            .column(stored::Column::OrganisationId)
            .filter(Expr::col(stored::Column::Revision).gt(Expr::col(stored::Column::AppliedRevision)));
        let mut found: Vec<Uuid> = queues.into_tuple().all(self.0.reader()).await?;
        found.extend(settings.into_tuple::<Uuid>().all(self.0.reader()).await?);
        found.extend(agents.into_tuple::<Uuid>().all(self.0.reader()).await?);
        Ok(found.into_iter().map(OrganisationId::from).collect())
    }

    /// Notes that session has acknowledged the queue's policy at that revision.
    pub async fn acknowledge(
        &self,
        organisation: OrganisationId,
        queue: QueueId,
        revision: i64,
        at: onqueue_model::Timestamp,
    ) -> Result<(), StoreError> {
        let work = self.0.transaction(move |tx| {
            Box::pin(async move {
                policy::Entity::update_many()
                    .col_expr(policy::Column::AcknowledgedRevision, Expr::value(revision))
                    .col_expr(
                        policy::Column::AcknowledgedAt,
                        Expr::value(super::optional_timestamp(at)),
                    )
                    .filter(policy::Column::OrganisationId.eq(organisation.uuid()))
                    .filter(policy::Column::QueueId.eq(queue.uuid()))
                    .filter(policy::Column::AcknowledgedRevision.lt(revision))
                    .exec(tx)
                    .await?;
                Ok(())
            })
        });
        work.await
    }
}

const UNACKNOWLEDGED: &str = "EXISTS (SELECT 1 FROM routing_policies p WHERE p.organisation_id = \
    routing_queues.organisation_id AND p.queue_id = routing_queues.queue_id AND p.acknowledged_revision < \
    routing_queues.revision)";

async fn queues<C: ConnectionTrait>(connection: &C, scope: Scope, part: Part) -> Result<Vec<Queue>, StoreError> {
    let mut select = scope.find::<queue::Entity>();
    if let Part::Pending(used) = part {
        let mut known = Condition::any().add(Expr::cust(format!("NOT {UNACKNOWLEDGED}")));
        if let Some(used) = used {
            known = known.add(queue::Column::QueueId.eq(used.uuid()));
        }
        select = select
            .filter(Expr::col(queue::Column::Revision).gt(Expr::col(queue::Column::AppliedRevision)))
            .filter(known);
    }
    let rows = select.all(connection).await?;
    Ok(rows.into_iter().map(Queue::from).collect())
}

async fn agents<C: ConnectionTrait>(connection: &C, scope: Scope, part: Part) -> Result<Vec<Profile>, StoreError> {
    let newer = Expr::col(agent::Column::Revision).gt(Expr::col(agent::Column::AppliedRevision));
    let select = scope.find::<agent::Entity>();
    let select = match part {
        Part::Everything => select,
        Part::Pending(_) => select.filter(newer),
        Part::Agent(user) => select.filter(agent::Column::UserId.eq(user.uuid())),
    };
    let mut profiles: BTreeMap<UserId, Profile> = BTreeMap::new();
    for row in select.all(connection).await? {
        profiles.insert(row.user_id.into(), bare(row));
    }
    if profiles.is_empty() {
        return Ok(Vec::new());
    }
    let usual = utilization::shared(connection, scope).await?.utilization();
    for profile in profiles.values_mut() {
        profile.agent.utilization.clone_from(&usual);
    }
    let ids: Vec<Uuid> = profiles.keys().map(|id| id.uuid()).collect();
    for some in ids.chunks(IDS) {
        let only = match part {
            Part::Everything if ids.len() > IDS => Some(some),
            Part::Everything => None,
            Part::Pending(_) | Part::Agent(_) => Some(some),
        };
        fill(connection, scope, only, &mut profiles).await?;
    }
    Ok(profiles.into_values().collect())
}

fn bare(row: agent::Model) -> Profile {
    Profile {
        agent: AgentProfile {
            id: row.user_id.into(),
            queues: BTreeMap::new(),
            skills: BTreeMap::new(),
            languages: BTreeMap::new(),
            utilization: Utilization::default(),
        },
        name: row.name,
        revision: row.revision,
    }
}

/// Adds memberships, skills, languages and utilization of their own, of the users or of everybody.
async fn fill<C: ConnectionTrait>(
    connection: &C,
    scope: Scope,
    only: Option<&[Uuid]>,
    profiles: &mut BTreeMap<UserId, Profile>,
) -> Result<(), StoreError> {
    for row in of::<member::Entity>(scope, member::Column::UserId, only)
        .all(connection)
        .await?
    {
        if let Some(profile) = profiles.get_mut(&row.user_id.into()) {
            let queue = row.queue_id.into();
            profile.agent.queues.insert(queue, members::membership(row));
        }
    }
    for row in of::<agent_skill::Entity>(scope, agent_skill::Column::UserId, only)
        .all(connection)
        .await?
    {
        if let Some(profile) = profiles.get_mut(&row.user_id.into()) {
            profile.agent.skills.insert(row.skill_id.into(), level(row.level));
        }
    }
    for row in of::<agent_language::Entity>(scope, agent_language::Column::UserId, only)
        .all(connection)
        .await?
    {
        let language = Language::parse(&row.language);
        if let (Some(profile), Some(language)) = (profiles.get_mut(&row.user_id.into()), language) {
            profile.agent.languages.insert(language, level(row.level));
        }
    }
    let capacities = of::<capacity::Entity>(scope, capacity::Column::UserId, only);
    for (user, own) in utilization::by_user(capacities.all(connection).await?) {
        if let Some(profile) = profiles.get_mut(&user.into()) {
            profile.agent.utilization = own.utilization();
        }
    }
    Ok(())
}

fn of<E: Scoped>(scope: Scope, user: E::Column, only: Option<&[Uuid]>) -> Select<E> {
    let select = scope.find::<E>();
    match only {
        Some(ids) => select.filter(user.is_in(ids.iter().copied())),
        None => select,
    }
}

fn level(level: i16) -> u16 {
    u16::try_from(level).unwrap_or(0)
}

/// The agents' names.
pub(super) async fn names<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    users: &BTreeSet<UserId>,
) -> Result<BTreeMap<UserId, String>, StoreError> {
    let rows = among(organisation, users).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.user_id.into(), row.name)).collect())
}

pub(super) fn among(organisation: OrganisationId, users: &BTreeSet<UserId>) -> Select<agent::Entity> {
    let all = Scope::of(organisation).find::<agent::Entity>();
    all.filter(agent::Column::UserId.is_in(users.iter().map(|user| user.uuid())))
}
