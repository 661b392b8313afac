//! Why routing did what it did and what it has not done yet, for those who may know.

use super::explain::{AgentStanding, Explainer, WaitingNow};
use super::{Routing, agent_not_found};
use crate::store::{DecisionPlace, Record, StoredDecision, TimePlace};
use crate::wording::Unavailable;
use onqueue_acd::{Applied, Candidate, Decision, Effect, Engine, Exclusion, Explanation, Recording};
use onqueue_model::{
    Caller, ConversationId, DecisionId, Fault, OrganisationId, QueueId, Reason, SkillId, UserId, permissions,
};
use onqueue_server::resource::Page;
use std::{
    collections::{BTreeMap, btree_map},
    ops::Range,
};

/// How many candidates are listed at most.
const CANDIDATES: usize = 10_000;

/// How many candidates a record names.
const NAMED: usize = 10;

/// From one time to another, in milliseconds; the end is not in it.
pub type Span = Range<i64>;

/// Which decisions are listed by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// Those in a queue; only the offers to an agent, if one is named.
    Queue(QueueId, Option<UserId>),
    /// The offers to an agent, in whatever queue.
    Agent(UserId),
}

/// A decision, with everybody who was eligible if that was asked for.
#[derive(Debug)]
pub struct Found {
    pub decision: StoredDecision,
    pub queue_name: String,
    /// What skills are called.
    pub skills: BTreeMap<SkillId, String>,
    pub all: Option<Result<Vec<(Candidate, String)>, Unavailable>>,
}

impl Routing {
    /// The decisions about the conversation, in order, of queues in divisions where the caller may read them.
    pub async fn list_decisions(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        after: DecisionPlace,
        size: u64,
    ) -> Result<Page<Found, DecisionPlace>, Fault> {
        let divisions = self.divisions(caller, permissions::DECISION_VIEW);
        let tables = &self.tables;
        let decisions = tables.decisions(caller.organisation, conversation, &divisions, after, size + 1);
        let page = Page::of(decisions.await?, size, |decision| decision.position);
        self.named(caller, page).await
    }

    /// The decisions that are sought, the newest first, of queues in divisions where the caller may read them. QUEUE_NOT_FOUND
    /// for a queue that is named, also if the caller may not read its decisions.
    pub async fn list_decisions_by_time(
        &self,
        caller: &Caller,
        (sought, span): (Sought, Span),
        before: Option<TimePlace>,
        size: u64,
    ) -> Result<Page<Found, TimePlace>, Fault> {
        let (tables, organisation) = (&self.tables, caller.organisation);
        let decisions = match sought {
            Sought::Queue(queue, agent) => {
                if !self.may_read(caller, queue).await? {
                    return Err(Fault::new(Reason::QueueNotFound, "there is no queue of this id"));
                }
                let found = tables.decisions_in(organisation, (queue, agent), span, before, size + 1);
                found.await?
            }
            Sought::Agent(agent) => {
                let divisions = self.divisions(caller, permissions::DECISION_VIEW);
                let found = tables.decisions_to(organisation, (agent, &divisions), span, before, size + 1);
                found.await?
            }
        };
        let page = Page::of(decisions, size, StoredDecision::time_place);
        self.named(caller, page).await
    }

    /// One decision. NOT_FOUND, also for one that the caller may not read.
    pub async fn get_decision(&self, caller: &Caller, decision: DecisionId, extent: Extent) -> Result<Found, Fault> {
        let organisation = caller.organisation;
        let found = self.tables.decision(organisation, decision).await?;
        let found = found.ok_or_else(|| Fault::not_found("decision"))?;
        if !self.may_read(caller, found.record.queue()).await? {
            return Err(Fault::not_found("decision"));
        }
        let all = match extent {
            Extent::AsRecorded => None,
            Extent::Everybody => Some(self.everybody(organisation, &found).await?),
        };
        let page = Page {
            items: vec![found],
            next: None::<DecisionPlace>,
        };
        let named = self.named(caller, page).await?.items.into_iter().next();
        let named = named.ok_or_else(|| Fault::internal("a decision got lost"))?;
        Ok(Found { all, ..named })
    }

    /// Why the conversation waits, as of now. CONVERSATION_NOT_FOUND, also if the caller may not know.
    pub async fn explain_waiting(&self, caller: &Caller, conversation: ConversationId) -> Result<WaitingNow, Fault> {
        let divisions = self.divisions(caller, permissions::DECISION_VIEW);
        let looked = self.owner.look(caller.organisation, move |host, now| {
            let explainer = Explainer::new(host, now);
            let division = explainer.division(conversation)?;
            divisions.contains(&division).then(|| explainer.waiting(conversation))?
        });
        looked.await?.ok_or_else(conversation_not_found)
    }

    /// Where the agent stands with the conversation, as of now. CONVERSATION_NOT_FOUND, also if the caller may not know.
    pub async fn explain_agent(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        user: UserId,
    ) -> Result<AgentStanding, Fault> {
        let divisions = self.divisions(caller, permissions::DECISION_VIEW);
        let looked = self.owner.look(caller.organisation, move |host, now| {
            let explainer = Explainer::new(host, now);
            let division = explainer.division(conversation)?;
            divisions
                .contains(&division)
                .then(|| explainer.agent(conversation, user).ok_or_else(agent_not_found))
        });
        looked.await?.ok_or_else(conversation_not_found)?
    }

