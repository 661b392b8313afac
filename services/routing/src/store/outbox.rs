//! Reports that session has not answered yet.

use super::entities::report::{Column, Entity};
use super::{NewReport, Tables};
use onqueue_model::{ConversationId, InteractionId, OrganisationId};
use onqueue_store::StoreError;
use sea_orm::{
    Condition, EntityTrait as _, ExprTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, prelude::Expr,
};

/// How many are read at once.
const PAGE: u64 = 5_000;

/// Where a report stands in the outbox.
pub type ReportPlace = (OrganisationId, ConversationId, i64);

/// A report that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Where it stands in the outbox.
    pub fn place(&self) -> ReportPlace {
        (self.organisation, self.interaction.conversation, self.position)
    }
}

impl From<&NewReport> for Waiting {
    fn from(report: &NewReport) -> Self {
        Self {
            organisation: report.organisation,
            interaction: report.interaction,
            position: report.position,
            traceparent: report.traceparent.clone(),
            payload: report.payload.clone(),
        }
    }
}

impl Tables {
    /// The first that wait after that place, each conversation's in order.
    pub async fn waiting_reports(&self, after: Option<ReportPlace>) -> Result<Vec<Waiting>, StoreError> {
        let place = || {
            Expr::tuple([
                Expr::col(Column::OrganisationId),
                Expr::col(Column::ConversationId),
                Expr::col(Column::Position),
            ])
        };
        let later = after.map(|(organisation, conversation, position)| {
            place().gt(Expr::tuple([
                Expr::value(organisation.uuid()),
                Expr::value(conversation.uuid()),
                Expr::value(position),
            ]))
        });
        let rows = Entity::find()
            .filter(Condition::all().add_option(later))
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
