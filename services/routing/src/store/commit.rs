//! The owner's transaction: inputs and everything that follows from them, under the fence.

use super::leases::{check, shard};
use super::wrap_ups::{self, WrapUps};
use super::{
    Audited, Fence, NewPack, Parcel, ROWS, Record, Tables, at_once, broken, entities, intervals, lock_configuration,
    settings,
};
use onqueue_acd::{Command, metrics::Interval};
use onqueue_model::{ConversationId, DecisionId, InteractionId, OrganisationId, QueueId, Shard, Timestamp, UserId};
use onqueue_server::resource::Once;
use onqueue_store::{Scoped, StoreError};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait as _, DatabaseTransaction, EntityTrait, ExprTrait as _,
    IntoActiveModel, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set, prelude::Expr, sea_query::OnConflict,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use uuid::Uuid;

/// How many ids go into one query.
const IDS: usize = 10_000;

/// One input as it was given to an engine.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Whose engine.
    pub organisation: OrganisationId,
    /// 1, 2, 3 … in the organisation.
    pub position: i64,
    /// The time given to the engine.
    pub at: Timestamp,
    /// The input.
    pub command: Command,
    /// W3C trace context of what caused it.
    pub traceparent: Option<String>,
    /// The epoch of the owner.
    pub epoch: i64,
}

/// A decision to be kept.
#[derive(Clone, Debug)]
pub struct NewDecision {
    /// Whose.
    pub organisation: OrganisationId,
    /// Names it.
    pub id: DecisionId,
    /// Its place among the conversation's decisions.
    pub position: i64,
    /// The last input before it.
    pub log_position: i64,
    /// Configuration revision in force.
    pub revision: i64,
    /// What the engine said.
    pub record: Record,
}

/// What routing itself does not need of an interaction but agents see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// As the guest called themselves.
    pub guest_name: String,
    /// What it is about.
    pub topic: String,
    /// The request that transferred it last.
    pub transfer: Option<Once>,
}

/// What one transaction of the owner holds.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Inputs.
    pub log: Vec<Logged>,
    /// Decisions.
    pub decisions: Vec<NewDecision>,
    /// Quarters of an hour that are over.
    pub intervals: Vec<(OrganisationId, Interval)>,
    /// For session.
    pub packs: Vec<NewPack>,
    /// Interactions that came.
    pub opened: Vec<(OrganisationId, InteractionId, Details)>,
    /// Interactions that need nobody any more.
    pub ended: Vec<(OrganisationId, InteractionId)>,
    /// How far the feed was read.
    pub cursors: BTreeMap<Shard, i64>,
    /// Queues whose revision the engine now has.
    pub applied_queues: Vec<(OrganisationId, QueueId, i64)>,
    /// Agents whose revision the engine now has.
    pub applied_agents: Vec<(OrganisationId, UserId, i64)>,
    /// Settings whose revision the engine now has.
    pub applied_settings: Vec<(OrganisationId, i64)>,
    /// Reports that session has answered.
    pub delivered: Delivered,
    /// Interactions that were transferred by a request.
    pub transferred: Vec<(OrganisationId, InteractionId, Once)>,
    /// Who got which interaction, and what they said of it.
    pub wrap_ups: WrapUps,
    /// For the audit trail.
    pub audited: Vec<Audited>,
}

/// Reports that are not to be kept any more.
#[derive(Clone, Debug, Default)]
pub struct Delivered {
    /// From before they were packed.
    pub singles: Vec<(OrganisationId, ConversationId, i64)>,
    /// Packs of which all are answered.
    pub packs: Vec<(OrganisationId, i64)>,
}

impl Delivered {
    fn is_empty(&self) -> bool {
        self.singles.is_empty() && self.packs.is_empty()
    }

    fn organisations(&self) -> impl Iterator<Item = OrganisationId> {
        let singles = self.singles.iter().map(|(organisation, ..)| *organisation);
        singles.chain(self.packs.iter().map(|(organisation, _)| *organisation))
    }
}

