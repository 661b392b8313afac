//! The invariants of routing: I5 to I7. Its log is replayed for what it decided; who talked to whom, and who waited, is
//! taken from the transcripts, so that what routing believes and what happened are held against each other.

use super::{
    Facts, Records, Violation,
    check::violation,
    facts::{ALERTING, CONNECTED, Conversation, ENDED, Entry, Logged, QUEUED},
};
use onqueue_acd::{
    AgentProfile, AgentState, Command, Effect, Engine, InteractionPlace, Medium, OfferEnd, Requirements,
};
use onqueue_chat::{Body, ParticipantKind};
use onqueue_model::{InteractionId, OfferId, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How long an offer may outlive its deadline, and a chat wait beside a free agent, in milliseconds.
const PATIENCE: i64 = 2_000;

/// By how much the clocks of two replicas may differ where moments of one are held against moments of the other.
const SKEW: i64 = 500;

/// One input and what followed from it.
#[derive(Clone, Debug)]
pub struct Step {
    pub at: i64,
    pub command: Command,
    pub effects: Vec<Effect>,
}

/// Everything that is wrong with routing.
pub(super) fn judge(records: &Records, facts: &Facts) -> Vec<Violation> {
    let mut found = crowded(facts);
    found.extend(epochs(&facts.log));
    found.extend(stale(facts));
    let (steps, places) = replay(&facts.log);
    let outlook = Outlook::of(&steps);
    found.extend(outlook.overfilled.clone());
    found.extend(overdue(records, &outlook, facts.now));
    found.extend(facts.conversations.iter().filter_map(|one| orphan(one, &places)));
    let stays = Stays::of(facts);
    found.extend(overfilled_talks(&stays, &outlook));
    found.extend(starved(records, facts, &outlook, &stays));
    found
}

/// I5: one primary agent at a time.
fn crowded(facts: &Facts) -> Vec<Violation> {
    let mut found = Vec::new();
    for (id, entries) in &facts.transcripts {
        let mut present = BTreeSet::new();
        for entry in entries {
            match &entry.body {
                Body::ParticipantJoined {
                    participant,
                    kind: ParticipantKind::Agent,
                    ..
                } => {
                    present.insert(*participant);
                    if present.len() > 1 {
                        found.push(violation(
                            5,
                            "two agents at once",
                            format!("{id} at {}", entry.sequence),
                        ));
                    }
                }
                Body::ParticipantLeft { participant } => {
                    present.remove(participant);
                }
                _ => {}
            }
        }
    }
    found
}

/// I7: accepted epochs never decrease, and positions have no gap.
fn epochs(log: &[Logged]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut last: BTreeMap<Uuid, (i64, i64)> = BTreeMap::new();
    for row in log {
        let (position, epoch) = last.get(&row.organisation).copied().unwrap_or((0, row.epoch));
        if row.epoch < epoch {
            let detail = format!("{} after {epoch} at {}", row.epoch, row.position);
            found.push(violation(7, "an epoch decreased", detail));
        }
        if row.position != position + 1 {
            found.push(violation(
                7,
                "routing's log has a gap",
                format!("{} after {position}", row.position),
            ));
        }
        last.insert(row.organisation, (row.position, row.epoch.max(epoch)));
    }
    found
}

/// I7: nobody wrote while the lease named another.
fn stale(facts: &Facts) -> Vec<Violation> {
    let stale = facts.writes.iter().filter(|write| write.writer != write.owner);
    stale
        .map(|write| {
            let detail = format!(
                "{} × {} by {} under {}",
                write.count, write.relation, write.writer, write.owner
            );
            violation(7, "a stale write was accepted", detail)
        })
        .collect()
}

/// Where routing has an interaction at the end.
type Places = BTreeMap<Uuid, InteractionPlace>;

/// Every input again, as routing took it; one engine for each organisation.
fn replay(log: &[Logged]) -> (Vec<Step>, Places) {
    let mut engines: BTreeMap<Uuid, Engine> = BTreeMap::new();
    let mut steps = Vec::new();
    for row in log {
        let engine = engines.entry(row.organisation).or_default();
        let effects = engine.apply(Timestamp(row.at), row.command.clone()).effects;
        steps.push(Step {
            at: row.at,
            command: row.command.clone(),
            effects,
        });
    }
    let all = engines.values().flat_map(Engine::interactions);
    // What is offered in place of what somebody has in hand is not where the customer is.
    let all = all.filter(|one| one.stands_for.is_none());
    (steps, all.map(|one| (one.id.conversation.uuid(), one.place)).collect())
}

/// An offer's life.
struct Offer {
    interaction: InteractionId,
    expires: i64,
    ended: Option<i64>,
}

/// What the steps amount to.
#[derive(Default)]
struct Outlook {
    profiles: BTreeMap<UserId, AgentProfile>,
    offers: BTreeMap<OfferId, Offer>,
    /// What each interaction asked for.
    wishes: BTreeMap<Uuid, Requirements>,
    /// When each agent began or ceased to take chats.
    presence: BTreeMap<UserId, Vec<(i64, bool)>>,
    /// Who declined or missed what.
    missed: BTreeSet<(UserId, Uuid)>,
    /// What each agent holds, alerting ones included.
    held: BTreeMap<UserId, BTreeSet<InteractionId>>,
    overfilled: Vec<Violation>,
}

impl Outlook {
    fn of(steps: &[Step]) -> Self {
        let mut outlook = Self::default();
        for step in steps {
            outlook.take_command(&step.command);
            for effect in &step.effects {
                outlook.take_effect(step.at, effect);
            }
        }
        outlook
    }

    fn take_command(&mut self, command: &Command) {
        match command {
            Command::UpsertAgent { agent } => {
                self.profiles.insert(agent.id, agent.clone());
            }
            Command::Enqueue {
                interaction,
                requirements,
                ..
            } => {
                self.wishes
                    .insert(interaction.conversation.uuid(), requirements.clone());
            }
            _ => {}
        }
    }

    fn take_effect(&mut self, at: i64, effect: &Effect) {
        match effect {
            Effect::Offered {
                interaction,
                agent,
                offer,
                expires,
                ..
            } => {
                let made = Offer {
                    interaction: *interaction,
                    expires: expires.millis(),
                    ended: None,
                };
                self.offers.insert(*offer, made);
                self.fill(*agent, *interaction);
            }
            Effect::Rescinded {
                interaction,
                agent,
                offer,
                end,
            } => {
                self.end(*offer, at);
                self.held.entry(*agent).or_default().remove(interaction);
                if matches!(end, OfferEnd::Declined | OfferEnd::TimedOut) {
                    self.missed.insert((*agent, interaction.conversation.uuid()));
                }
            }
            Effect::Assigned { offer, .. } => self.end(*offer, at),
            Effect::SlotFreed { agent, interaction } => {
                self.held.entry(*agent).or_default().remove(interaction);
            }
            Effect::AgentStateChanged { agent, state } => {
                let is_on = match state {
                    AgentState::Idle | AgentState::Interacting | AgentState::Communicating => true,
                    AgentState::OffQueue | AgentState::NotResponding => false,
                };
                self.presence.entry(*agent).or_default().push((at, is_on));
            }
            _ => {}
        }
    }

    fn fill(&mut self, agent: UserId, interaction: InteractionId) {
        let held = self.held.entry(agent).or_default();
        held.insert(interaction);
        let most = self
            .profiles
            .get(&agent)
            .map_or(0, |profile| usize::from(chats(profile)));
        if held.len() > most {
            let detail = format!("{agent}: {} of {most} with {interaction}", held.len());
            self.overfilled
                .push(violation(5, "an agent was taken above capacity", detail));
        }
    }

    fn end(&mut self, offer: OfferId, at: i64) {
        if let Some(offer) = self.offers.get_mut(&offer) {
            offer.ended = Some(at);
        }
    }

    /// The times within a span in which an agent took chats.
    fn on_queue(&self, agent: UserId, span: (i64, i64)) -> Vec<(i64, i64)> {
        let changes = self.presence.get(&agent).map_or(&[][..], Vec::as_slice);
        let ends = changes.iter().skip(1).map(|(at, _)| *at).chain([i64::MAX]);
        let spells = changes.iter().zip(ends).filter(|((_, is_on), _)| *is_on);
        spells
            .map(|((from, _), until)| ((*from).max(span.0), until.min(span.1)))
            .filter(|(from, until)| from < until)
            .collect()
    }
}

/// I6: no offer past its deadline.
fn overdue(records: &Records, outlook: &Outlook, now: i64) -> Vec<Violation> {
    let late = outlook.offers.iter().filter_map(|(id, offer)| {
        let late = records.undisturbed(offer.expires, offer.ended.unwrap_or(now));
        let detail = format!("{id} of {}: {late} ms", offer.interaction);
        (late > PATIENCE).then(|| violation(6, "an offer outlived its deadline", detail))
    });
    late.collect()
}

/// I6: a conversation is in routing's hands as session has it.
fn orphan(one: &Conversation, places: &Places) -> Option<Violation> {
    let place = places.get(&one.id);
    let fits = match one.state {
        QUEUED => matches!(place, Some(InteractionPlace::Waiting)),
        ALERTING => matches!(place, Some(InteractionPlace::Alerting { .. })),
        CONNECTED => matches!(place, Some(InteractionPlace::Held { .. })),
        ENDED => place.is_none(),
        _ => false,
    };
    let detail = format!("{}: session has it in state {}, routing {place:?}", one.id, one.state);
    (!fits).then(|| violation(6, "an orphan", detail))
}

/// Whether routing and session agree on every conversation.
pub fn is_settled(facts: &Facts) -> bool {
    let (_, places) = replay(&facts.log);
    facts.conversations.iter().all(|one| orphan(one, &places).is_none())
}

/// Spans of time, from the transcripts.
#[derive(Default)]
struct Stays {
    /// Who waited, from when until when.
    waiting: Vec<(Uuid, i64, i64)>,
    /// Whom an offer or a talk kept busy.
    busy: BTreeMap<UserId, Vec<(i64, i64)>>,
    /// Whom a talk kept busy.
    talks: BTreeMap<UserId, Vec<(i64, i64)>>,
}

impl Stays {
    fn of(facts: &Facts) -> Self {
        let mut stays = Self::default();
        for (id, entries) in &facts.transcripts {
            stays.walk(*id, entries, facts.now);
        }
        stays
    }

    fn walk(&mut self, id: Uuid, entries: &[Entry], now: i64) {
        let (mut waits, mut alerts, mut talks) = (None, None, None);
        for Entry { at, body, .. } in entries {
            match body {
                Body::Opened { .. } => waits = Some(*at),
                Body::Offered { user, .. } => {
                    self.waited(id, waits.take(), *at);
                    alerts = Some((*user, *at));
                }
                Body::OfferWithdrawn { .. } => {
                    self.was_busy(alerts.take(), *at);
                    waits = Some(*at);
                }
                Body::ParticipantJoined { user: Some(user), .. } => {
                    self.was_busy(alerts.take(), *at);
                    talks = Some((*user, *at));
                }
                Body::ParticipantLeft { .. } | Body::Ended { .. } => {
                    self.waited(id, waits.take(), *at);
                    self.was_busy(alerts.take(), *at);
                    self.talked(talks.take(), *at);
                }
                _ => {}
            }
        }
        self.waited(id, waits, now);
        self.was_busy(alerts, now);
        self.talked(talks, now);
    }

    fn waited(&mut self, id: Uuid, since: Option<i64>, until: i64) {
        self.waiting.extend(since.map(|since| (id, since, until)));
    }

    fn was_busy(&mut self, since: Option<(UserId, i64)>, until: i64) {
        if let Some((user, since)) = since {
            self.busy.entry(user).or_default().push((since, until));
        }
    }

    fn talked(&mut self, since: Option<(UserId, i64)>, until: i64) {
        self.was_busy(since, until);
        if let Some((user, since)) = since {
            self.talks.entry(user).or_default().push((since, until));
        }
    }
}

/// How many chats at once.
fn chats(profile: &AgentProfile) -> u8 {
    profile.utilization.maximum(Medium::Chat)
}

/// How many of the spans hold at once at most.
fn most_at_once(spans: &[(i64, i64)]) -> i64 {
    let mut changes: Vec<(i64, i64)> = spans
        .iter()
        .flat_map(|(from, until)| [(*from, 1), (*until, -1)])
        .collect();
    changes.sort_unstable();
    let mut now = 0;
    let sums = changes.into_iter().map(|(_, change)| {
        now += change;
        now
    });
    sums.max().unwrap_or(0)
}

/// I5: nobody talks to more than they may; ends and beginnings may be from two clocks.
fn overfilled_talks(stays: &Stays, outlook: &Outlook) -> Vec<Violation> {
    let mut found = Vec::new();
    for (user, talks) in &stays.talks {
        let longer = talks.iter().map(|(from, until)| (from + SKEW, *until));
        let talks: Vec<_> = longer.filter(|(from, until)| from < until).collect();
        let most = outlook
            .profiles
            .get(user)
            .map_or(0, |profile| i64::from(chats(profile)));
        let at_once = most_at_once(&talks);
        if at_once > most {
            found.push(violation(
                5,
                "an agent talked above capacity",
                format!("{user}: {at_once} of {most}"),
            ));
        }
    }
    found
}

/// I6: nobody waits beside somebody who is free and suits.
fn starved(records: &Records, facts: &Facts, outlook: &Outlook, stays: &Stays) -> Vec<Violation> {
    let mut found = Vec::new();
    let queues: BTreeMap<Uuid, Uuid> = facts.conversations.iter().map(|one| (one.id, one.queue_id)).collect();
    for (id, from, until) in &stays.waiting {
        if records.undisturbed(*from, *until) <= PATIENCE {
            continue;
        }
        let Some(queue) = queues.get(id) else { continue };
        let suits = |profile: &&AgentProfile| suits(profile, *id, *queue, outlook);
        for profile in outlook.profiles.values().filter(suits) {
            let free = free_beside(records, outlook, stays, profile, (*from, *until));
            if free > PATIENCE {
                let detail = format!("{id} waited {free} ms beside {}", profile.id);
                found.push(violation(6, "a chat waited beside a free agent", detail));
                break;
            }
        }
    }
    found
}

fn suits(profile: &AgentProfile, conversation: Uuid, queue: Uuid, outlook: &Outlook) -> bool {
    let serves = profile
        .queues
        .iter()
        .any(|(id, membership)| id.uuid() == queue && membership.joined);
    let knows = outlook.wishes.get(&conversation).is_none_or(|wish| {
        wish.skills.iter().all(|(skill, least)| profile.has(*skill, *least))
            && wish.language.as_ref().is_none_or(|language| profile.speaks(language))
    });
    serves && knows && !outlook.missed.contains(&(profile.id, conversation))
}

/// The longest undisturbed time within the span in which the agent was on queue and had room, in milliseconds.
fn free_beside(records: &Records, outlook: &Outlook, stays: &Stays, profile: &AgentProfile, span: (i64, i64)) -> i64 {
    let busy = stays.busy.get(&profile.id).map_or(&[][..], Vec::as_slice);
    let most = i64::from(chats(profile));
    let mut longest = 0;
    for (from, until) in outlook.on_queue(profile.id, span) {
        let mut changes: Vec<i64> = busy.iter().flat_map(|(from, until)| [*from, *until]).collect();
        changes.extend([from, until]);
        changes.retain(|at| (from..=until).contains(at));
        changes.sort_unstable();
        let mut free_since = None;
        for pair in changes.windows(2) {
            let has_room = i64::try_from(busy.iter().filter(|(a, b)| *a <= pair[0] && pair[0] < *b).count())
                .is_ok_and(|active| active < most);
            let since = has_room.then(|| free_since.unwrap_or(pair[0]));
            free_since = since;
            longest = since.map_or(longest, |since| longest.max(records.undisturbed(since, pair[1])));
        }
    }
    longest
}

#[cfg(test)]
#[path = "routing_tests.rs"]
mod tests;
