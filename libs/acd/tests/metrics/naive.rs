//! Counts slowly what metrics count: by comparing what the engine shows before and after each command, never by its effects,
//! apart from offers, of which several may come and go in one command.

use crate::world::Step;
use onqueue_acd::metrics::{AgentCounts, AgentTally, QueueTally, WindowTally};
use onqueue_acd::{AgentState, Command, Effect, Engine, InteractionPlace, Medium, OfferEnd, Refusal, ServiceTarget};
use onqueue_model::{InteractionId, OfferId, QueueId, UserId};
use std::collections::{BTreeMap, BTreeSet};

type Key = (QueueId, Medium);

/// Something that counts, at a time.
#[derive(Clone, Copy, Debug)]
pub enum Fact {
    Entered(Entry),
    Refused,
    Offered(UserId),
    OfferEnded(UserId, OfferEnd),
    Answered(UserId, u64, ServiceTarget),
    Abandoned(u64, ServiceTarget),
    Redirected,
    Lost,
    TransferredOut(UserId),
    Handled(UserId, u64, Option<u64>),
}

#[derive(Clone, Copy, Debug)]
pub enum Entry {
    Enqueued,
    Transferred,
    Returned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    queue: QueueId,
    medium: Medium,
    place: InteractionPlace,
    stands_for: Option<InteractionId>,
}

impl Seen {
    fn holder(&self) -> Option<(UserId, OfferId)> {
        match self.place {
            InteractionPlace::Held { agent, offer } => Some((agent, offer)),
            _ => None,
        }
    }
}

fn passed_on(
    before: &BTreeMap<InteractionId, Seen>,
    after: &BTreeMap<InteractionId, Seen>,
    step: &Step,
) -> BTreeSet<InteractionId> {
    let new = match step.command {
        Command::TransferAttended { interaction, held, .. } if !before.contains_key(&interaction) => {
            Some((interaction, held))
        }
        _ => None,
    };
    let former = before.iter().filter_map(|(id, was)| Some((*id, was.stands_for?)));
    let stands_for_itself = |id: &InteractionId| after.get(id).is_some_and(|is| is.stands_for.is_none());
    former
        .chain(new)
        .filter(|(id, _)| stands_for_itself(id))
        .map(|(_, held)| held)
        .collect()
}

/// Everything that was seen.
#[derive(Default)]
pub struct Naive {
    now: i64,
    seen: BTreeMap<InteractionId, Seen>,
    entered: BTreeMap<InteractionId, i64>,
    taken: BTreeMap<InteractionId, i64>,
    /// Talks that are over, with after-contact work that goes on: talk time, and since when.
    work: BTreeMap<(UserId, InteractionId), (Key, u64, i64)>,
    /// What somebody else has accepted in this step in an attended transfer.
    passed_on: BTreeSet<InteractionId>,
    /// Talks that ended in this step.
    ended: Vec<(InteractionId, UserId, Key, u64)>,
    offers: BTreeMap<OfferId, Key>,
    targets: BTreeMap<QueueId, ServiceTarget>,
    states: BTreeMap<UserId, AgentState>,
    pub facts: Vec<(i64, Key, Fact)>,
    pub spans: Vec<(UserId, AgentState, i64, i64)>,
}

impl Naive {
    /// Takes up a step; the engine is as it was left by that.
    pub fn see(&mut self, engine: &Engine, step: &Step) {
        self.see_agents(engine, step.at.millis());
        self.now = step.at.millis();
        let after: BTreeMap<_, _> = engine
            .interactions()
            .map(|interaction| {
                let seen = Seen {
                    queue: interaction.queue,
                    medium: interaction.requirements.medium,
                    place: interaction.place,
                    stands_for: interaction.stands_for,
                };
                (interaction.id, seen)
            })
            .collect();
        if let Command::UpsertQueue { queue } = &step.command {
            self.targets.insert(queue.id, queue.service_target);
        }
        self.see_offers(step, &after);
        let before = std::mem::take(&mut self.seen);
        self.passed_on = passed_on(&before, &after, step);
        for (id, was) in &before {
            self.compare(*id, was, after.get(id), step);
        }
        for (id, is) in after.iter().filter(|(id, _)| !before.contains_key(id)) {
            let attended = matches!(step.command, Command::TransferAttended { interaction, .. } if interaction == *id);
            let entry = if attended { Entry::Transferred } else { Entry::Enqueued };
            self.enter(*id, is, entry);
        }
        self.see_work(engine);
        self.see_refusal(step);
        self.seen = after;
    }

