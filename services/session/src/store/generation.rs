//! Which generation of the logs this database holds.

use super::entities::log_generation::{Column, Entity};
use onqueue_store::{Store, StoreError};
use sea_orm::{EntityTrait as _, prelude::Expr};

/// The generation.
pub(crate) async fn current(store: &Store) -> Result<i64, StoreError> {
    let row = Entity::find().one(store.reader()).await?;
    let row = row.ok_or_else(|| StoreError::Broken("the logs have no generation".to_owned()))?;
    Ok(row.generation)
}

/// Begins another: a number that no earlier one had, also where the same backup is restored twice. Answers it.
pub(crate) async fn begin(store: &Store) -> Result<i64, StoreError> {
    let now = store.now().await?.millis();
    let next = Ord::max(current(store).await?, now) + 1;
    let moving = store.transaction(move |tx| {
        Box::pin(async move {
            Entity::update_many()
                .col_expr(Column::Generation, Expr::value(next))
                .exec(tx)
                .await?;
            Ok(())
        })
    });
    moving.await?;
    Ok(next)
}