    async fn named<P>(&self, caller: &Caller, page: Page<StoredDecision, P>) -> Result<Page<Found, P>, Fault> {
        let organisation = caller.organisation;
        let skills = page.items.iter().flat_map(|decision| skills_of(&decision.record));
        let skills = self.tables.skill_names(organisation, &skills.collect()).await?;
        let mut queues = BTreeMap::new();
        for decision in &page.items {
            let queue = decision.record.queue();
            if let btree_map::Entry::Vacant(place) = queues.entry(queue) {
                place.insert(self.tables.belonging(organisation, queue).await?);
            }
        }
        let found = page.items.into_iter().map(|decision| {
            let queue = queues.get(&decision.record.queue()).cloned().flatten();
            Found {
                queue_name: queue.map(|(name, _)| name).unwrap_or_default(),
                skills: skills.clone(),
                decision,
                all: None,
            }
        });
        Ok(Page {
            items: found.collect(),
            next: page.next,
        })
    }

    /// Whether the caller may read decisions of the queue.
    async fn may_read(&self, caller: &Caller, queue: QueueId) -> Result<bool, Fault> {
        let divisions = self.divisions(caller, permissions::DECISION_VIEW);
        let belonging = self.tables.belonging(caller.organisation, queue).await?;
        Ok(belonging.is_some_and(|(_, division)| divisions.contains(&division)))
    }

    /// Everybody who was eligible, found by doing again what the log says.
    async fn everybody(
        &self,
        organisation: OrganisationId,
        decision: &StoredDecision,
    ) -> Result<Result<Vec<(Candidate, String)>, Unavailable>, Fault> {
        let _one = self.replays.acquire().await.map_err(Fault::unavailable)?;
        let candidates = match &decision.record {
            Record::Offer(offer) => self.repeat_offer(organisation, decision.log_position, offer).await?,
            Record::Waiting(waiting) => {
                self.repeat_waiting(organisation, decision.log_position, waiting)
                    .await?
            }
        };
        let mut candidates = match candidates {
            Ok(candidates) => candidates,
            Err(why) => return Ok(Err(why)),
        };
        candidates.truncate(CANDIDATES);
        let users = candidates.iter().map(|candidate| candidate.agent).collect();
        let names = self.tables.agent_names(organisation, &users).await?;
        let named = candidates.into_iter().map(|candidate| {
            let name = names.get(&candidate.agent).cloned().unwrap_or_default();
            (candidate, name)
        });
        Ok(Ok(named.collect()))
    }

    async fn repeat_offer(
        &self,
        organisation: OrganisationId,
        position: i64,
        offer: &Decision,
    ) -> Result<Result<Vec<Candidate>, Unavailable>, Fault> {
        let before = position - 1;
        let engine = self.tables.engine_at(organisation, before).await?;
        let input = self
            .tables
            .inputs(organisation, before, position)
            .await?
            .into_iter()
            .next();
        let (Some(engine), Some(input)) = (engine, input) else {
            return Ok(Err(Unavailable::OutOfRetention));
        };
        let applied = engine.with_recording(Recording::Whole).apply(input.at, input.command);
        Ok(same_offer(applied, offer).ok_or(Unavailable::NotRepeatable))
    }

    async fn repeat_waiting(
        &self,
        organisation: OrganisationId,
        position: i64,
        waiting: &Explanation,
    ) -> Result<Result<Vec<Candidate>, Unavailable>, Fault> {
        let Some(engine) = self.tables.engine_at(organisation, position).await? else {
            return Ok(Err(Unavailable::OutOfRetention));
        };
        Ok(same_waiting(&engine, waiting).ok_or(Unavailable::NotRepeatable))
    }
}

/// How much of a decision is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    AsRecorded,
    Everybody,
}

fn conversation_not_found() -> Fault {
    Fault::new(Reason::ConversationNotFound, "there is no conversation of this id")
}

/// Those that were asked for, and those that were missing.
fn skills_of(record: &Record) -> impl Iterator<Item = SkillId> {
    let missing = record.excluded().iter().filter_map(|(exclusion, _)| match exclusion {
        Exclusion::MissingSkill(skill) => Some(*skill),
        _ => None,
    });
    record.skills().iter().copied().chain(missing)
}

/// Everybody who was eligible, if the decision came about again just as it is recorded.
fn same_offer(applied: Applied, recorded: &Decision) -> Option<Vec<Candidate>> {
    let decisions = applied.effects.into_iter().filter_map(|effect| match effect {
        Effect::DecisionRecorded { decision } => Some(decision),
        _ => None,
    });
    let whole = decisions
        .into_iter()
        .find(|decision| decision.offer == recorded.offer)?;
    let named = whole.candidates.iter().take(recorded.candidates.len()).copied();
    let again = Decision {
        candidates: named.collect(),
        ..whole.clone()
    };
    (again == *recorded && recorded.candidates.len() <= NAMED).then_some(whole.candidates)
}

fn same_waiting(engine: &Engine, recorded: &Explanation) -> Option<Vec<Candidate>> {
    let again = engine.explain(recorded.interaction, recorded.at)?;
    let all = engine.all_candidates(recorded.interaction, recorded.at)?;
    (again == *recorded).then_some(all)
}