    fn see_refusal(&mut self, step: &Step) {
        if let Command::Enqueue {
            queue, requirements, ..
        } = &step.command
            && step.applied.refusal == Some(Refusal::QueueFull)
        {
            self.note((*queue, requirements.medium), Fact::Refused);
        }
    }

    fn see_agents(&mut self, engine: &Engine, now: i64) {
        for (agent, state) in &self.states {
            self.spans.push((*agent, *state, self.now, now));
        }
        let states = engine.agents().map(|agent| (agent.profile.id, agent.state));
        self.states = states.collect();
    }

    fn see_offers(&mut self, step: &Step, after: &BTreeMap<InteractionId, Seen>) {
        for effect in &step.applied.effects {
            match effect {
                Effect::Offered {
                    interaction,
                    agent,
                    offer,
                    queue,
                    ..
                } => {
                    let medium = after.get(interaction).expect("an offer outlives its command").medium;
                    let key = (*queue, medium);
                    self.offers.insert(*offer, key);
                    self.note(key, Fact::Offered(*agent));
                }
                Effect::Rescinded { offer, agent, end, .. } => {
                    let key = self.offers[offer];
                    self.note(key, Fact::OfferEnded(*agent, *end));
                }
                _ => {}
            }
        }
    }

    fn compare(&mut self, id: InteractionId, was: &Seen, is: Option<&Seen>, step: &Step) {
        let key = (was.queue, was.medium);
        let held_on = is.is_some_and(|is| is.holder() == was.holder());
        let moved = matches!(step.command, Command::Transfer { interaction, .. } if interaction == id)
            && step.applied.refusal.is_none();
        match was.holder() {
            Some((agent, _)) if moved || !held_on => {
                self.end_talk(id, agent, key);
                if moved || self.passed_on.contains(&id) {
                    self.note(key, Fact::TransferredOut(agent));
                }
            }
            Some(_) => return,
            None if moved => self.note(key, Fact::Redirected),
            None => {}
        }
        match is {
            Some(is) if moved => self.enter(id, is, Entry::Transferred),
            Some(is) if was.holder().is_some() => self.enter(id, is, Entry::Returned),
            Some(is) => self.answer_if_held(id, is),
            None if was.holder().is_none() => self.leave(id, was, step),
            None => {}
        }
    }

    fn leave(&mut self, id: InteractionId, was: &Seen, step: &Step) {
        let (wait, key) = (self.waited(id), (was.queue, was.medium));
        let fact = match step.command {
            Command::RemoveQueue { queue } if queue == was.queue => Fact::Lost,
            _ if was.stands_for.is_some() => Fact::Redirected,
            Command::Cancel { .. } => Fact::Abandoned(wait, self.target(key.0)),
            _ => Fact::Lost,
        };
        self.note(key, fact);
    }

    fn enter(&mut self, id: InteractionId, is: &Seen, entry: Entry) {
        self.entered.insert(id, self.now);
        self.note((is.queue, is.medium), Fact::Entered(entry));
        self.answer_if_held(id, is);
    }

    fn answer_if_held(&mut self, id: InteractionId, is: &Seen) {
        if let Some((agent, _)) = is.holder() {
            let fact = Fact::Answered(agent, self.waited(id), self.target(is.queue));
            self.taken.insert(id, self.now);
            self.note((is.queue, is.medium), fact);
        }
    }

    fn end_talk(&mut self, id: InteractionId, agent: UserId, key: Key) {
        self.ended.push((id, agent, key, self.since(self.taken[&id])));
    }

