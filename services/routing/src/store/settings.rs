//! What of routing holds for the whole organisation.

use super::entities::settings::{ActiveModel, Column, Entity};
use super::{Actor, Change, Done, Tables, check_etag, lock_configuration, next_revision, record, refused};
use onqueue_acd::Settings;
use onqueue_model::OrganisationId;
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, EntityTrait as _, ExprTrait as _, FromJsonQueryResult, QueryFilter as _, Set,
    prelude::Expr, sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};

/// As it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Content(pub Settings);

/// The settings at a revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrganisationSettings {
    /// Configuration revision of the last change; 0 before any.
    pub revision: i64,
    /// As the engine needs them.
    pub settings: Settings,
}

impl Tables {
    /// The organisation's settings; the defaults if nobody has changed them.
    pub async fn settings(&self, organisation: OrganisationId) -> Result<OrganisationSettings, StoreError> {
        find(self.0.reader(), organisation).await
    }

    /// Makes of the settings what `change` says. As they are if that is nothing else; otherwise the etag must be the current
    /// one.
    pub async fn update_settings(
        &self,
        organisation: OrganisationId,
        (change, etag): (Change<Settings>, String),
        by: Actor,
    ) -> Result<OrganisationSettings, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (change, etag, by) = (change.clone(), etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = find(tx, organisation).await?;
                let settings = change(&before.settings).map_err(refused)?;
                if settings == before.settings {
                    return Ok(before);
                }
                check_etag("settings.etag", &etag, before.revision)?;
                let revision = next_revision(tx, organisation).await?;
                let after = OrganisationSettings { revision, settings };
                write(tx, organisation, &after).await?;
                let updated = Done {
                    action: "settings.update",
                    object: format!("organisation:{organisation}"),
                    before: Some(text(&before)),
                    after: Some(text(&after)),
                };
                record(tx, organisation, &by, updated).await?;
                Ok(after)
            })
        });
        work.await
    }
}

async fn find<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
) -> Result<OrganisationSettings, StoreError> {
    let row = Scope::of(organisation).find::<Entity>().one(connection).await?;
    Ok(
        row.map_or_else(OrganisationSettings::default, |row| OrganisationSettings {
            revision: row.revision,
            settings: row.content.0,
        }),
    )
}

/// What the engine has not taken over yet.
pub(super) async fn pending<C: ConnectionTrait>(
    connection: &C,
    scope: Scope,
) -> Result<Option<OrganisationSettings>, StoreError> {
    let newer = Expr::col(Column::Revision).gt(Expr::col(Column::AppliedRevision));
    let row = scope.find::<Entity>().filter(newer).one(connection).await?;
    Ok(row.map(|row| OrganisationSettings {
        revision: row.revision,
        settings: row.content.0,
    }))
}

async fn write(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    settings: &OrganisationSettings,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        organisation_id: Set(organisation.uuid()),
        revision: Set(settings.revision),
        applied_revision: Set(0),
        content: Set(Content(settings.settings)),
    };
    let again = OnConflict::column(Column::OrganisationId)
        .update_columns([Column::Revision, Column::Content])
        .to_owned();
    Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Notes that the engine has the settings of that revision.
pub(super) async fn mark_applied(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    revision: i64,
) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::AppliedRevision, Expr::value(revision))
        .filter(Expr::col(Column::OrganisationId).eq(organisation.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

fn text(settings: &OrganisationSettings) -> String {
    serde_json::to_string(&settings.settings).unwrap_or_default()
}
