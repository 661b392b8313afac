//! Reports that session has not answered yet.

use super::Tables;
use super::entities::report::{Column, Entity};
use onqueue_model::{ConversationId, InteractionId, OrganisationId};
use onqueue_store::StoreError;
use sea_orm::{EntityTrait as _, QueryOrder as _, QuerySelect as _};

/// How many are read at once.
const PAGE: u64 = 5_000;

/// A report that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Whose.
    pub organisation: OrganisationId,
    /// About which interaction.
    pub interaction: InteractionId,
    /// Its place among the conversation's reports.
    pub position: i64,
    /// W3C trace context of what caused it.
    pub traceparent: Option<String>,
    /// The request, encoded.
    pub payload: Vec<u8>,
}

impl Waiting {
    /// What it goes in order with.
    pub fn line(&self) -> (OrganisationId, ConversationId) {
        (self.organisation, self.interaction.conversation)
    }
}

impl Tables {
    /// What waits, each conversation's in order.
    pub async fn waiting_reports(&self) -> Result<Vec<Waiting>, StoreError> {
        let rows = Entity::find()
            .order_by_asc(Column::OrganisationId)
            .order_by_asc(Column::ConversationId)
            .order_by_asc(Column::Position)
            .limit(PAGE)
            .all(self.0.reader())
            .await?;
        let waiting = rows.into_iter().map(|row| Waiting {
            organisation: row.organisation_id.into(),
            interaction: InteractionId {
                conversation: row.conversation_id.into(),
                opening: u32::try_from(row.opening).unwrap_or(u32::MAX),
            },
            position: row.position,
            traceparent: row.traceparent,
            payload: row.payload,
        });
        Ok(waiting.collect())
    }
}
