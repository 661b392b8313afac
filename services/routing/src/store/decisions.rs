//! Decision records.

use super::entities::decision::{Column, Entity, Model};
use super::entities::{queue, skill};
use super::{Tables, broken, configuration, listing, search};
use onqueue_acd::{Candidate, Decision, Exclusion, Explanation};
use onqueue_model::{
    ConversationId, DecisionId, DivisionId, Divisions, InteractionId, OrganisationId, QueueId, SkillId, Timestamp,
    UserId,
};
use onqueue_store::{Scope, StoreError, query::within};
use sea_orm::{ColumnTrait as _, Condition, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};
use uuid::Uuid;

/// Where a page of decisions about a conversation ended.
pub type DecisionPlace = i64;

/// Where a page of decisions by time ended: its last one's time and id.
pub type TimePlace = (i64, Uuid);

/// Kinds of records, as the table holds them.
const OFFER: i16 = 1;
const WAITING: i16 = 2;

/// What the engine said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Why an offer went to whom it went.
    Offer(Decision),
    /// Why one still waited.
    Waiting(Explanation),
}

impl Record {
    /// About which interaction.
    pub const fn interaction(&self) -> InteractionId {
        match self {
            Self::Offer(decision) => decision.interaction,
            Self::Waiting(explanation) => explanation.interaction,
        }
    }

    /// Of which queue.
    pub const fn queue(&self) -> QueueId {
        match self {
            Self::Offer(decision) => decision.queue,
            Self::Waiting(explanation) => explanation.queue,
        }
    }

    /// When.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Offer(decision) => decision.at,
            Self::Waiting(explanation) => explanation.at,
        }
    }

    /// Whom it was offered to, if it was.
    pub fn agent(&self) -> Option<UserId> {
        match self {
            Self::Offer(decision) => decision.candidates.first().map(|chosen| chosen.agent),
            Self::Waiting(_) => None,
        }
    }

    /// The best of those who could have had it.
    pub fn candidates(&self) -> &[Candidate] {
        match self {
            Self::Offer(decision) => &decision.candidates,
            Self::Waiting(explanation) => &explanation.candidates,
        }
    }

    /// Why others could not.
    pub fn excluded(&self) -> &[(Exclusion, u32)] {
        match self {
            Self::Offer(decision) => &decision.excluded,
            Self::Waiting(explanation) => &explanation.excluded,
        }
    }

    /// What was still asked for.
    pub fn skills(&self) -> &[SkillId] {
        match self {
            Self::Offer(decision) => &decision.skills,
            Self::Waiting(explanation) => &explanation.skills,
        }
    }

    pub(super) const fn kind(&self) -> i16 {
        match self {
            Self::Offer(_) => OFFER,
            Self::Waiting(_) => WAITING,
        }
    }

    pub(super) fn text(&self) -> Result<String, StoreError> {
        let text = match self {
            Self::Offer(decision) => serde_json::to_string(decision),
            Self::Waiting(explanation) => serde_json::to_string(explanation),
        };
        text.map_err(broken)
    }

    fn of(row: &Model) -> Result<Self, StoreError> {
        let record = match row.kind {
            OFFER => serde_json::from_str(&row.record).map(Self::Offer),
            WAITING => serde_json::from_str(&row.record).map(Self::Waiting),
            other => return Err(broken(format!("a decision of kind {other}"))),
        };
        record.map_err(broken)
    }
}

/// A record with the names that go with it.
#[derive(Clone, Debug)]
pub struct StoredDecision {
    /// Names it.
    pub id: DecisionId,
    /// Its place among the conversation's.
    pub position: DecisionPlace,
    /// The last input before it.
    pub log_position: i64,
    /// Configuration revision in force.
    pub revision: i64,
    /// What the engine said.
    pub record: Record,
    /// Names of the candidates.
    pub names: BTreeMap<UserId, String>,
}

impl StoredDecision {
    /// Its place in time.
    pub const fn time_place(&self) -> TimePlace {
        (self.record.at().millis(), self.id.uuid())
    }
}

