//! What waits, alerts and is in hand, as callers may see it.

use super::Routing;
use super::host::Host;
use onqueue_acd::{Engine, InteractionPlace, InteractionView, Medium, Proficiency, Rank, Stage};
use onqueue_model::{
    Caller, ConversationId, DivisionId, Divisions, Fault, InteractionId, LabelId, Language, QueueId, Reason, SkillId,
    Timestamp, UserId, permissions,
};
use onqueue_server::resource::Page;
use serde::{Deserialize, Serialize};

/// An interaction as a caller sees it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InteractionNow {
    /// Which.
    pub id: InteractionId,
    /// The queue it came into.
    pub queue: QueueId,
    /// Its name.
    pub queue_name: String,
    /// Where it is.
    pub state: State,
    /// Whom it alerts, or who has it, with their name.
    pub agent: Option<(UserId, String)>,
    /// What kind of work it is.
    pub medium: Medium,
    /// When it came into the queue.
    pub entered: Timestamp,
    /// What is open to it.
    pub stage: Stage,
    /// More is served sooner.
    pub priority: i32,
    /// Skills that it asks for, with the least proficiency and their name.
    pub skills: Vec<(SkillId, Proficiency, String)>,
    /// The language; `None` is any.
    pub language: Option<Language>,
    /// Preferred agents with their score and name.
    pub preferred: Vec<(UserId, u8, String)>,
    /// Whom the customer had last.
    pub last_agent: Option<UserId>,
    /// Labels with a utilization of their own.
    pub labels: Vec<LabelId>,
    /// As the customer called themselves; empty for who may not know.
    pub guest_name: String,
    /// What it is about; likewise.
    pub topic: String,
    /// Its place among all.
    pub rank: Rank,
    /// Who keeps the customer until an attended transfer is accepted.
    pub kept_by: Option<UserId>,
}

/// Where an interaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In line.
    Waiting,
    /// Offered to somebody.
    Alerting,
    /// In somebody's hands.
    Held,
}

/// In which order interactions are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By id.
    Id,
    /// As they are served.
    Rank,
}

/// Which interactions are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Which {
    /// Of this queue only.
    pub queue: Option<QueueId>,
    /// In this state only.
    pub state: Option<State>,
    /// In which order.
    pub order: Order,
}

/// Where a page of interactions ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// In the order of ids.
    Id(InteractionId),
    /// In the order of ranks.
    Rank(Rank),
}

/// Where a caller may do something, and see.
#[derive(Clone, Debug)]
pub struct Rights {
    permission: &'static str,
    wanted: Divisions,
    seen: Divisions,
    customers: [Divisions; 2],
}

impl Rights {
    /// The interaction, if the caller may do that with it. PERMISSION_MISSING if they may see but not do it, else
    /// CONVERSATION_NOT_FOUND.
    pub fn find<'h>(&self, host: &'h Host, conversation: ConversationId) -> Result<InteractionView<'h>, Fault> {
        let interaction = host.live(conversation).ok_or_else(not_found)?;
        let division = host.names().division(interaction.queue).ok_or_else(not_found)?;
        if self.wanted.contains(&division) {
            return Ok(interaction);
        }
        if self.seen.contains(&division) {
            let missing = Fault::missing_named(self.permission);
            return Err(missing.with("resource", format!("queue:{}", interaction.queue)));
        }
        Err(not_found())
    }

    /// The interaction as they see it.
    pub fn show(&self, host: &Host, interaction: &InteractionView<'_>) -> InteractionNow {
        let division = host.names().division(interaction.queue);
        let knows = |division: DivisionId| self.customers.iter().any(|held| held.contains(&division));
        now(host, interaction, division.is_some_and(knows))
    }

    /// The conversation's as they see it.
    pub fn show_live(&self, host: &Host, conversation: ConversationId) -> Result<InteractionNow, Fault> {
        let interaction = host.live(conversation).ok_or_else(not_found)?;
        Ok(self.show(host, &interaction))
    }

    /// The same by its id; CONVERSATION_NOT_FOUND if it is over.
    pub fn show_id(&self, host: &Host, id: InteractionId) -> Result<InteractionNow, Fault> {
        let interaction = host.engine().interaction(id).ok_or_else(not_found)?;
        Ok(self.show(host, &interaction))
    }
}

impl Routing {
    /// Where the caller may do that. PERMISSION_MISSING if nowhere.
    pub(super) fn rights(&self, caller: &Caller, permission: &'static str) -> Result<Rights, Fault> {
        self.context.trust.may(caller, permission)?;
        let held = |permission| self.divisions(caller, permission);
        Ok(Rights {
            permission,
            wanted: held(permission),
            seen: held(permissions::QUEUE_VIEW),
            customers: [held(permissions::COMMUNICATION_VIEW), held(permissions::WEBCHAT_PULL)],
        })
    }