    /// After-contact work that is over, and talks that ended now, with or without any.
    fn see_work(&mut self, engine: &Engine) {
        let goes_on = |agent, id, since| {
            let work = engine.agent(agent).map(|agent| agent.acw).unwrap_or_default();
            work.iter()
                .any(|acw| acw.interaction == id && acw.since.millis() == since)
        };
        for ((agent, id), (key, talk, since)) in std::mem::take(&mut self.work) {
            if goes_on(agent, id, since) {
                self.work.insert((agent, id), (key, talk, since));
            } else {
                self.note(key, Fact::Handled(agent, talk, Some(self.since(since))));
            }
        }
        for (id, agent, key, talk) in std::mem::take(&mut self.ended) {
            if goes_on(agent, id, self.now) {
                self.work.insert((agent, id), (key, talk, self.now));
            } else {
                self.note(key, Fact::Handled(agent, talk, None));
            }
        }
    }

    fn waited(&self, id: InteractionId) -> u64 {
        self.since(self.entered[&id])
    }

    fn since(&self, then: i64) -> u64 {
        u64::try_from(self.now - then).expect("time does not go back")
    }

    fn target(&self, queue: QueueId) -> ServiceTarget {
        self.targets.get(&queue).copied().unwrap_or_default()
    }

    fn note(&mut self, key: Key, fact: Fact) {
        self.facts.push((self.now, key, fact));
    }

    /// What happened in spans of this length, by their beginning.
    pub fn queue_tallies(&self, span: i64) -> BTreeMap<(i64, Key), QueueTally> {
        let mut tallies: BTreeMap<_, QueueTally> = BTreeMap::new();
        for (at, key, fact) in &self.facts {
            count(tallies.entry((at - at % span, *key)).or_default(), fact);
        }
        tallies
    }

    /// The same of agents.
    pub fn agent_tallies(&self, span: i64) -> BTreeMap<(i64, UserId), AgentTally> {
        let mut tallies: BTreeMap<_, AgentTally> = BTreeMap::new();
        for (at, _, fact) in &self.facts {
            if let Some(agent) = concerned(fact) {
                count_for_agent(tallies.entry((at - at % span, agent)).or_default(), fact);
            }
        }
        for (agent, state, from, to) in &self.spans {
            for start in ((from - from % span)..*to).step_by(usize::try_from(span).expect("positive")) {
                let inside = (start + span).min(*to) - start.max(*from);
                let inside = u64::try_from(inside).expect("overlaps");
                if *state != AgentState::OffQueue && inside > 0 {
                    *time_in(tallies.entry((start, *agent)).or_default(), *state) += inside;
                }
            }
        }
        tallies
    }

    /// What happened in a queue in a window, by steps of ten seconds.
    pub fn window(&self, queue: QueueId, length: i64, now: i64) -> WindowTally {
        let end = now - now % 10_000 + 10_000;
        let facts = self
            .facts
            .iter()
            .filter(|(at, (of, _), _)| *of == queue && *at >= end - length && *at < end);
        let mut tally = QueueTally::default();
        facts.for_each(|(.., fact)| count(&mut tally, fact));
        WindowTally {
            entered: tally.entered(),
            answered: tally.answered,
            answered_in_time: tally.answered_in_time,
            abandoned: tally.abandoned,
            abandoned_short: tally.abandoned_short,
            wait_ms: tally.wait_ms,
            handled: tally.handled,
            handle_ms: tally.talk_ms + tally.after_contact_ms,
            offered: tally.offered,
            after_contact: tally.after_contact,
            after_contact_ms: tally.after_contact_ms,
            estimates: tally.estimates,
        }
    }

    /// How long the one in the queue has waited that waits longest.
    pub fn oldest_wait(&self, queue: QueueId) -> Option<u64> {
        let waiting = self
            .seen
            .iter()
            .filter(|(_, seen)| seen.queue == queue && seen.holder().is_none());
        waiting.map(|(id, _)| self.waited(*id)).max()
    }
}