impl Tables {
    /// The first `size` decisions about the conversation after `after`, of queues in these divisions. Each queue is read for
    /// itself: an index has the decisions of one in their order, and what is not to be seen is not read.
    pub async fn decisions(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        divisions: &Divisions,
        after: DecisionPlace,
        size: u64,
    ) -> Result<Vec<StoredDecision>, StoreError> {
        let all = about(organisation, conversation);
        let queues = self.queues_of(organisation, &all, divisions).await?;
        let pages = queues.into_iter().map(|queue| page(all.clone(), queue, after, size));
        let rows = listing::read(self.0.reader(), pages.collect()).await?;
        let rows = listing::first(rows, size, |row| row.position);
        self.told(organisation, rows).await
    }

    /// The newest `size` decisions in the queue before that place, from within that time; only the offers to the agent, if one
    /// is named.
    pub async fn decisions_in(
        &self,
        organisation: OrganisationId,
        (queue, agent): (QueueId, Option<UserId>),
        within: Range<i64>,
        before: Option<TimePlace>,
        size: u64,
    ) -> Result<Vec<StoredDecision>, StoreError> {
        let all = agent.map_or_else(|| every(organisation), |agent| offered_to(organisation, agent));
        let page = page_in_time(all, queue.uuid(), within, before, size);
        let rows = page.all(self.0.reader()).await?;
        self.told(organisation, rows).await
    }

    /// The newest `size` offers to the agent before that place, from within that time, of queues in these divisions; each queue
    /// is read for itself.
    pub async fn decisions_to(
        &self,
        organisation: OrganisationId,
        (agent, divisions): (UserId, &Divisions),
        within: Range<i64>,
        before: Option<TimePlace>,
        size: u64,
    ) -> Result<Vec<StoredDecision>, StoreError> {
        let all = offered_to(organisation, agent);
        let queues = self.queues_of(organisation, &all, divisions).await?;
        let pages = queues
            .into_iter()
            .map(|queue| page_in_time(all.clone(), queue, within.clone(), before, size));
        let rows = listing::read(self.0.reader(), pages.collect()).await?;
        let rows = listing::first(rows, size, |row| Reverse((row.at, row.decision_id)));
        self.told(organisation, rows).await
    }

