//! Skills: making, finding, listing, changing and removing them.

use super::entities::agent_skill;
use super::entities::skill::{ActiveModel, Column, Entity};
use super::{
    Actor, Change, Done, Skill, SkillContent, Tables, check_etag, lock_configuration, next_revision, record,
    references, refused,
};
use onqueue_model::{Fault, OrganisationId, Reason, SkillId};
use onqueue_server::resource::Once;
use onqueue_store::{
    Scope, StoreError,
    query::{fold, starting_after_both},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select, Set, prelude::Expr,
};

/// A skill to be made once for its request.
#[derive(Clone, Debug)]
pub struct NewSkill {
    /// Its content; the revision is not looked at.
    pub skill: Skill,
    /// The request.
    pub once: Once,
}

/// Where a page of skills ended: the folded name and the id of the last.
pub type SkillPlace = (String, SkillId);

impl Tables {
    /// Makes the skill. The same request again answers the first skill; with another body it is refused with
    /// REQUEST_ID_REUSED. NAME_TAKEN if the organisation has a skill of that name.
    pub async fn create_skill(
        &self,
        organisation: OrganisationId,
        new: NewSkill,
        by: Actor,
    ) -> Result<Skill, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (new, by) = (new.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                if let Some(before) = requested(tx, organisation, new.once).await? {
                    return Ok(before);
                }
                refuse_taken(tx, organisation, &new.skill).await?;
                let revision = next_revision(tx, organisation).await?;
                let skill = Skill { revision, ..new.skill };
                Entity::insert(row(organisation, &skill, Some(new.once)))
                    .exec_without_returning(tx)
                    .await?;
                record(tx, organisation, &by, done("skill.create", None, Some(&skill))).await?;
                Ok(skill)
            })
        });
        work.await
    }

    /// The skill, removed or not; `None` if the organisation never had one of that id.
    pub async fn skill(&self, organisation: OrganisationId, id: SkillId) -> Result<Option<Skill>, StoreError> {
        find(self.0.reader(), organisation, id).await
    }

    /// The first `size` skills after `from`, by folded name and id, whose folded name begins with `text`.
    pub async fn list_skills(
        &self,
        organisation: OrganisationId,
        text: &str,
        from: Option<SkillPlace>,
        size: u64,
    ) -> Result<Vec<Skill>, StoreError> {
        let rows = page(organisation, text, from, size).all(self.0.reader()).await?;
        Ok(rows.into_iter().map(Skill::from).collect())
    }

    /// Makes of the skill what `change` says. The skill as it is if that is nothing else; otherwise the etag must be the
    /// current one. NAME_TAKEN if another skill has the new name, NOT_FOUND for a removed skill.
    pub async fn update_skill(
        &self,
        organisation: OrganisationId,
        (id, etag): (SkillId, String),
        change: Change<SkillContent>,
        by: Actor,
    ) -> Result<Skill, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (change, etag, by) = (change.clone(), etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = find(tx, organisation, id).await?;
                let before = before.filter(|skill| !skill.removed).ok_or_else(not_found)?;
                let content = change(&before.content).map_err(refused)?;
                if content == before.content {
                    return Ok(before);
                }
                check_etag("skill.etag", &etag, before.revision)?;
                let mut after = Skill {
                    content,
                    ..before.clone()
                };
                refuse_taken(tx, organisation, &after).await?;
                after.revision = next_revision(tx, organisation).await?;
                write(tx, organisation, &after).await?;
                record(tx, organisation, &by, done("skill.update", Some(&before), Some(&after))).await?;
                Ok(after)
            })
        });
        work.await
    }

    /// Removes the skill; one that was removed before stays as it is. The etag must be the current one. STATE_CONFLICT while
    /// agents have it or queues' rings name it, NOT_FOUND if there never was one.
    pub async fn delete_skill(
        &self,
        organisation: OrganisationId,
        (id, etag): (SkillId, String),
        by: Actor,
    ) -> Result<(), StoreError> {
        let work = self.0.transaction(move |tx| {
            let (etag, by) = (etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let skill = find(tx, organisation, id).await?.ok_or_else(not_found)?;
                if skill.removed {
                    return Ok(());
                }
                check_etag("etag", &etag, skill.revision)?;
                refuse_mastered(tx, organisation, id).await?;
                references::refuse_named_skill(tx, organisation, id).await?;
                let revision = next_revision(tx, organisation).await?;
                let removed = [(Column::DeletedAt, by.at.millis()), (Column::Revision, revision)];
                let mut update = Entity::update_many();
                for (column, value) in removed {
                    update = update.col_expr(column, Expr::value(value));
                }
                update
                    .filter(Column::OrganisationId.eq(organisation.uuid()))
                    .filter(Column::SkillId.eq(id.uuid()))
                    .exec(tx)
                    .await?;
                record(tx, organisation, &by, done("skill.delete", Some(&skill), None)).await
            })
        });
        work.await
    }
}

