//! What the demo begins with: written as it is given, as often as it is given. What was removed since stays removed.

use super::entities::{agent, queue, skill};
use super::{
    Actor, Capacities, Done, Knowledge, Profile, Queue, Skill, SkillContent, Tables, agents, lock_configuration,
    members, next_revision, queues, record, skills, utilization,
};
use onqueue_acd::Medium;
use onqueue_model::{OrganisationId, SkillId, UserId};
use onqueue_store::{Scope, StoreError};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _, Set};
use uuid::Uuid;

impl Tables {
    /// Makes or changes the queue; one that is already as given, or was removed, is left alone.
    pub async fn put_queue(&self, organisation: OrganisationId, wanted: Queue, by: Actor) -> Result<(), StoreError> {
        let work = self.0.transaction(move |tx| {
            let (wanted, by) = (wanted.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = queues::find(tx, organisation, wanted.id).await?;
                let is_good = |before: &Queue| before.removed || before.content == wanted.content;
                if before.as_ref().is_some_and(is_good) {
                    return Ok(());
                }
                let revision = next_revision(tx, organisation).await?;
                let after = Queue { revision, ..wanted };
                match &before {
                    None => queues::insert(tx, organisation, (&after, &by), None).await?,
                    Some(_) => queues::write(tx, organisation, &after, &by).await?,
                }
                let put = Done {
                    action: "queue.seed",
                    object: format!("queue:{}", after.id),
                    before: before.map(|before| before.text()),
                    after: Some(after.text()),
                };
                record(tx, organisation, &by, put).await
            })
        });
        work.await
    }

    /// Makes or renames the skill; one that is already as given, or was removed, is left alone.
    pub async fn put_skill(
        &self,
        organisation: OrganisationId,
        (id, name): (SkillId, String),
        by: Actor,
    ) -> Result<(), StoreError> {
        let work = self.0.transaction(move |tx| {
            let (name, by) = (name.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = skills::find(tx, organisation, id).await?;
                let is_good = |before: &Skill| before.removed || before.content.name == name;
                if before.as_ref().is_some_and(is_good) {
                    return Ok(());
                }
                let revision = next_revision(tx, organisation).await?;
                let after = named(id, name, before.as_ref(), (revision, &by));
                match &before {
                    None => {
                        let row = skills::row(organisation, &after, None);
                        skill::Entity::insert(row).exec_without_returning(tx).await?;
                    }
                    Some(_) => skills::write(tx, organisation, &after).await?,
                }
                let put = Done {
                    action: "skill.seed",
                    object: format!("skill:{id}"),
                    before: before.map(|before| before.content.text()),
                    after: Some(after.content.text()),
                };
                record(tx, organisation, &by, put).await
            })
        });
        work.await
    }

    /// Makes or changes the agent. Memberships that they have already stay as they joined or left them, and of how much they
    /// take only the number of chats is looked at: of other media it stays. Nor is the profile's revision looked at.
    pub async fn put_agent(&self, organisation: OrganisationId, wanted: Profile, by: Actor) -> Result<(), StoreError> {
        let wanted = self.without_removed(organisation, wanted).await?;
        let before = self.profile(organisation, wanted.agent.id).await?;
        let wanted = keep_media(keep_joined(wanted, before.as_ref()), before.as_ref());
        if before
            .as_ref()
            .is_some_and(|before| content(before) == content(&wanted))
        {
            return Ok(());
        }
        let work = self.0.transaction(move |tx| {
            let (wanted, before, by) = (wanted.clone(), before.as_ref().map(content), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                write_agent(tx, organisation, &wanted).await?;
                let put = Done {
                    action: "agent.seed",
                    object: format!("user:{}", wanted.agent.id),
                    before,
                    after: Some(content(&wanted)),
                };
                record(tx, organisation, &by, put).await
            })
        });
        work.await
    }

    /// The profile without queues and skills that were removed.
    async fn without_removed(&self, organisation: OrganisationId, mut wanted: Profile) -> Result<Profile, StoreError> {
        let (connection, scope) = (self.0.reader(), Scope::of(organisation));
        let queues: Vec<Uuid> = scope
            .find::<queue::Entity>()
            .select_only()
            .column(queue::Column::QueueId)
            .filter(queue::Column::DeletedAt.is_not_null())
            .into_tuple()
            .all(connection)
            .await?;
        let skills: Vec<Uuid> = scope
            .find::<skill::Entity>()
            .select_only()
            .column(skill::Column::SkillId)
            .filter(skill::Column::DeletedAt.is_not_null())
            .into_tuple()
            .all(connection)
            .await?;
        wanted.agent.queues.retain(|queue, _| !queues.contains(&queue.uuid()));
        wanted.agent.skills.retain(|skill, _| !skills.contains(&skill.uuid()));
        Ok(wanted)
    }
}

