//! Reads the log: what the engine's effects say became of each interaction.

use super::happening::{After, Entry, Happening, Leaving, What};
use super::listed;
use crate::{Applied, Command, Decided, Effect, Medium, OfferEnd, Refusal};
use onqueue_model::{InteractionId, QueueId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Follows every interaction that has not ended, and after-contact work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Follower {
    #[serde(with = "listed")]
    visits: BTreeMap<InteractionId, Visit>,
    #[serde(with = "listed")]
    work: BTreeMap<(UserId, InteractionId), Work>,
}

/// See [`Happening`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Visit {
    queue: QueueId,
    medium: Medium,
    entered: Timestamp,
    place: Place,
    /// What it is offered in place of, while somebody else has that in hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stands_for: Option<InteractionId>,
    /// Another has accepted it in an attended transfer.
    #[serde(default)]
    passed_on: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    Waiting,
    Alerting {
        agent: UserId,
    },
    /// Alerts nobody any more; where it goes the next effects say.
    Rescinded(OfferEnd),
    Held {
        agent: UserId,
        since: Timestamp,
    },
    /// Left an agent's hands; the same.
    Loose,
}

/// After-contact work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    queue: QueueId,
    medium: Medium,
    talk_ms: u64,
    since: Timestamp,
    slot: Slot,
}

/// Whether after-contact work counts as active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Slot {
    Held,
    Free,
}

impl Follower {
    /// What a command brought about.
    pub fn follow(&mut self, at: Timestamp, command: &Command, applied: &Applied) -> Vec<Happening> {
        let mut reading = Reading {
            follower: self,
            at,
            command,
            accepted: applied.refusal.is_none(),
            happenings: Vec::new(),
        };
        let mut rest = applied.effects.as_slice();
        while let [effect, following @ ..] = rest {
            let read = reading.read(effect, following.first());
            rest = following.get(read..).unwrap_or_default();
        }
        reading.finish();
        reading.happenings
    }
}

/// One command's effects being read.
struct Reading<'a> {
    follower: &'a mut Follower,
    at: Timestamp,
    command: &'a Command,
    accepted: bool,
    happenings: Vec<Happening>,
}

