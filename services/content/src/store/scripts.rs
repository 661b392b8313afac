//! Scripts: making, changing, publishing and deleting them. Versions are added here and nowhere changed.

use super::entities::script::{ActiveModel, Column, Entity};
use super::entities::version;
use super::script_rows as rows;
use super::{Actor, Change, Judge, New, Tables, check_etag, check_hash, done, lock, next_revision, record};
use crate::script::{Release, Script, ScriptContent, Version, digest};
use onqueue_model::{Fault, OrganisationId, ScriptId};
use onqueue_store::{Scope, StoreError, audit::Done, query::fold};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _, Set, Unchanged,
};

impl Tables {
    /// Makes the script. The same request again answers the first one; with another body REQUEST_ID_REUSED. NAME_TAKEN if the
    /// organisation has one of that name.
    pub async fn create_script(
        &self,
        organisation: OrganisationId,
        new: New<ScriptId, ScriptContent>,
        by: Actor,
    ) -> Result<Script, StoreError> {
        let work = self.0.transaction_with((new, by), move |tx, (new, by)| {
            Box::pin(create(tx, organisation, new, by))
        });
        work.await
    }

    /// The script, deleted or not; `None` if the organisation never had one of that id.
    pub async fn script(&self, organisation: OrganisationId, id: ScriptId) -> Result<Option<Script>, StoreError> {
        find(self.0.reader(), organisation, id).await
    }

    /// Makes of the script what `judge` answers. One that is so already stays as it is, whatever the etag.
    pub async fn update_script(
        &self,
        organisation: OrganisationId,
        id: ScriptId,
        judge: Judge<Script, ScriptContent>,
        change: Change,
    ) -> Result<Script, StoreError> {
        let work = self.0.transaction_with((judge, change), move |tx, (judge, change)| {
            Box::pin(update(tx, organisation, (id, judge), change))
        });
        work.await
    }

    /// Adds what `judge` answers as the next version, unless the newest is that already, whatever the etag.
    pub async fn publish_script(
        &self,
        organisation: OrganisationId,
        id: ScriptId,
        judge: Judge<Script, Release>,
        change: Change,
    ) -> Result<(Script, Version), StoreError> {
        let work = self.0.transaction_with((judge, change), move |tx, (judge, change)| {
            Box::pin(publish(tx, organisation, (id, judge), change))
        });
        work.await
    }

    /// Deletes the script, unless that was done before. Its versions stay for what is under way.
    pub async fn delete_script(
        &self,
        organisation: OrganisationId,
        id: ScriptId,
        judge: Judge<Script, ()>,
        change: Change,
    ) -> Result<(), StoreError> {
        let work = self.0.transaction_with((judge, change), move |tx, (judge, change)| {
            Box::pin(delete(tx, organisation, (id, judge), change))
        });
        work.await
    }

    /// A version with its document.
    pub async fn version(
        &self,
        organisation: OrganisationId,
        script: ScriptId,
        number: i32,
    ) -> Result<Option<Version>, StoreError> {
        find_version(self.0.reader(), organisation, (script, number)).await
    }
}

async fn find<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    id: ScriptId,
) -> Result<Option<Script>, StoreError> {
    let select = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::ScriptId.eq(id.uuid()));
    Ok(select.one(connection).await?.map(Script::from))
}

async fn find_version<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    (script, number): (ScriptId, i32),
) -> Result<Option<Version>, StoreError> {
    let select = Scope::of(organisation)
        .find::<version::Entity>()
        .filter(version::Column::ScriptId.eq(script.uuid()))
        .filter(version::Column::Version.eq(number));
    Ok(select.one(connection).await?.map(Version::from))
}

async fn create(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    new: &New<ScriptId, ScriptContent>,
    by: &Actor,
) -> Result<Script, StoreError> {
    let present = lock(tx, organisation).await?;
    if let Some(once) = &new.once {
        let before = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::RequestId.eq(once.request));
        if let Some(row) = before.one(tx).await? {
            check_hash(once, row.request_hash.as_deref())?;
            return Ok(row.into());
        }
    }
    refuse_taken(tx, organisation, &new.content.name, new.id).await?;
    let script = Script {
        id: new.id,
        revision: next_revision(tx, organisation, present).await?,
        draft_digest: digest(&new.content.document),
        content: new.content.clone(),
        version: 0,
        digest: String::new(),
        published_at: None,
        created_at: by.at,
        updated_at: by.at,
        is_deleted: false,
    };
    let row = rows::new_script(organisation, &script, new.once);
    Entity::insert(row).exec_without_returning(tx).await?;
    let done = done("script.create", script.id, (None, Some(&script.content)))?;
    record(tx, organisation, by, done).await?;
    Ok(script)
}