    /// One interaction.
    pub async fn get_interaction(
        &self,
        caller: &Caller,
        conversation: ConversationId,
    ) -> Result<InteractionNow, Fault> {
        let rights = self.rights(caller, permissions::QUEUE_VIEW)?;
        let found = self.owner.look(caller.organisation, move |host, _| {
            let interaction = rights.find(host, conversation)?;
            Ok(rights.show(host, &interaction))
        });
        found.await?
    }

    /// Interactions of queues that the caller may see. CURSOR_MALFORMED for a mark of another order.
    pub async fn list_interactions(
        &self,
        caller: &Caller,
        which: Which,
        after: Option<Mark>,
        size: u64,
    ) -> Result<Page<InteractionNow, Mark>, Fault> {
        let rights = self.rights(caller, permissions::QUEUE_VIEW)?;
        let fits = match after {
            None => true,
            Some(Mark::Id(_)) => which.order == Order::Id,
            Some(Mark::Rank(_)) => which.order == Order::Rank,
        };
        if !fits {
            return Err(Fault::new(
                Reason::CursorMalformed,
                "this page token is of a list in another order; begin without one",
            ));
        }
        let most = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
        let found = self.owner.look(caller.organisation, move |host, _| {
            let listed = listed(host, &rights, (which, after), most);
            let shown = listed.into_iter().filter_map(|id| rights.show_id(host, id).ok());
            shown.collect::<Vec<_>>()
        });
        let mark = |last: &InteractionNow| match which.order {
            Order::Id => Mark::Id(last.id),
            Order::Rank => Mark::Rank(last.rank),
        };
        Ok(Page::of(found.await?, size, mark))
    }
}

/// The first so many after the mark.
fn listed(host: &Host, rights: &Rights, (which, after): (Which, Option<Mark>), most: usize) -> Vec<InteractionId> {
    let may_see = |it: &InteractionView<'_>| {
        let division = host.names().division(it.queue);
        division.is_some_and(|division| rights.wanted.contains(&division))
    };
    let is_wanted = |it: &InteractionView<'_>| {
        which.queue.is_none_or(|queue| queue == it.queue) && which.state.is_none_or(|wanted| wanted == state(it))
    };
    let is_later = |it: &InteractionView<'_>| match after {
        None => true,
        Some(Mark::Id(last)) => it.id > last,
        Some(Mark::Rank(last)) => it.rank > last,
    };
    let all = in_order(host.engine(), which);
    let wanted = all.filter(|it| is_later(it) && is_wanted(it) && may_see(it));
    match which.order {
        Order::Id => wanted.take(most).map(|it| it.id).collect(),
        Order::Rank => first(wanted.map(|it| (it.rank, it.id)).collect(), most),
    }
}

/// Those that may be wanted; by id unless they wait in one queue.
fn in_order(engine: &Engine, which: Which) -> Box<dyn Iterator<Item = InteractionView<'_>> + '_> {
    match (which.queue, which.state, which.order) {
        (Some(queue), Some(State::Waiting), Order::Rank) => Box::new(engine.waiting(queue)),
        _ => Box::new(engine.interactions()),
    }
}

/// The first so many by rank.
fn first(mut ranked: Vec<(Rank, InteractionId)>, most: usize) -> Vec<InteractionId> {
    if ranked.len() > most {
        ranked.select_nth_unstable(most);
        ranked.truncate(most);
    }
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, id)| id).collect()
}

const fn state(interaction: &InteractionView<'_>) -> State {
    match interaction.place {
        InteractionPlace::Waiting => State::Waiting,
        InteractionPlace::Alerting { .. } => State::Alerting,
        InteractionPlace::Held { .. } => State::Held,
    }
}

fn now(host: &Host, interaction: &InteractionView<'_>, knows_customer: bool) -> InteractionNow {
    let (names, asked) = (host.names(), interaction.requirements);
    let details = host.details(interaction.id);
    let customer = |text: String| if knows_customer { text } else { String::new() };
    let agent = match interaction.place {
        InteractionPlace::Waiting => None,
        InteractionPlace::Alerting { agent, .. } | InteractionPlace::Held { agent, .. } => Some(agent),
    };
    let skills = asked.skills.iter();
    let preferred = asked.preferred.iter();
    InteractionNow {
        id: interaction.id,
        queue: interaction.queue,
        queue_name: names.queue(interaction.queue),
        state: state(interaction),
        agent: agent.map(|agent| (agent, names.agent(agent))),
        medium: asked.medium,
        entered: interaction.entered,
        stage: interaction.stage,
        priority: asked.priority,
        skills: skills
            .map(|(skill, least)| (*skill, *least, names.skill(*skill)))
            .collect(),
        language: asked.language.clone(),
        preferred: preferred
            .map(|(user, score)| (*user, *score, names.agent(*user)))
            .collect(),
        last_agent: asked.last_agent,
        labels: asked.labels.iter().copied().collect(),
        guest_name: customer(details.guest_name),
        topic: customer(details.topic),
        rank: interaction.rank,
        kept_by: host.keeper(interaction),
    }
}

pub fn not_found() -> Fault {
    Fault::new(Reason::ConversationNotFound, "there is no conversation of this id")
}
