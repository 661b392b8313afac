//! History by quarters of an hour.

use super::entities::interval::{Column, Entity, Model};
use super::entities::queue;
use super::{Tables, broken};
use onqueue_acd::Medium;
use onqueue_acd::metrics::{AgentTally, Interval, QueueTally};
use onqueue_model::{Divisions, OrganisationId, QueueId, Timestamp, UserId};
use onqueue_store::{Scope, StoreError, query::within};
use sea_orm::{
    ColumnTrait as _, Condition, ExprTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    Select, prelude::Expr,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use uuid::Uuid;

/// How rows of queues and of agents are told apart.
const QUEUE: i16 = 1;
const AGENT: i16 = 2;

/// Where a page of history ended: in which quarter, and with whom.
pub type IntervalPlace = (i64, Uuid);

/// A quarter of an hour of one queue or agent.
#[derive(Clone, Debug)]
pub struct Past<Id, Tally> {
    /// When it began.
    pub start: Timestamp,
    /// Whose it is.
    pub id: Id,
    /// As it is called now.
    pub name: String,
    /// What happened.
    pub tally: Tally,
}

impl<Id: Copy + Into<Uuid>, Tally> Past<Id, Tally> {
    /// Its place among all.
    pub fn place(&self) -> IntervalPlace {
        (self.start.millis(), self.id.into())
    }
}

/// Which quarters.
#[derive(Clone, Debug)]
pub struct Span {
    /// Those that begin in it.
    pub time: Range<Timestamp>,
    /// What comes after this place.
    pub after: Option<IntervalPlace>,
    /// At most so many.
    pub size: u64,
}

impl Tables {
    /// What happened in queues of these divisions, in these queues only if there are any; in order of time, then of ids.
    pub async fn queue_history(
        &self,
        organisation: OrganisationId,
        queues: &BTreeSet<QueueId>,
        divisions: &Divisions,
        span: &Span,
    ) -> Result<Vec<Past<QueueId, QueueTally>>, StoreError> {
        let named = queues.iter().map(|queue| queue.uuid()).collect();
        let rows = page(organisation, QUEUE, named, span);
        let rows = match divisions {
            Divisions::All => rows,
            Divisions::Only(_) => rows.filter(Column::SubjectId.in_subquery(visible(organisation, divisions))),
        };
        let rows = rows.all(self.0.reader()).await?;
        let ids = rows.iter().map(|row| row.subject_id).collect();
        let names = self.queue_names(organisation, ids).await?;
        let past = rows.into_iter().map(|row| {
            let media: Vec<(Medium, QueueTally)> = serde_json::from_str(&row.tally).map_err(broken)?;
            let mut tally = QueueTally::default();
            media.iter().for_each(|(_, of_medium)| tally.merge(of_medium));
            Ok(named_past(&row, &names, tally))
        });
        past.collect()
    }

    /// What agents did; these only if there are any. In order of time, then of ids.
    pub async fn agent_history(
        &self,
        organisation: OrganisationId,
        agents: &BTreeSet<UserId>,
        span: &Span,
    ) -> Result<Vec<Past<UserId, AgentTally>>, StoreError> {
        let named = agents.iter().map(|agent| agent.uuid()).collect();
        let rows = page(organisation, AGENT, named, span).all(self.0.reader()).await?;
        let ids: BTreeSet<UserId> = rows.iter().map(|row| row.subject_id.into()).collect();
        let names = self.agent_names(organisation, &ids).await?;
        let past = rows.into_iter().map(|row| {
            let tally: AgentTally = serde_json::from_str(&row.tally).map_err(broken)?;
            Ok(named_past(&row, &names, tally))
        });
        past.collect()
    }

    async fn queue_names(
        &self,
        organisation: OrganisationId,
        ids: BTreeSet<Uuid>,
    ) -> Result<BTreeMap<QueueId, String>, StoreError> {
        let rows: Vec<(Uuid, String)> = Scope::of(organisation)
            .find::<queue::Entity>()
            .select_only()
            .columns([queue::Column::QueueId, queue::Column::Name])
            .filter(queue::Column::QueueId.is_in(ids))
            .into_tuple()
            .all(self.0.reader())
            .await?;
        Ok(rows.into_iter().map(|(id, name)| (id.into(), name)).collect())
    }
}

/// Ids of the queues of these divisions, also of those that are no more.
fn visible(organisation: OrganisationId, divisions: &Divisions) -> sea_orm::sea_query::SelectStatement {
    Scope::of(organisation)
        .find::<queue::Entity>()
        .filter(within(queue::Column::DivisionId, divisions))
        .select_only()
        .column(queue::Column::QueueId)
        .into_query()
}

pub(super) fn page(organisation: OrganisationId, subject: i16, named: Vec<Uuid>, span: &Span) -> Select<Entity> {
    let begin = span.time.start.millis();
    let first = span.after.map_or(begin, |(start, _)| std::cmp::max(start, begin));
    let later = span.after.map(|(start, id)| {
        let columns = [Expr::col(Column::StartAt), Expr::col(Column::SubjectId)];
        Expr::tuple(columns).gt(Expr::tuple([Expr::value(start), Expr::value(id)]))
    });
    let these = (!named.is_empty()).then(|| Column::SubjectId.is_in(named));
    Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::Subject.eq(subject))
        .filter(Column::StartAt.gte(first))
        .filter(Column::StartAt.lt(span.time.end.millis()))
        .filter(Condition::all().add_option(later).add_option(these))
        .order_by_asc(Column::StartAt)
        .order_by_asc(Column::SubjectId)
        .limit(span.size)
}

fn named_past<Id: From<Uuid> + Ord, Tally>(row: &Model, names: &BTreeMap<Id, String>, tally: Tally) -> Past<Id, Tally> {
    let id = row.subject_id.into();
    Past {
        start: Timestamp(row.start_at),
        name: names.get(&id).cloned().unwrap_or_default(),
        id,
        tally,
    }
}

/// The rows of a quarter that is over.
pub(super) fn rows(organisation: OrganisationId, interval: &Interval) -> Result<Vec<Model>, StoreError> {
    let mut queues: BTreeMap<QueueId, Vec<(Medium, &QueueTally)>> = BTreeMap::new();
    for ((queue, medium), tally) in &interval.queues {
        queues.entry(*queue).or_default().push((*medium, tally));
    }
    let row = |subject, subject_id, tally: serde_json::Result<String>| {
        Ok(Model {
            organisation_id: organisation.uuid(),
            subject,
            start_at: interval.start.millis(),
            subject_id,
            tally: tally.map_err(broken)?,
        })
    };
    let queues = queues
        .iter()
        .map(|(queue, media)| row(QUEUE, queue.uuid(), serde_json::to_string(media)));
    let agents = interval
        .agents
        .iter()
        .map(|(agent, tally)| row(AGENT, agent.uuid(), serde_json::to_string(tally)));
    queues.chain(agents).collect()
}
