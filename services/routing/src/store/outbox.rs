//! Reports that session has not answered yet: packed as they were committed, and, from before they were packed, one by one.

use super::Tables;
use super::entities::{report, report_pack};
use onqueue_model::{ConversationId, OrganisationId};
use onqueue_store::StoreError;
use sea_orm::{
    Condition, EntityTrait, ExprTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, prelude::Expr,
};

/// How many single reports are read at once.
const ROWS: u64 = 5_000;

/// How many packs are read at once.
const PACKS: u64 = 200;

/// Names what is kept in one row, until all reports in it are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parcel {
    /// One report, at its place among the conversation's. No more are written in this way.
    Single(OrganisationId, ConversationId, i64),
    /// Those of one transaction, at their place among the organisation's packs.
    Pack(OrganisationId, i64),
}

/// Reports of one transaction to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPack {
    /// Whose.
    pub organisation: OrganisationId,
    /// Rises from pack to pack of an organisation.
    pub place: i64,
    /// How many reports are in it.
    pub reports: usize,
    /// All of them, encoded.
    pub payload: Vec<u8>,
}

/// What is read of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Names it.
    pub parcel: Parcel,
    /// W3C trace context of what caused a single report; packs have their reports' within.
    pub traceparent: Option<String>,
    /// The report, or all of the pack, encoded.
    pub payload: Vec<u8>,
}

impl Tables {
    /// The first that wait after that place, each conversation's in order: the single ones, which are older, then the packs.
    pub async fn undelivered(&self, after: Option<Parcel>) -> Result<Vec<Undelivered>, StoreError> {
        if !matches!(after, Some(Parcel::Pack(..))) {
            let singles = self.single_reports(after).await?;
            if !singles.is_empty() {
                return Ok(singles);
            }
        }
        self.report_packs(after).await
    }

    async fn single_reports(&self, after: Option<Parcel>) -> Result<Vec<Undelivered>, StoreError> {
        use report::{Column, Entity};
        let key = [Column::OrganisationId, Column::ConversationId, Column::Position];
        let place = Expr::tuple(key.map(Expr::col));
        let later = match after {
            Some(Parcel::Single(organisation, conversation, position)) => Some(place.gt(Expr::tuple([
                Expr::value(organisation.uuid()),
                Expr::value(conversation.uuid()),
                Expr::value(position),
            ]))),
            _ => None,
        };
        let rows = Entity::find()
            .filter(Condition::all().add_option(later))
            .order_by_asc(Column::OrganisationId)
            .order_by_asc(Column::ConversationId)
            .order_by_asc(Column::Position)
            .limit(ROWS)
            .all(self.0.reader())
            .await?;
        let single = |row: report::Model| Undelivered {
            parcel: Parcel::Single(row.organisation_id.into(), row.conversation_id.into(), row.position),
            traceparent: row.traceparent,
            payload: row.payload,
        };
        Ok(rows.into_iter().map(single).collect())
    }

    async fn report_packs(&self, after: Option<Parcel>) -> Result<Vec<Undelivered>, StoreError> {
        use report_pack::{Column, Entity};
        let place = Expr::tuple([Column::OrganisationId, Column::Place].map(Expr::col));
        let later = match after {
            Some(Parcel::Pack(organisation, last)) => {
                Some(place.gt(Expr::tuple([Expr::value(organisation.uuid()), Expr::value(last)])))
            }
            _ => None,
        };
        let rows = Entity::find()
            .filter(Condition::all().add_option(later))
            .order_by_asc(Column::OrganisationId)
            .order_by_asc(Column::Place)
            .limit(PACKS)
            .all(self.0.reader())
            .await?;
        let pack = |row: report_pack::Model| Undelivered {
            parcel: Parcel::Pack(row.organisation_id.into(), row.place),
            traceparent: None,
            payload: row.payload,
        };
        Ok(rows.into_iter().map(pack).collect())
    }
}