pub(super) fn page(organisation: OrganisationId, text: &str, from: Option<SkillPlace>, size: u64) -> Select<Entity> {
    let place = from.map(|(name, id)| (name, id.uuid()));
    Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::DeletedAt.is_null())
        .filter(starting_after_both(
            Column::NameFolded,
            Column::SkillId,
            &fold(text),
            place,
        ))
        .order_by_asc(Column::NameFolded)
        .order_by_asc(Column::SkillId)
        .limit(size)
}

pub(super) async fn find<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    id: SkillId,
) -> Result<Option<Skill>, StoreError> {
    let row = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::SkillId.eq(id.uuid()))
        .one(connection)
        .await?;
    Ok(row.map(Skill::from))
}

/// What the same request made before.
async fn requested(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    once: Once,
) -> Result<Option<Skill>, StoreError> {
    let row = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::RequestId.eq(once.request))
        .one(tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.request_hash.as_deref() != Some(&once.hash[..]) {
        return Err(refused(Fault::request_id_reused()));
    }
    Ok(Some(row.into()))
}

/// NAME_TAKEN if another skill than this has its name.
async fn refuse_taken(tx: &DatabaseTransaction, organisation: OrganisationId, skill: &Skill) -> Result<(), StoreError> {
    let taken = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::NameFolded.eq(fold(&skill.content.name)))
        .filter(Column::SkillId.ne(skill.id.uuid()))
        .filter(Column::DeletedAt.is_null())
        .one(tx)
        .await?;
    match taken {
        None => Ok(()),
        Some(_) => Err(refused(Fault::name_taken("skill.name"))),
    }
}

async fn refuse_mastered(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    id: SkillId,
) -> Result<(), StoreError> {
    let somebody = Scope::of(organisation)
        .find::<agent_skill::Entity>()
        .filter(agent_skill::Column::SkillId.eq(id.uuid()));
    match somebody.one(tx).await? {
        None => Ok(()),
        Some(_) => Err(refused(Fault::new(
            Reason::StateConflict,
            "agents have this skill; take it from them first",
        ))),
    }
}

/// A skill's row, as it is made.
pub(super) fn row(organisation: OrganisationId, skill: &Skill, once: Option<Once>) -> ActiveModel {
    ActiveModel {
        organisation_id: Set(organisation.uuid()),
        skill_id: Set(skill.id.uuid()),
        name: Set(skill.content.name.clone()),
        name_folded: Set(fold(&skill.content.name)),
        description: Set(skill.content.description.clone()),
        revision: Set(skill.revision),
        request_id: Set(once.map(|once| once.request)),
        request_hash: Set(once.map(|once| once.hash.to_vec())),
        created_at: Set(skill.created_at.millis()),
        deleted_at: Set(None),
    }
}

/// Writes what can be changed about a skill.
pub(super) async fn write(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    skill: &Skill,
) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::Name, Expr::value(skill.content.name.clone()))
        .col_expr(Column::NameFolded, Expr::value(fold(&skill.content.name)))
        .col_expr(Column::Description, Expr::value(skill.content.description.clone()))
        .col_expr(Column::Revision, Expr::value(skill.revision))
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::SkillId.eq(skill.id.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

fn done(action: &'static str, before: Option<&Skill>, after: Option<&Skill>) -> Done<'static> {
    let id = before.or(after).map(|skill| skill.id.to_string());
    Done {
        action,
        object: format!("skill:{}", id.unwrap_or_default()),
        before: before.map(|skill| skill.content.text()),
        after: after.map(|skill| skill.content.text()),
    }
}

fn not_found() -> StoreError {
    refused(Fault::not_found("skill"))
}
