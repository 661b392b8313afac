//! Who had which interaction in hand, and what they said of how it went.

use super::entities::wrap_up::{ActiveModel, Column, Entity};
use super::entities::{queue, wrap_up_code};
use super::{ROWS, Tables, configuration, search};
use onqueue_model::{
    ConversationId, Divisions, InteractionId, OrganisationId, QueueId, Timestamp, UserId, WrapUpCodeId,
};
use onqueue_store::{Scope, StoreError, query::within};
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set, prelude::Expr, sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What one transaction writes of them.
#[derive(Clone, Debug, Default)]
pub struct WrapUps {
    /// Who got which interaction, of which queue; the last one of each counts.
    pub handled: BTreeMap<(OrganisationId, InteractionId, UserId), QueueId>,
    /// What they said.
    pub said: Vec<(OrganisationId, InteractionId, UserId, Said)>,
}

/// What an agent said of how a conversation went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// By which code, if by any.
    pub code: Option<WrapUpCodeId>,
    /// In their own words.
    pub notes: String,
    /// When.
    pub at: Timestamp,
}

/// An interaction that an agent has or had in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handled {
    /// Which.
    pub interaction: InteractionId,
    /// Of which queue they got it.
    pub queue: QueueId,
    /// What they have said of it.
    pub said: Option<Said>,
}

/// What was said, with the names that go with it.
#[derive(Clone, Debug)]
pub struct StoredWrapUp {
    /// Of which interaction.
    pub interaction: InteractionId,
    /// Of which queue.
    pub queue: QueueId,
    /// By whom.
    pub user: UserId,
    /// As others see them.
    pub agent_name: String,
    /// What.
    pub said: Said,
    /// The code's name; empty without one.
    pub code_name: String,
}

/// Where a page of them ended: when it was said, the opening, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WrapUpPlace(pub i64, pub i64, pub UserId);

impl Tables {
    /// The last opening of the conversation that the agent has or had in hand.
    pub async fn handled(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        user: UserId,
    ) -> Result<Option<Handled>, StoreError> {
        let row = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::ConversationId.eq(conversation.uuid()))
            .filter(Column::UserId.eq(user.uuid()))
            .order_by_desc(Column::Opening)
            .one(self.0.reader())
            .await?;
        Ok(row.map(|row| Handled {
            interaction: interaction(row.conversation_id, row.opening),
            queue: row.queue_id.into(),
            said: row.at.map(|at| said(row.code_id, row.notes, at)),
        }))
    }

    /// The first `size` wrap-ups of the conversation after `after`, of queues in these divisions. There are as many as agents
    /// had it.
    pub async fn wrap_ups(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        divisions: &Divisions,
        (after, size): (Option<WrapUpPlace>, u64),
    ) -> Result<Vec<StoredWrapUp>, StoreError> {
        let connection = self.0.reader();
        let place = [Column::At, Column::Opening, Column::UserId].map(Expr::col);
        let later = after.map(|WrapUpPlace(at, opening, user)| {
            let bound = [Expr::value(at), Expr::value(opening), Expr::value(user.uuid())];
            Expr::tuple(place).gt(Expr::tuple(bound))
        });
        let all: Vec<Uuid> = of(organisation, conversation)
            .select_only()
            .column(Column::QueueId)
            .distinct()
            .into_tuple()
            .all(connection)
            .await?;
        let visible = search::among(organisation, &all).filter(within(queue::Column::DivisionId, divisions));
        let visible = visible.select_only().column(queue::Column::QueueId);
        let visible: Vec<Uuid> = visible.into_tuple().all(connection).await?;
        let rows = of(organisation, conversation)
            .filter(Column::At.is_not_null())
            .filter(Column::QueueId.is_in(visible))
            .filter(Condition::all().add_option(later))
            .order_by_asc(Column::At)
            .order_by_asc(Column::Opening)
            .order_by_asc(Column::UserId)
            .limit(size)
            .all(connection)
            .await?;
        let users: BTreeSet<UserId> = rows.iter().map(|row| row.user_id.into()).collect();
        let names = configuration::names(connection, organisation, &users).await?;
        let codes = self
            .code_names(organisation, rows.iter().filter_map(|row| row.code_id))
            .await?;
        let stored = rows.into_iter().map(|row| StoredWrapUp {
            interaction: interaction(row.conversation_id, row.opening),
            queue: row.queue_id.into(),
            user: row.user_id.into(),
            agent_name: names.get(&row.user_id.into()).cloned().unwrap_or_default(),
            code_name: row
                .code_id
                .and_then(|code| codes.get(&code).cloned())
                .unwrap_or_default(),
            said: said(row.code_id, row.notes, row.at.unwrap_or_default()),
        });
        Ok(stored.collect())
    }

    async fn code_names(
        &self,
        organisation: OrganisationId,
        codes: impl Iterator<Item = Uuid>,
    ) -> Result<BTreeMap<Uuid, String>, StoreError> {
        let rows = Scope::of(organisation)
            .find::<wrap_up_code::Entity>()
            .filter(wrap_up_code::Column::CodeId.is_in(codes))
            .all(self.0.reader())
            .await?;
        Ok(rows.into_iter().map(|row| (row.code_id, row.name)).collect())
    }
}