    /// One decision.
    pub async fn decision(
        &self,
        organisation: OrganisationId,
        decision: DecisionId,
    ) -> Result<Option<StoredDecision>, StoreError> {
        let row = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::DecisionId.eq(decision.uuid()))
            .one(self.0.reader())
            .await?;
        let told = self.told(organisation, row.into_iter().collect()).await?;
        Ok(told.into_iter().next())
    }

    /// What the agents are called.
    pub async fn agent_names(
        &self,
        organisation: OrganisationId,
        users: &BTreeSet<UserId>,
    ) -> Result<BTreeMap<UserId, String>, StoreError> {
        let mut names = BTreeMap::new();
        let users: Vec<_> = users.iter().copied().collect();
        for some in users.chunks(super::ROWS) {
            let some = some.iter().copied().collect();
            names.extend(configuration::names(self.0.reader(), organisation, &some).await?);
        }
        Ok(names)
    }

    /// What the queue is called and where it belongs, also if it is no more; `None` if it never was.
    pub async fn belonging(
        &self,
        organisation: OrganisationId,
        queue: QueueId,
    ) -> Result<Option<(String, DivisionId)>, StoreError> {
        let found = Scope::of(organisation)
            .find::<queue::Entity>()
            .filter(queue::Column::QueueId.eq(queue.uuid()))
            .one(self.0.reader())
            .await?;
        Ok(found.map(|row| (row.name, row.division_id.into())))
    }

    /// What the skills are called, also those that are no more.
    pub async fn skill_names(
        &self,
        organisation: OrganisationId,
        skills: &BTreeSet<SkillId>,
    ) -> Result<BTreeMap<SkillId, String>, StoreError> {
        let mut names = BTreeMap::new();
        let ids: Vec<_> = skills.iter().map(|skill| skill.uuid()).collect();
        for some in ids.chunks(super::ROWS) {
            let found = Scope::of(organisation).find::<skill::Entity>();
            let found = found.filter(skill::Column::SkillId.is_in(some.iter().copied()));
            let rows = found.all(self.0.reader()).await?;
            names.extend(rows.into_iter().map(|row| (row.skill_id.into(), row.name)));
        }
        Ok(names)
    }

    async fn told(&self, organisation: OrganisationId, rows: Vec<Model>) -> Result<Vec<StoredDecision>, StoreError> {
        let mut decisions = Vec::with_capacity(rows.len());
        for row in rows {
            let record = Record::of(&row)?;
            let users = record.candidates().iter().map(|candidate| candidate.agent).collect();
            decisions.push(StoredDecision {
                id: row.decision_id.into(),
                position: row.position,
                log_position: row.log_position,
                revision: row.revision,
                names: self.agent_names(organisation, &users).await?,
                record,
            });
        }
        Ok(decisions)
    }

    /// The queues of these divisions of which these decisions are, about a conversation or to an agent; there are few of any
    /// division. Each is found as the next in the index after the one before.
    async fn queues_of(
        &self,
        organisation: OrganisationId,
        decisions: &Select<Entity>,
        divisions: &Divisions,
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut all: Vec<Uuid> = Vec::new();
        loop {
            let next = queue_after(decisions.clone(), all.last().copied());
            match next.into_tuple().one(self.0.reader()).await? {
                Some(queue) => all.push(queue),
                None => break,
            }
        }
        let visible = search::among(organisation, &all).filter(within(queue::Column::DivisionId, divisions));
        let visible = visible.select_only().column(queue::Column::QueueId);
        Ok(visible.into_tuple().all(self.0.reader()).await?)
    }
}

/// The next queue after that one of which any of these decisions is.
pub(super) fn queue_after(decisions: Select<Entity>, queue: Option<Uuid>) -> Select<Entity> {
    let later = queue.map(|queue| Column::QueueId.gt(queue));
    decisions
        .filter(Condition::all().add_option(later))
        .select_only()
        .column(Column::QueueId)
        .order_by_asc(Column::QueueId)
        .limit(1)
}

/// Of these decisions, those in the queue, in order.
pub(super) fn page(decisions: Select<Entity>, queue: Uuid, after: DecisionPlace, size: u64) -> Select<Entity> {
    decisions
        .filter(Column::QueueId.eq(queue))
        .filter(Column::Position.gt(after))
        .order_by_asc(Column::Position)
        .limit(size)
}

/// Of these decisions, those in the queue, the newest first. It says twice where a page begins: from the first an index knows
/// where to begin to read.
pub(super) fn page_in_time(
    decisions: Select<Entity>,
    queue: Uuid,
    within: Range<i64>,
    before: Option<TimePlace>,
    size: u64,
) -> Select<Entity> {
    let of_queue = decisions.filter(Column::QueueId.eq(queue));
    let from = of_queue.filter(Column::At.gte(within.start));
    let inside = match before.filter(|(at, _)| *at < within.end) {
        None => from.filter(Column::At.lt(within.end)),
        Some((at, id)) => {
            let earlier = Condition::any().add(Column::At.lt(at)).add(Column::DecisionId.lt(id));
            from.filter(Column::At.lte(at)).filter(earlier)
        }
    };
    inside
        .order_by_desc(Column::At)
        .order_by_desc(Column::DecisionId)
        .limit(size)
}

pub(super) fn every(organisation: OrganisationId) -> Select<Entity> {
    Scope::of(organisation).find::<Entity>()
}

pub(super) fn about(organisation: OrganisationId, conversation: ConversationId) -> Select<Entity> {
    every(organisation).filter(Column::ConversationId.eq(conversation.uuid()))
}

pub(super) fn offered_to(organisation: OrganisationId, agent: UserId) -> Select<Entity> {
    every(organisation).filter(Column::AgentId.eq(agent.uuid()))
}
