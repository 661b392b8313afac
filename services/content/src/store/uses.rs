//! How often responses are used.

use super::Tables;
use super::entities::{response, usage};
use onqueue_model::{OrganisationId, ResponseId, Timestamp};
use onqueue_store::StoreError;
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _, Set, prelude::Expr,
    sea_query::OnConflict,
};
use std::sync::Arc;

impl Tables {
    /// Counts a use, once for each message, and answers how many there were by now. It does not wait for changes of the
    /// organisation's responses, and is none.
    pub async fn record_use(
        &self,
        organisation: OrganisationId,
        response: ResponseId,
        message: String,
        at: Timestamp,
    ) -> Result<i64, StoreError> {
        let message = Arc::new(message);
        let work = self.0.transaction(move |tx| {
            let message = Arc::clone(&message);
            Box::pin(async move {
                if is_first(tx, organisation, response, (&message, at)).await? {
                    count(tx, organisation, response, at).await?;
                }
                let row = super::responses::find(tx, organisation, response).await?;
                Ok(row.map_or(0, |response| response.uses))
            })
        });
        work.await
    }
}

async fn is_first(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    response: ResponseId,
    (message, at): (&str, Timestamp),
) -> Result<bool, StoreError> {
    use usage::{ActiveModel, Column, Entity};
    let row = ActiveModel {
        organisation_id: Set(organisation.uuid()),
        response_id: Set(response.uuid()),
        client_message_id: Set(message.to_owned()),
        used_at: Set(at.millis()),
    };
    let counted = OnConflict::columns([Column::OrganisationId, Column::ResponseId, Column::ClientMessageId])
        .do_nothing()
        .to_owned();
    let inserted = Entity::insert(row)
        .on_conflict(counted)
        .exec_without_returning(tx)
        .await?;
    Ok(inserted == 1)
}

async fn count(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    response: ResponseId,
    at: Timestamp,
) -> Result<(), StoreError> {
    use response::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::Uses, Expr::col(Column::Uses).add(1))
        .col_expr(Column::LastUsedAt, Expr::value(at.millis()))
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::ResponseId.eq(response.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}
