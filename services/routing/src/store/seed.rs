//! What the demo begins with: written as it is given, as often as it is given.

use super::entities::{agent, agent_language, agent_skill, queue, skill};
use super::{Actor, Audited, Profile, Queue, Tables, lock_configuration, members, next_revision, queues, record};
use onqueue_model::{OrganisationId, SkillId, UserId};
use onqueue_store::{Scope, StoreError};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, Set};

impl Tables {
    /// Makes or changes the queue; one that is already as given is left alone.
    pub async fn put_queue(&self, organisation: OrganisationId, wanted: Queue, by: Actor) -> Result<(), StoreError> {
        let work = self.0.transaction(move |tx| {
            let (wanted, by) = (wanted.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = queues::find(tx, organisation, wanted.id).await?;
                if before.as_ref().is_some_and(|before| before.content == wanted.content) {
                    return Ok(());
                }
                let revision = next_revision(tx, organisation).await?;
                let after = Queue { revision, ..wanted };
                match &before {
                    None => queues::insert(tx, organisation, &after, None).await?,
                    Some(_) => {
                        queue::Entity::update(queues::content(organisation, &after))
                            .exec_without_returning(tx)
                            .await?;
                    }
                }
                let put = Audited {
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

    /// Makes or renames the skill.
    pub async fn put_skill(&self, organisation: OrganisationId, id: SkillId, name: String) -> Result<(), StoreError> {
        let work = self.0.transaction(move |tx| {
            let row = skill::ActiveModel {
                organisation_id: Set(organisation.uuid()),
                skill_id: Set(id.uuid()),
                name: Set(name.clone()),
            };
            Box::pin(async move {
                let renamed = OnConflict::columns([skill::Column::OrganisationId, skill::Column::SkillId])
                    .update_column(skill::Column::Name)
                    .to_owned();
                skill::Entity::insert(row)
                    .on_conflict(renamed)
                    .exec_without_returning(tx)
                    .await?;
                Ok(())
            })
        });
        work.await
    }

    /// Makes or changes the agent. Memberships that they have already stay as they joined or left them; the profile's
    /// revision is not looked at.
    pub async fn put_agent(&self, organisation: OrganisationId, wanted: Profile, by: Actor) -> Result<(), StoreError> {
        let before = self.profile(organisation, wanted.agent.id).await?;
        let wanted = keep_joined(wanted, before.as_ref());
        if before
            .as_ref()
            .is_some_and(|before| content(before) == content(&wanted))
        {
            return Ok(());
        }
        let work = self.0.transaction(move |tx| {
            let (wanted, before, by) = (wanted.clone(), before.as_ref().map(content), by.clone());
            Box::pin(async move {
                write_agent(tx, organisation, &wanted).await?;
                let put = Audited {
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
}

fn keep_joined(mut wanted: Profile, before: Option<&Profile>) -> Profile {
    for (queue, membership) in &mut wanted.agent.queues {
        if let Some(had) = before.and_then(|before| before.agent.queues.get(queue)) {
            *membership = *had;
        }
    }
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
    let (user, revision) = (profile.agent.id.uuid(), next_revision(tx, organisation).await?);
    let existing = Scope::of(organisation)
        .find::<agent::Entity>()
        .filter(agent::Column::UserId.eq(user));
    let applied_revision = existing.one(tx).await?.map_or(0, |row| row.applied_revision);
    drop_agent(tx, organisation, profile.agent.id).await?;
    let row = agent::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        user_id: Set(user),
        name: Set(profile.name.clone()),
        maximum_chats: Set(i16::from(profile.agent.maximum_chats)),
        revision: Set(revision),
        applied_revision: Set(applied_revision),
    };
    agent::Entity::insert(row).exec_without_returning(tx).await?;
    for (queue, membership) in &profile.agent.queues {
        members::add(tx, organisation, *queue, profile.agent.id, *membership).await?;
    }
    for (skill, level) in &profile.agent.skills {
        let row = agent_skill::ActiveModel {
            organisation_id: Set(organisation.uuid()),
            user_id: Set(user),
            skill_id: Set(skill.uuid()),
            level: Set(i16::try_from(*level).unwrap_or(i16::MAX)),
        };
        row.insert(tx).await?;
    }
    for (language, level) in &profile.agent.languages {
        let row = agent_language::ActiveModel {
            organisation_id: Set(organisation.uuid()),
            user_id: Set(user),
            language: Set(language.as_str().to_owned()),
            level: Set(i16::try_from(*level).unwrap_or(i16::MAX)),
        };
        row.insert(tx).await?;
    }
    Ok(())
}

/// Removes every row about the agent, before they are written anew.
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
    drop_from!(agent member agent_skill agent_language);
    Ok(())
}
