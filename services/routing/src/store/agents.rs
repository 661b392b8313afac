//! Users who became agents because an administrator said so, and what they know.

use super::entities::{agent, agent_language, agent_skill, skill};
use super::{
    Actor, Done, Knowledge, Tables, check_etag, configuration, lock_configuration, members, next_revision, record,
    refused, utilization,
};
use onqueue_model::{Fault, Language, OrganisationId, SkillId, UserId};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _, Set,
    prelude::Expr,
};
use std::collections::BTreeSet;
use uuid::Uuid;

impl Tables {
    /// What the user knows; nothing for who is no agent.
    pub async fn knowledge(&self, organisation: OrganisationId, user: UserId) -> Result<Knowledge, StoreError> {
        known(self.0.reader(), organisation, user).await
    }

    /// Makes exactly that what the user knows, of whom it makes an agent. Answers what they know if that is the same already;
    /// otherwise the etag must be the current one. FIELD_INVALID names a skill that is none.
    pub async fn set_knowledge(
        &self,
        organisation: OrganisationId,
        user: UserId,
        (wanted, etag): (Knowledge, String),
        by: Actor,
    ) -> Result<Knowledge, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (wanted, etag, by) = (wanted.clone(), etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = known(tx, organisation, user).await?;
                if (&before.skills, &before.languages) == (&wanted.skills, &wanted.languages) {
                    return Ok(before);
                }
                check_etag("user_skills.etag", &etag, before.revision)?;
                refuse_unknown(tx, organisation, wanted.skills.keys().copied().collect()).await?;
                ensure(tx, organisation, &BTreeSet::from([user])).await?;
                let revision = next_revision(tx, organisation).await?;
                let after = Knowledge { revision, ..wanted };
                write(tx, organisation, user, &after).await?;
                members::touch(tx, organisation, &BTreeSet::from([user])).await?;
                let set = Done {
                    action: "user_skills.set",
                    object: format!("user:{user}"),
                    before: Some(text(&before)),
                    after: Some(text(&after)),
                };
                record(tx, organisation, &by, set).await?;
                Ok(after)
            })
        });
        work.await
    }
}

/// Makes agents of those who are none: how they are called is not known until they come.
pub(super) async fn ensure(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    users: &BTreeSet<UserId>,
) -> Result<(), StoreError> {
    let known = configuration::names(tx, organisation, users).await?;
    let new: Vec<_> = users.iter().filter(|user| !known.contains_key(user)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let chats = utilization::shared(tx, Scope::of(organisation)).await?.chats();
    let rows = new.into_iter().map(|user| agent::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        user_id: Set(user.uuid()),
        name: Set(String::new()),
        maximum_chats: Set(i16::from(chats)),
        revision: Set(0),
        applied_revision: Set(0),
        skills_revision: Set(0),
        utilization_revision: Set(0),
    });
    agent::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

async fn known<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    user: UserId,
) -> Result<Knowledge, StoreError> {
    let scope = Scope::of(organisation);
    let row = scope
        .find::<agent::Entity>()
        .filter(agent::Column::UserId.eq(user.uuid()));
    let Some(row) = row.one(connection).await? else {
        return Ok(Knowledge::default());
    };
    let skills = scope
        .find::<agent_skill::Entity>()
        .filter(agent_skill::Column::UserId.eq(user.uuid()))
        .all(connection)
        .await?;
    let languages = scope
        .find::<agent_language::Entity>()
        .filter(agent_language::Column::UserId.eq(user.uuid()))
        .all(connection)
        .await?;
    let level = |level: i16| u16::try_from(level).unwrap_or(0);
    Ok(Knowledge {
        revision: row.skills_revision,
        skills: skills
            .into_iter()
            .map(|row| (row.skill_id.into(), level(row.level)))
            .collect(),
        languages: languages
            .into_iter()
            .filter_map(|row| Some((Language::parse(&row.language)?, level(row.level))))
            .collect(),
    })
}

async fn refuse_unknown(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    wanted: BTreeSet<SkillId>,
) -> Result<(), StoreError> {
    let there: Vec<Uuid> = Scope::of(organisation)
        .find::<skill::Entity>()
        .select_only()
        .column(skill::Column::SkillId)
        .filter(skill::Column::SkillId.is_in(wanted.iter().map(|skill| skill.uuid())))
        .filter(skill::Column::DeletedAt.is_null())
        .into_tuple()
        .all(tx)
        .await?;
    let there: BTreeSet<SkillId> = there.into_iter().map(SkillId::from).collect();
    match wanted.difference(&there).next() {
        None => Ok(()),
        Some(skill) => Err(refused(Fault::field(
            "user_skills.skills",
            format!("{skill} is not a skill of this organisation"),
        ))),
    }
}

/// Writes anew what the agent knows.
pub(super) async fn write(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    user: UserId,
    knowledge: &Knowledge,
) -> Result<(), StoreError> {
    forget(tx, organisation, user).await?;
    let level = |level: u16| i16::try_from(level).unwrap_or(i16::MAX);
    let skills = knowledge.skills.iter().map(|(skill, known)| agent_skill::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        user_id: Set(user.uuid()),
        skill_id: Set(skill.uuid()),
        level: Set(level(*known)),
    });
    if !knowledge.skills.is_empty() {
        agent_skill::Entity::insert_many(skills)
            .exec_without_returning(tx)
            .await?;
    }
    let languages = knowledge.languages.iter();
    let languages = languages.map(|(language, known)| agent_language::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        user_id: Set(user.uuid()),
        language: Set(language.as_str().to_owned()),
        level: Set(level(*known)),
    });
    if !knowledge.languages.is_empty() {
        agent_language::Entity::insert_many(languages)
            .exec_without_returning(tx)
            .await?;
    }
    agent::Entity::update_many()
        .col_expr(agent::Column::SkillsRevision, Expr::value(knowledge.revision))
        .filter(agent::Column::OrganisationId.eq(organisation.uuid()))
        .filter(agent::Column::UserId.eq(user.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

async fn forget(tx: &DatabaseTransaction, organisation: OrganisationId, user: UserId) -> Result<(), StoreError> {
    agent_skill::Entity::delete_many()
        .filter(agent_skill::Column::OrganisationId.eq(organisation.uuid()))
        .filter(agent_skill::Column::UserId.eq(user.uuid()))
        .exec(tx)
        .await?;
    agent_language::Entity::delete_many()
        .filter(agent_language::Column::OrganisationId.eq(organisation.uuid()))
        .filter(agent_language::Column::UserId.eq(user.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

fn text(knowledge: &Knowledge) -> String {
    format!("{:?} {:?}", knowledge.skills, knowledge.languages)
}