impl Extend<Parcel> for Delivered {
    fn extend<I: IntoIterator<Item = Parcel>>(&mut self, delivered: I) {
        for parcel in delivered {
            match parcel {
                Parcel::Single(organisation, conversation, position) => {
                    self.singles.push((organisation, conversation, position));
                }
                Parcel::Pack(organisation, place) => self.packs.push((organisation, place)),
            }
        }
    }
}

impl Batch {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.only_tidies() && self.delivered.is_empty()
    }

    /// Whether there is nothing to write but that reports need not be kept any more, which nothing depends on.
    pub fn only_tidies(&self) -> bool {
        self.log.is_empty() && self.decisions.is_empty() && self.cursors.is_empty()
    }

    fn shards(&self) -> BTreeSet<Shard> {
        let inputs = self.log.iter().map(|logged| logged.organisation);
        let decisions = self.decisions.iter().map(|decision| decision.organisation);
        let all = inputs.chain(decisions).chain(self.delivered.organisations());
        // A shard is a hash: once for each organisation, not for each of its rows.
        let organisations: BTreeSet<_> = all.collect();
        let of_cursors = self.cursors.keys().copied();
        organisations.into_iter().map(shard).chain(of_cursors).collect()
    }
}

impl Tables {
    /// Writes the batch if every shard it touches is still held; otherwise nothing, and the error is a refusal.
    pub async fn commit(&self, fence: &Fence, batch: Arc<Batch>) -> Result<(), StoreError> {
        if self.0.takes_alone() && at_once::fits(&batch) {
            return at_once::write(self, fence, &batch.shards(), &batch).await;
        }
        let fence = fence.clone();
        let work = self.0.transaction(move |tx| {
            let (fence, batch) = (fence.clone(), Arc::clone(&batch));
            Box::pin(async move {
                check(tx, &fence, &batch.shards()).await?;
                write(tx, &batch).await
            })
        });
        work.await
    }
}

async fn write(tx: &DatabaseTransaction, batch: &Batch) -> Result<(), StoreError> {
    // One writer at a time adds to an organisation's audit trail: who changes its configuration holds the same lock.
    let audited: BTreeSet<_> = batch.audited.iter().map(|audited| audited.organisation).collect();
    for organisation in audited {
        lock_configuration(tx, organisation).await?;
    }
    let logged: Result<Vec<_>, _> = batch.log.iter().map(log_row).collect();
    insert::<entities::log::Entity>(tx, logged?).await?;
    let decisions: Result<Vec<_>, _> = batch.decisions.iter().map(decision_row).collect();
    insert::<entities::decision::Entity>(tx, decisions?).await?;
    for (organisation, interval) in &batch.intervals {
        insert::<entities::interval::Entity>(tx, intervals::rows(*organisation, interval)?).await?;
    }
    insert::<entities::report_pack::Entity>(tx, batch.packs.iter().map(pack_row).collect()).await?;
    let opened = batch.opened.iter().map(interaction_row).collect();
    insert::<entities::interaction::Entity>(tx, opened).await?;
    remember_transfers(tx, &batch.transferred).await?;
    wrap_ups::write(tx, &batch.wrap_ups).await?;
    forget(tx, &batch.ended).await?;
    deliver(tx, &batch.delivered).await?;
    mark_applied(tx, batch).await?;
    for (organisation, revision) in &batch.applied_settings {
        settings::mark_applied(tx, *organisation, *revision).await?;
    }
    move_cursors(tx, &batch.cursors).await?;
    for audited in &batch.audited {
        audited.write(tx).await?;
    }
    Ok(())
}

