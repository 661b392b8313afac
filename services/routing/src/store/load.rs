//! Making an engine again: the newest snapshot and the rest of the log.

use super::leases::{check, shard};
use super::{Details, Fence, History, Tables, broken, entities, retention};
use onqueue_acd::{Command, Engine};
use onqueue_model::{InteractionId, OrganisationId, SHARDS, Timestamp};
use onqueue_server::resource::Once;
use onqueue_store::{Scope, StoreError};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set};
use std::collections::{BTreeMap, BTreeSet};

/// How many rows of the log are read at once.
const PAGE: u64 = 5_000;

/// An engine as its log left it.
#[derive(Debug)]
pub struct Loaded {
    /// The engine.
    pub engine: Engine,
    /// What was learnt along the log.
    pub history: History,
    /// Position of the last input that it has taken.
    pub position: i64,
    /// Position of the snapshot from which it was made; 0 without one.
    pub snapshot: i64,
}

impl Tables {
    /// Every organisation that has a queue or an agent.
    pub async fn organisations(&self) -> Result<BTreeSet<OrganisationId>, StoreError> {
        let heads = entities::head::Entity::find().all(self.0.reader()).await?;
        Ok(heads.into_iter().map(|head| head.organisation_id.into()).collect())
    }

    /// How far each shard's feed was read, by its number.
    pub async fn cursors(&self) -> Result<Vec<i64>, StoreError> {
        let mut cursors = vec![0; usize::from(SHARDS)];
        for row in entities::cursor::Entity::find().all(self.0.reader()).await? {
            if let Some(cursor) = usize::try_from(row.shard).ok().and_then(|shard| cursors.get_mut(shard)) {
                *cursor = row.number;
            }
        }
        Ok(cursors)
    }

    /// The organisation's engine, from its newest snapshot and the log after it.
    pub async fn load(&self, organisation: OrganisationId) -> Result<Loaded, StoreError> {
        use entities::snapshot::{Column, Entity};
        let newest = Scope::of(organisation)
            .find::<Entity>()
            .order_by_desc(Column::Position)
            .one(self.0.reader())
            .await?;
        let mut loaded = match newest {
            None => Loaded {
                engine: Engine::new(),
                history: History::default(),
                position: 0,
                snapshot: 0,
            },
            Some(row) => restored(&row)?,
        };
        while self.replay(organisation, &mut loaded).await? {}
        Ok(loaded)
    }

    /// Replays one page of the log; false at its end.
    async fn replay(&self, organisation: OrganisationId, loaded: &mut Loaded) -> Result<bool, StoreError> {
        use entities::log::{Column, Entity};
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::Position.gt(loaded.position))
            .order_by_asc(Column::Position)
            .limit(PAGE)
            .all(self.0.reader())
            .await?;
        let is_full = rows.len() as u64 == PAGE;
        for row in rows {
            if row.position != loaded.position + 1 {
                return Err(broken(format!(
                    "the routing log of {organisation} lacks {}",
                    loaded.position + 1
                )));
            }
            let command: Command = serde_json::from_str(&row.command).map_err(broken)?;
            let applied = loaded.engine.apply(Timestamp(row.at), command.clone());
            // Quarters that are over were written with the input with which they were.
            let _ = loaded.history.take(&loaded.engine, &command, &applied);
            loaded.position = row.position;
        }
        Ok(is_full)
    }

    /// What agents see of the organisation's interactions.
    pub async fn interactions(
        &self,
        organisation: OrganisationId,
    ) -> Result<BTreeMap<InteractionId, Details>, StoreError> {
        let rows = Scope::of(organisation)
            .find::<entities::interaction::Entity>()
            .all(self.0.reader())
            .await?;
        let details = rows.into_iter().map(|row| {
            let interaction = InteractionId {
                conversation: row.conversation_id.into(),
                opening: u32::try_from(row.opening).unwrap_or(u32::MAX),
            };
            let request = row.transfer_request_id.zip(row.transfer_request_hash);
            let transfer = request.and_then(|(request, hash)| {
                let hash = hash.try_into().ok()?;
                Some(Once { request, hash })
            });
            let details = Details {
                guest_name: row.guest_name,
                topic: row.topic,
                transfer,
            };
            (interaction, details)
        });
        Ok(details.collect())
    }

    /// Keeps a copy of an engine and its history, in a transaction of its own, and drops those between the two newest
    /// and one for each day.
    pub async fn save_snapshot(
        &self,
        fence: &Fence,
        organisation: OrganisationId,
        position: i64,
        at: Timestamp,
        (engine, history): (Vec<u8>, Vec<u8>),
    ) -> Result<(), StoreError> {
        let fence = fence.clone();
        let work = self.0.transaction(move |tx| {
            let row = entities::snapshot::ActiveModel {
                organisation_id: Set(organisation.uuid()),
                position: Set(position),
                at: Set(at.millis()),
                engine: Set(engine.clone()),
                history: Set(Some(history.clone())),
            };
            let fence = fence.clone();
            Box::pin(async move {
                check(tx, &fence, &BTreeSet::from([shard(organisation)])).await?;
                entities::snapshot::Entity::insert(row)
                    .exec_without_returning(tx)
                    .await?;
                retention::thin_out(tx, organisation).await
            })
        });
        work.await
    }
}

/// A snapshot that was written before there was any history goes on with one that begins there.
fn restored(row: &entities::snapshot::Model) -> Result<Loaded, StoreError> {
    let engine: Engine = serde_json::from_slice(&row.engine).map_err(broken)?;
    let history = match &row.history {
        Some(history) => serde_json::from_slice(history).map_err(broken)?,
        None => History::beginning_with(&engine),
    };
    Ok(Loaded {
        engine,
        history,
        position: row.position,
        snapshot: row.position,
    })
}