/// Joined members of a queue by state, or everybody.
pub fn agents(engine: &Engine, queue: Option<QueueId>) -> AgentCounts {
    let mut counts = AgentCounts::default();
    for agent in engine.agents() {
        let joined = |queue| {
            agent
                .profile
                .queues
                .get(&queue)
                .is_some_and(|membership| membership.joined)
        };
        if queue.is_none_or(joined) {
            *match agent.state {
                AgentState::OffQueue => &mut counts.off_queue,
                AgentState::Idle => &mut counts.idle,
                AgentState::Interacting => &mut counts.interacting,
                AgentState::Communicating => &mut counts.communicating,
                AgentState::NotResponding => &mut counts.not_responding,
            } += 1;
        }
    }
    counts
}

fn count(tally: &mut QueueTally, fact: &Fact) {
    match *fact {
        Fact::Entered(Entry::Enqueued) => tally.enqueued += 1,
        Fact::Entered(Entry::Transferred) => tally.transferred_in += 1,
        Fact::Entered(Entry::Returned) => tally.returned += 1,
        Fact::Refused => tally.refused += 1,
        Fact::Offered(_) => tally.offered += 1,
        Fact::OfferEnded(_, OfferEnd::Declined) => tally.declined += 1,
        Fact::OfferEnded(_, OfferEnd::TimedOut) => tally.missed += 1,
        Fact::OfferEnded(..) => tally.withdrawn += 1,
        Fact::Answered(_, wait, target) => {
            tally.answered += 1;
            tally.wait_ms += wait;
            tally.waits.add(wait);
            tally.longest_wait_ms = tally.longest_wait_ms.max(wait);
            if wait <= target.within_ms {
                tally.answered_in_time += 1;
            }
        }
        Fact::Abandoned(wait, target) => {
            tally.abandoned += 1;
            tally.abandoned_wait_ms += wait;
            tally.longest_wait_ms = tally.longest_wait_ms.max(wait);
            if wait < target.short_abandon_ms {
                tally.abandoned_short += 1;
            }
        }
        Fact::Redirected => tally.redirected += 1,
        Fact::Lost => tally.lost += 1,
        Fact::TransferredOut(_) => tally.transferred_out += 1,
        Fact::Handled(_, talk, acw) => {
            tally.handled += 1;
            tally.talk_ms += talk;
            if let Some(acw) = acw {
                tally.after_contact += 1;
                tally.after_contact_ms += acw;
            }
        }
    }
}

fn count_for_agent(tally: &mut AgentTally, fact: &Fact) {
    let mut queue = QueueTally::default();
    count(&mut queue, fact);
    tally.offered += queue.offered;
    tally.declined += queue.declined;
    tally.missed += queue.missed;
    tally.withdrawn += queue.withdrawn;
    tally.answered += queue.answered;
    tally.transferred_out += queue.transferred_out;
    tally.handled += queue.handled;
    tally.talk_ms += queue.talk_ms;
    tally.after_contact += queue.after_contact;
    tally.after_contact_ms += queue.after_contact_ms;
}

fn time_in(tally: &mut AgentTally, state: AgentState) -> &mut u64 {
    match state {
        AgentState::OffQueue => unreachable!("time off queue is not counted"),
        AgentState::Idle => &mut tally.states.idle_ms,
        AgentState::Interacting => &mut tally.states.interacting_ms,
        AgentState::Communicating => &mut tally.states.communicating_ms,
        AgentState::NotResponding => &mut tally.states.not_responding_ms,
    }
}

const fn concerned(fact: &Fact) -> Option<UserId> {
    match *fact {
        Fact::Offered(agent)
        | Fact::OfferEnded(agent, _)
        | Fact::Answered(agent, ..)
        | Fact::TransferredOut(agent)
        | Fact::Handled(agent, ..) => Some(agent),
        Fact::Entered(_) | Fact::Refused | Fact::Abandoned(..) | Fact::Redirected | Fact::Lost => None,
    }
}
