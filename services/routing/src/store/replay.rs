//! The engine as it was: a snapshot and the log after it, up to a place.

use super::{Tables, broken, entities};
use onqueue_acd::{Command, Engine};
use onqueue_model::{OrganisationId, Timestamp};
use onqueue_store::{Scope, StoreError};
use sea_orm::{ColumnTrait as _, Order, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::ops::RangeInclusive;

/// How many rows of the log are read at once.
const PAGE: u64 = 1_000;

/// One input of the log.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its place.
    pub position: i64,
    /// When it was given to the engine.
    pub at: Timestamp,
    /// What it was.
    pub command: Command,
}

/// An engine, and the last input that it has taken.
struct Reached {
    engine: Engine,
    position: i64,
}

impl Tables {
    /// The engine as the input at that place left it; `None` if what is kept of the log does not lead there.
    pub async fn engine_at(&self, organisation: OrganisationId, position: i64) -> Result<Option<Engine>, StoreError> {
        let mut reached = self.snapshot_before(organisation, position).await?;
        while reached.position < position {
            let inputs = self.inputs(organisation, reached.position, position).await?;
            if inputs.first().map(|input| input.position) != Some(reached.position + 1) {
                return Ok(None);
            }
            for input in inputs {
                let _ = reached.engine.apply(input.at, input.command);
                reached.position = input.position;
            }
        }
        Ok(Some(reached.engine))
    }

    /// The next inputs after that place, up to and with `last`, as many as are read at once; each the one after that before.
    pub async fn inputs(&self, organisation: OrganisationId, after: i64, last: i64) -> Result<Vec<Input>, StoreError> {
        use entities::log::{Column, Entity};
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::Position.gt(after))
            .filter(Column::Position.lte(last))
            .order_by_asc(Column::Position)
            .limit(PAGE)
            .all(self.0.reader())
            .await?;
        let mut inputs: Vec<Input> = Vec::with_capacity(rows.len());
        for row in rows {
            if inputs.last().is_some_and(|before| before.position + 1 != row.position) {
                return Err(broken(format!(
                    "the routing log of {organisation} lacks inputs before {}",
                    row.position
                )));
            }
            inputs.push(Input {
                position: row.position,
                at: Timestamp(row.at),
                command: serde_json::from_str(&row.command).map_err(broken)?,
            });
        }
        Ok(inputs)
    }

    /// The first and the last input that are kept; `None` without any.
    pub async fn log_extent(&self, organisation: OrganisationId) -> Result<Option<RangeInclusive<i64>>, StoreError> {
        use entities::log::{Column, Entity};
        let end = |order: Order| {
            let log = Scope::of(organisation).find::<Entity>().select_only();
            log.column(Column::Position).order_by(Column::Position, order).limit(1)
        };
        let first: Option<i64> = end(Order::Asc).into_tuple().one(self.0.reader()).await?;
        let last: Option<i64> = end(Order::Desc).into_tuple().one(self.0.reader()).await?;
        Ok(first.zip(last).map(|(first, last)| first..=last))
    }

    /// The oldest snapshot that is kept, with its place.
    pub async fn oldest_snapshot(&self, organisation: OrganisationId) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        use entities::snapshot::{Column, Entity};
        let oldest = Scope::of(organisation)
            .find::<Entity>()
            .order_by_asc(Column::Position)
            .limit(1)
            .one(self.0.reader())
            .await?;
        Ok(oldest.map(|row| (row.position, row.engine)))
    }

    /// The newest snapshot at that place or before; an engine that knows nobody where there is none.
    async fn snapshot_before(&self, organisation: OrganisationId, position: i64) -> Result<Reached, StoreError> {
        use entities::snapshot::{Column, Entity};
        let row = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::Position.lte(position))
            .order_by_desc(Column::Position)
            .one(self.0.reader())
            .await?;
        let engine = row.as_ref().map(|row| serde_json::from_slice(&row.engine));
        let position = row.as_ref().map_or(0, |row| row.position);
        Ok(Reached {
            engine: engine.transpose().map_err(broken)?.unwrap_or_default(),
            position,
        })
    }
}