/// Inserts the rows, however many.
async fn insert<E>(tx: &DatabaseTransaction, rows: Vec<E::Model>) -> Result<(), StoreError>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel> + Clone,
    E::ActiveModel: ActiveModelTrait<Entity = E> + ActiveModelBehavior + Send,
{
    for some in rows.chunks(ROWS) {
        let models = some.iter().cloned().map(fresh::<E>);
        E::insert_many(models).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Every column of the row is to be written.
fn fresh<E>(row: E::Model) -> E::ActiveModel
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    row.into_active_model().reset_all()
}

pub(super) fn log_row(logged: &Logged) -> Result<entities::log::Model, StoreError> {
    Ok(entities::log::Model {
        organisation_id: logged.organisation.uuid(),
        position: logged.position,
        at: logged.at.millis(),
        command: serde_json::to_string(&logged.command).map_err(broken)?,
        traceparent: logged.traceparent.clone(),
        epoch: logged.epoch,
    })
}

pub(super) fn decision_row(new: &NewDecision) -> Result<entities::decision::Model, StoreError> {
    Ok(entities::decision::Model {
        organisation_id: new.organisation.uuid(),
        decision_id: new.id.uuid(),
        conversation_id: new.record.interaction().conversation.uuid(),
        queue_id: new.record.queue().uuid(),
        position: new.position,
        log_position: new.log_position,
        revision: new.revision,
        at: new.record.at().millis(),
        record: new.record.text()?,
        kind: new.record.kind(),
        agent_id: new.record.agent().map(UserId::uuid),
    })
}

pub(super) fn pack_row(pack: &NewPack) -> entities::report_pack::Model {
    entities::report_pack::Model {
        organisation_id: pack.organisation.uuid(),
        place: pack.place,
        reports: i64::try_from(pack.reports).unwrap_or(i64::MAX),
        payload: pack.payload.clone(),
    }
}

pub(super) fn interaction_row(opened: &(OrganisationId, InteractionId, Details)) -> entities::interaction::Model {
    let (organisation, interaction, details) = opened;
    entities::interaction::Model {
        organisation_id: organisation.uuid(),
        conversation_id: interaction.conversation.uuid(),
        opening: i64::from(interaction.opening),
        guest_name: details.guest_name.clone(),
        topic: details.topic.clone(),
        transfer_request_id: details.transfer.map(|once| once.request),
        transfer_request_hash: details.transfer.map(|once| once.hash.to_vec()),
    }
}

async fn remember_transfers(
    tx: &DatabaseTransaction,
    transferred: &[(OrganisationId, InteractionId, Once)],
) -> Result<(), StoreError> {
    use entities::interaction::{Column, Entity};
    for (organisation, interaction, once) in transferred {
        Entity::update_many()
            .col_expr(Column::TransferRequestId, Expr::value(once.request))
            .col_expr(Column::TransferRequestHash, Expr::value(once.hash.to_vec()))
            .filter(Column::OrganisationId.eq(organisation.uuid()))
            .filter(Column::ConversationId.eq(interaction.conversation.uuid()))
            .filter(Column::Opening.eq(i64::from(interaction.opening)))
            .exec(tx)
            .await?;
    }
    Ok(())
}

async fn forget(tx: &DatabaseTransaction, ended: &[(OrganisationId, InteractionId)]) -> Result<(), StoreError> {
    use entities::interaction::{Column, Entity};
    let keys = ended.iter().map(|(organisation, interaction)| {
        let opening = i64::from(interaction.opening);
        (*organisation, (interaction.conversation.uuid(), opening))
    });
    delete::<Entity>(tx, keys, (Column::ConversationId, Column::Opening)).await
}

async fn deliver(tx: &DatabaseTransaction, delivered: &Delivered) -> Result<(), StoreError> {
    use entities::report::{Column, Entity};
    let singles = delivered.singles.iter();
    let keys = singles.map(|(organisation, conversation, position)| (*organisation, (conversation.uuid(), *position)));
    delete::<Entity>(tx, keys, (Column::ConversationId, Column::Position)).await?;
    unpack(tx, &delivered.packs).await
}

async fn unpack(tx: &DatabaseTransaction, packs: &[(OrganisationId, i64)]) -> Result<(), StoreError> {
    use entities::report_pack::{Column, Entity};
    let mut by_organisation: BTreeMap<OrganisationId, Vec<i64>> = BTreeMap::new();
    for (organisation, place) in packs {
        by_organisation.entry(*organisation).or_default().push(*place);
    }
    for (organisation, places) in by_organisation {
        for some in places.chunks(ROWS) {
            Entity::delete_many()
                .filter(Column::OrganisationId.eq(organisation.uuid()))
                .filter(Column::Place.is_in(some.iter().copied()))
                .exec(tx)
                .await?;
        }
    }
    Ok(())
}

/// However many at once: where the database is slow, each statement makes the next batch longer. SQLite finds them by
/// the conversation alone.
async fn delete<E: Scoped>(
    tx: &DatabaseTransaction,
    keys: impl Iterator<Item = (OrganisationId, (Uuid, i64))>,
    (conversation, number): (E::Column, E::Column),
) -> Result<(), StoreError> {
    let mut by_organisation: BTreeMap<OrganisationId, Vec<(Uuid, i64)>> = BTreeMap::new();
    for (organisation, key) in keys {
        by_organisation.entry(organisation).or_default().push(key);
    }
    for (organisation, keys) in by_organisation {
        for some in keys.chunks(ROWS) {
            let columns = [Expr::col(conversation), Expr::col(number)];
            E::delete_many()
                .filter(E::ORGANISATION.eq(organisation.uuid()))
                .filter(conversation.is_in(some.iter().map(|(conversation, _)| *conversation)))
                .filter(Expr::tuple(columns).in_tuples(some.iter().copied()))
                .exec(tx)
                .await?;
        }
    }
    Ok(())
}

/// In the order of the ids: see `members::touch`.
async fn mark_applied(tx: &DatabaseTransaction, batch: &Batch) -> Result<(), StoreError> {
    let queues: BTreeSet<_> = batch.applied_queues.iter().collect();
    let agents: BTreeSet<_> = batch.applied_agents.iter().collect();
    for (organisation, queue, revision) in queues {
        use entities::queue::{Column, Entity};
        Entity::update_many()
            .col_expr(Column::AppliedRevision, Expr::value(*revision))
            .filter(Column::OrganisationId.eq(organisation.uuid()))
            .filter(Column::QueueId.eq(queue.uuid()))
            .exec(tx)
            .await?;
    }
    let mut by_organisation: BTreeMap<OrganisationId, BTreeMap<Uuid, i64>> = BTreeMap::new();
    for (organisation, agent, revision) in agents {
        let agents = by_organisation.entry(*organisation).or_default();
        agents.insert(agent.uuid(), *revision);
    }
    for (organisation, agents) in by_organisation {
        let agents: Vec<_> = agents.into_iter().collect();
        for some in agents.chunks(IDS) {
            mark_agents(tx, organisation, some).await?;
        }
    }
    Ok(())
}

/// However many agents come at once, so that an organisation of any size can be taken over within a transaction's time. Who
/// was changed again since is still to be taken over, and is not marked.
async fn mark_agents(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    agents: &[(Uuid, i64)],
) -> Result<(), StoreError> {
    use entities::agent::{Column, Entity};
    let rows: Vec<(Uuid, i64)> = Entity::find()
        .select_only()
        .columns([Column::UserId, Column::Revision])
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::UserId.is_in(agents.iter().map(|(agent, _)| *agent)))
        .order_by_asc(Column::UserId)
        .lock_exclusive()
        .into_tuple()
        .all(tx)
        .await?;
    let taken: BTreeSet<_> = agents.iter().copied().collect();
    let unchanged = rows.into_iter().filter(|row| taken.contains(row));
    Entity::update_many()
        .col_expr(Column::AppliedRevision, Expr::col(Column::Revision))
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::UserId.is_in(unchanged.map(|(agent, _)| agent)))
        .exec(tx)
        .await?;
    Ok(())
}

async fn move_cursors(tx: &DatabaseTransaction, cursors: &BTreeMap<Shard, i64>) -> Result<(), StoreError> {
    use entities::cursor::{ActiveModel, Column, Entity};
    if cursors.is_empty() {
        return Ok(());
    }
    let rows = cursors.iter().map(|(shard, number)| ActiveModel {
        shard: Set(shard.number()),
        number: Set(*number),
    });
    let moved = OnConflict::column(Column::Shard)
        .update_column(Column::Number)
        .to_owned();
    Entity::insert_many(rows)
        .on_conflict(moved)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}