async fn living(tx: &DatabaseTransaction, organisation: OrganisationId, id: ScriptId) -> Result<Script, StoreError> {
    let found = find(tx, organisation, id).await?.filter(|script| !script.is_deleted);
    Ok(found.ok_or_else(|| Fault::not_found("script"))?)
}

async fn update(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (id, judge): (ScriptId, &Judge<Script, ScriptContent>),
    change: &Change,
) -> Result<Script, StoreError> {
    let present = lock(tx, organisation).await?;
    let before = living(tx, organisation, id).await?;
    let content = judge(&before)?;
    if content == before.content {
        return Ok(before);
    }
    check_etag(&change.etag, before.revision)?;
    refuse_taken(tx, organisation, &content.name, id).await?;
    let draft_digest = match content.document == before.content.document {
        true => before.draft_digest.clone(),
        false => digest(&content.document),
    };
    let script = Script {
        revision: next_revision(tx, organisation, present).await?,
        draft_digest,
        content,
        updated_at: change.by.at,
        ..before.clone()
    };
    let row = rows::script(organisation, &script);
    Entity::update(row).exec_without_returning(tx).await?;
    let contents = (Some(&before.content), Some(&script.content));
    record(tx, organisation, &change.by, done("script.update", id, contents)?).await?;
    Ok(script)
}

async fn publish(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (id, judge): (ScriptId, &Judge<Script, Release>),
    change: &Change,
) -> Result<(Script, Version), StoreError> {
    let present = lock(tx, organisation).await?;
    let before = living(tx, organisation, id).await?;
    let release = judge(&before)?;
    if before.digest == release.digest {
        let newest = find_version(tx, organisation, (id, before.version)).await?;
        let newest = newest.ok_or_else(|| super::broken("a published version that is not there"))?;
        return Ok((before, newest));
    }
    check_etag(&change.etag, before.revision)?;
    let version = Version {
        script: id,
        number: before.version + 1,
        document: release.document,
        digest: release.digest,
        at: change.by.at,
        by: change.by.name.clone(),
    };
    let script = Script {
        revision: next_revision(tx, organisation, present).await?,
        version: version.number,
        digest: version.digest.clone(),
        published_at: Some(version.at),
        updated_at: change.by.at,
        ..before.clone()
    };
    let row = rows::new_version(organisation, &version);
    version::Entity::insert(row).exec_without_returning(tx).await?;
    Entity::update(rows::script(organisation, &script))
        .exec_without_returning(tx)
        .await?;
    let done = Done {
        action: "script.publish",
        object: format!("script:{id} version:{}", version.number),
        before: Some(before.digest),
        after: Some(version.digest.clone()),
    };
    record(tx, organisation, &change.by, done).await?;
    Ok((script, version))
}

async fn delete(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (id, judge): (ScriptId, &Judge<Script, ()>),
    change: &Change,
) -> Result<(), StoreError> {
    let present = lock(tx, organisation).await?;
    let script = find(tx, organisation, id).await?;
    let script = script.ok_or_else(|| Fault::not_found("script"))?;
    judge(&script)?;
    if script.is_deleted {
        return Ok(());
    }
    check_etag(&change.etag, script.revision)?;
    let row = ActiveModel {
        organisation_id: Unchanged(organisation.uuid()),
        script_id: Unchanged(id.uuid()),
        revision: Set(next_revision(tx, organisation, present).await?),
        deleted_at: Set(Some(change.by.at.millis())),
        ..Default::default()
    };
    Entity::update(row).exec_without_returning(tx).await?;
    let done = done("script.delete", id, (Some(&script.content), None))?;
    record(tx, organisation, &change.by, done).await
}

async fn refuse_taken(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    name: &str,
    id: ScriptId,
) -> Result<(), StoreError> {
    let other = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::NameFolded.eq(fold(name)))
        .filter(Column::ScriptId.ne(id.uuid()))
        .filter(Column::DeletedAt.is_null());
    match other.one(tx).await? {
        None => Ok(()),
        Some(_) => Err(Fault::name_taken("script.name").into()),
    }
}