fn of(organisation: OrganisationId, conversation: ConversationId) -> sea_orm::Select<Entity> {
    let all = Scope::of(organisation).find::<Entity>();
    all.filter(Column::ConversationId.eq(conversation.uuid()))
}

fn interaction(conversation: Uuid, opening: i64) -> InteractionId {
    InteractionId {
        conversation: conversation.into(),
        opening: u32::try_from(opening).unwrap_or(u32::MAX),
    }
}

fn said(code: Option<Uuid>, notes: String, at: i64) -> Said {
    Said {
        code: code.map(WrapUpCodeId::from),
        notes,
        at: Timestamp(at),
    }
}

/// Who gets an interaction again keeps what they have said of it.
pub(super) async fn write(tx: &DatabaseTransaction, wrap_ups: &WrapUps) -> Result<(), StoreError> {
    let handled: Vec<_> = wrap_ups.handled.iter().map(row).collect();
    let again = OnConflict::columns([
        Column::OrganisationId,
        Column::ConversationId,
        Column::Opening,
        Column::UserId,
    ])
    .update_column(Column::QueueId)
    .to_owned();
    for some in handled.chunks(ROWS) {
        Entity::insert_many(some.to_vec())
            .on_conflict(again.clone())
            .exec_without_returning(tx)
            .await?;
    }
    for (organisation, interaction, user, said) in &wrap_ups.said {
        Entity::update_many()
            .col_expr(Column::CodeId, Expr::value(said.code.map(WrapUpCodeId::uuid)))
            .col_expr(Column::Notes, Expr::value(said.notes.clone()))
            .col_expr(Column::At, Expr::value(Some(said.at.millis())))
            .filter(Column::OrganisationId.eq(organisation.uuid()))
            .filter(Column::ConversationId.eq(interaction.conversation.uuid()))
            .filter(Column::Opening.eq(i64::from(interaction.opening)))
            .filter(Column::UserId.eq(user.uuid()))
            .exec(tx)
            .await?;
    }
    Ok(())
}

fn row((key, queue): (&(OrganisationId, InteractionId, UserId), &QueueId)) -> ActiveModel {
    let (organisation, interaction, user) = key;
    ActiveModel {
        organisation_id: Set(organisation.uuid()),
        conversation_id: Set(interaction.conversation.uuid()),
        opening: Set(i64::from(interaction.opening)),
        user_id: Set(user.uuid()),
        queue_id: Set(queue.uuid()),
        code_id: Set(None),
        notes: Set(String::new()),
        at: Set(None),
    }
}