impl Reading<'_> {
    /// Takes up an effect; how many of the following ones belong to it.
    fn read(&mut self, effect: &Effect, next: Option<&Effect>) -> usize {
        match *effect {
            Effect::Queued { interaction, queue } => self.queued(interaction, queue),
            Effect::Offered {
                interaction,
                agent,
                queue,
                ..
            } => self.offered(interaction, agent, queue, by_hand(next)),
            Effect::Rescinded {
                interaction,
                agent,
                end,
                ..
            } => self.rescinded(interaction, agent, end),
            Effect::Assigned { interaction, agent, .. } => self.assigned(interaction, agent),
            Effect::SlotFreed { agent, interaction } => {
                let slot = begins_acw(next, agent, interaction).then_some(Slot::Free);
                self.talk_ended(agent, interaction, slot);
                return usize::from(slot.is_some());
            }
            Effect::AcwStarted { agent, interaction, .. } => self.talk_ended(agent, interaction, Some(Slot::Held)),
            Effect::AcwEnded { agent, interaction } => return self.acw_ended(agent, interaction),
            Effect::Rejected { interaction, refusal } => self.rejected(interaction, refusal),
            Effect::Over { interaction } => self.over(interaction),
            Effect::StageChanged { .. } | Effect::AgentStateChanged { .. } | Effect::DecisionRecorded { .. } => {}
        }
        0
    }

    fn queued(&mut self, interaction: InteractionId, queue: QueueId) {
        let Some(visit) = self.follower.visits.get_mut(&interaction) else {
            return self.enqueued(interaction, queue);
        };
        let moves = self.accepted && moves(self.command, interaction);
        match visit.place {
            Place::Rescinded(OfferEnd::Reassigned) | Place::Waiting | Place::Loose if moves => {
                self.transferred(interaction, queue);
            }
            Place::Loose => self.enter(interaction, queue, Entry::Returned),
            _ => visit.place = Place::Waiting,
        }
    }

    fn enqueued(&mut self, interaction: InteractionId, queue: QueueId) {
        match *self.command {
            Command::Enqueue { ref requirements, .. } => {
                self.take_in(interaction, queue, requirements.medium);
                self.tell(interaction, What::Entered(Entry::Enqueued));
            }
            Command::TransferAttended {
                interaction: twin,
                held,
                ..
            } if twin == interaction => self.attended(twin, held, queue),
            _ => {}
        }
    }

    /// It enters in place of what somebody has in hand.
    fn attended(&mut self, twin: InteractionId, held: InteractionId, queue: QueueId) {
        let Some(medium) = self.follower.visits.get(&held).map(|visit| visit.medium) else {
            return;
        };
        self.take_in(twin, queue, medium);
        if let Some(visit) = self.follower.visits.get_mut(&twin) {
            visit.stands_for = Some(held);
        }
        self.tell(twin, What::Entered(Entry::Transferred));
    }

    /// It was offered in vain, or was in hand until somebody accepted it.
    fn over(&mut self, interaction: InteractionId) {
        if let Some(wait_ms) = self.unanswered(interaction) {
            self.tell(interaction, What::Redirected { wait_ms });
        }
        self.follower.visits.remove(&interaction);
    }

    fn take_in(&mut self, interaction: InteractionId, queue: QueueId, medium: Medium) {
        let visit = Visit {
            queue,
            medium,
            entered: self.at,
            place: Place::Waiting,
            stands_for: None,
            passed_on: false,
        };
        self.follower.visits.insert(interaction, visit);
    }

    /// Ends the visit, if it still goes on, and begins another.
    fn transferred(&mut self, interaction: InteractionId, queue: QueueId) {
        if let Some(wait_ms) = self.unanswered(interaction) {
            self.tell(interaction, What::Redirected { wait_ms });
        }
        self.enter(interaction, queue, Entry::Transferred);
    }

    fn enter(&mut self, interaction: InteractionId, queue: QueueId, entry: Entry) {
        let Some(former) = self.follower.visits.get(&interaction).copied() else {
            return;
        };
        self.take_in(interaction, queue, former.medium);
        if let Some(visit) = self.follower.visits.get_mut(&interaction) {
            visit.stands_for = former.stands_for;
        }
        self.tell(interaction, What::Entered(entry));
    }

    fn offered(&mut self, interaction: InteractionId, agent: UserId, queue: QueueId, by_hand: bool) {
        if by_hand && self.moves(interaction) {
            self.transferred(interaction, queue);
        }
        if !self.follower.visits.contains_key(&interaction) {
            self.enqueued(interaction, queue);
        }
        if let Some(visit) = self.follower.visits.get_mut(&interaction) {
            visit.place = Place::Alerting { agent };
            self.tell(interaction, What::Offered { agent });
        }
    }

    fn rescinded(&mut self, interaction: InteractionId, agent: UserId, end: OfferEnd) {
        if let Some(visit) = self.follower.visits.get_mut(&interaction) {
            visit.place = Place::Rescinded(end);
            self.tell(interaction, What::OfferEnded { agent, end });
        }
    }

    fn assigned(&mut self, interaction: InteractionId, agent: UserId) {
        let Some(wait_ms) = self.unanswered(interaction) else {
            return;
        };
        let since = self.at;
        let Some(visit) = self.follower.visits.get_mut(&interaction) else {
            return;
        };
        visit.place = Place::Held { agent, since };
        let held = visit.stands_for.take();
        self.tell(interaction, What::Answered { agent, wait_ms });
        if let Some(held) = held.and_then(|held| self.follower.visits.get_mut(&held)) {
            held.passed_on = true;
        }
    }

    /// The interaction left the agent's hands, if it was in them; `slot` tells of after-contact work that follows.
    fn talk_ended(&mut self, agent: UserId, interaction: InteractionId, slot: Option<Slot>) {
        let Some(visit) = self.follower.visits.get_mut(&interaction) else {
            return;
        };
        let Place::Held { agent: holder, since } = visit.place else {
            return;
        };
        if holder != agent {
            return;
        }
        visit.place = Place::Loose;
        let talk_ms = millis_between(since, self.at);
        let visit = *visit;
        let leaving = self.leaving(interaction);
        let after = if slot.is_some() { After::Work } else { After::Nothing };
        self.tell(interaction, What::TalkEnded { agent, leaving, after });
        match slot {
            None => self.tell(interaction, handled(agent, talk_ms, None)),
            Some(slot) => self.begin_work(agent, interaction, visit, talk_ms, slot),
        }
    }

    fn begin_work(&mut self, agent: UserId, interaction: InteractionId, visit: Visit, talk_ms: u64, slot: Slot) {
        let work = Work {
            queue: visit.queue,
            medium: visit.medium,
            talk_ms,
            since: self.at,
            slot,
        };
        self.follower.work.insert((agent, interaction), work);
    }

    /// After-contact work is over; the `SlotFreed` that follows work which held its slot is not the end of a talk.
    fn acw_ended(&mut self, agent: UserId, interaction: InteractionId) -> usize {
        let Some(work) = self.follower.work.remove(&(agent, interaction)) else {
            return 0;
        };
        let acw_ms = millis_between(work.since, self.at);
        self.happenings.push(Happening {
            interaction,
            queue: work.queue,
            medium: work.medium,
            what: handled(agent, work.talk_ms, Some(acw_ms)),
        });
        usize::from(work.slot == Slot::Held)
    }

    fn rejected(&mut self, interaction: InteractionId, refusal: Refusal) {
        if self.follower.visits.contains_key(&interaction) {
            if let Some(wait_ms) = self.unanswered(interaction) {
                self.tell(interaction, What::Lost { wait_ms });
            }
            self.follower.visits.remove(&interaction);
        } else if let Command::Enqueue {
            queue, requirements, ..
        } = self.command
            && refusal == Refusal::QueueFull
        {
            self.happenings.push(Happening {
                interaction,
                queue: *queue,
                medium: requirements.medium,
                what: What::Refused,
            });
        }
    }

    /// What the effects do not say: the end of what waited, and of what was in hand and went nowhere.
    fn finish(&mut self) {
        match *self.command {
            Command::Cancel { interaction } if self.accepted => self.cancelled(interaction),
            Command::EndWork { interaction, .. } if self.accepted => {
                self.follower.visits.remove(&interaction);
            }
            _ => {}
        }
    }

    fn cancelled(&mut self, interaction: InteractionId) {
        let visit = self.follower.visits.get(&interaction);
        if visit.is_some_and(|visit| visit.stands_for.is_some()) {
            // The customer is with an agent as before.
            return self.over(interaction);
        }
        if let Some(wait_ms) = self.unanswered(interaction) {
            self.tell(interaction, What::Abandoned { wait_ms });
        }
        self.follower.visits.remove(&interaction);
    }

    /// How long the interaction has waited, if no agent has taken it in this visit.
    fn unanswered(&self, interaction: InteractionId) -> Option<u64> {
        let visit = self.follower.visits.get(&interaction)?;
        match visit.place {
            Place::Waiting | Place::Alerting { .. } | Place::Rescinded(_) => {
                Some(millis_between(visit.entered, self.at))
            }
            Place::Held { .. } | Place::Loose => None,
        }
    }

    fn moves(&self, interaction: InteractionId) -> bool {
        self.accepted && moves(self.command, interaction)
    }

    fn was_passed_on(&self, interaction: InteractionId) -> bool {
        let visit = self.follower.visits.get(&interaction);
        visit.is_some_and(|visit| visit.passed_on)
    }

    fn leaving(&self, interaction: InteractionId) -> Leaving {
        match self.command {
            Command::RemoveAgent { .. } => Leaving::Returned,
            _ if self.moves(interaction) || self.was_passed_on(interaction) => Leaving::Transferred,
            _ => Leaving::Ended,
        }
    }

    fn tell(&mut self, interaction: InteractionId, what: What) {
        if let Some(visit) = self.follower.visits.get(&interaction) {
            self.happenings.push(Happening {
                interaction,
                queue: visit.queue,
                medium: visit.medium,
                what,
            });
        }
    }
}

/// Whether the command is a transfer of this interaction.
fn moves(command: &Command, moved: InteractionId) -> bool {
    matches!(command, Command::Transfer { interaction, .. } if *interaction == moved)
}

const fn handled(agent: UserId, talk_ms: u64, acw_ms: Option<u64>) -> What {
    What::Handled { agent, talk_ms, acw_ms }
}

fn by_hand(next: Option<&Effect>) -> bool {
    let Some(Effect::DecisionRecorded { decision }) = next else {
        return false;
    };
    matches!(decision.decided, Decided::ByHand | Decided::ByForce)
}

fn begins_acw(next: Option<&Effect>, freed: UserId, left: InteractionId) -> bool {
    matches!(next, Some(Effect::AcwStarted { agent, interaction, .. }) if *agent == freed && *interaction == left)
}

fn millis_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}