/// The skill under that name, as it is to be written.
fn named(id: SkillId, name: String, before: Option<&Skill>, (revision, by): (i64, &Actor)) -> Skill {
    Skill {
        id,
        revision,
        content: SkillContent {
            name,
            description: before
                .map(|before| before.content.description.clone())
                .unwrap_or_default(),
        },
        created_at: before.map_or(by.at, |before| before.created_at),
        removed: false,
    }
}

fn keep_joined(mut wanted: Profile, before: Option<&Profile>) -> Profile {
    for (queue, membership) in &mut wanted.agent.queues {
        if let Some(had) = before.and_then(|before| before.agent.queues.get(queue)) {
            membership.clone_from(had);
        }
    }
    wanted
}

fn keep_media(mut wanted: Profile, before: Option<&Profile>) -> Profile {
    let chats = wanted.agent.utilization.maximum(Medium::Chat);
    let had = before.map(|before| before.agent.utilization.clone());
    let mut kept = had.unwrap_or_else(|| Capacities::default().utilization());
    if let Some(capacity) = kept.media.get_mut(&Medium::Chat) {
        capacity.maximum = chats;
    }
    wanted.agent.utilization = kept;
    wanted
}

fn content(profile: &Profile) -> String {
    format!(
        "{} {}",
        profile.name,
        serde_json::to_string(&profile.agent).unwrap_or_default()
    )
}

async fn write_agent(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    profile: &Profile,
) -> Result<(), StoreError> {
    let (user, revision) = (profile.agent.id, next_revision(tx, organisation).await?);
    let capacities = Capacities(profile.agent.utilization.media.clone());
    let existing = Scope::of(organisation)
        .find::<agent::Entity>()
        .filter(agent::Column::UserId.eq(user.uuid()));
    let applied_revision = existing.one(tx).await?.map_or(0, |row| row.applied_revision);
    drop_agent(tx, organisation, user).await?;
    let row = agent::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        user_id: Set(user.uuid()),
        name: Set(profile.name.clone()),
        maximum_chats: Set(i16::from(capacities.chats())),
        revision: Set(revision),
        applied_revision: Set(applied_revision),
        skills_revision: Set(revision),
        utilization_revision: Set(revision),
    };
    agent::Entity::insert(row).exec_without_returning(tx).await?;
    for (queue, membership) in &profile.agent.queues {
        members::add(tx, organisation, *queue, user, membership).await?;
    }
    let knowledge = Knowledge {
        revision,
        skills: profile.agent.skills.clone(),
        languages: profile.agent.languages.clone(),
    };
    agents::write(tx, organisation, user, &knowledge).await?;
    utilization::write(tx, organisation, user.uuid(), Some(&capacities)).await
}

/// Removes the agent and their memberships, before they are written anew.
async fn drop_agent(tx: &DatabaseTransaction, organisation: OrganisationId, user: UserId) -> Result<(), StoreError> {
    macro_rules! drop_from {
        ($($table:ident)*) => {$(
            super::entities::$table::Entity::delete_many()
                .filter(super::entities::$table::Column::OrganisationId.eq(organisation.uuid()))
                .filter(super::entities::$table::Column::UserId.eq(user.uuid()))
                .exec(tx)
                .await?;
        )*};
    }
    drop_from!(agent member);
    Ok(())
}
