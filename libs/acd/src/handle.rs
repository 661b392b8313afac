//! What each command does.

use crate::roster::Joined;
use crate::state::{Agent, Interaction, Place, Presence};
use crate::turn::Turn;
use crate::{AgentProfile, Command, Effect, OfferEnd, OfferOutcome, QueueConfig, Refusal, Requirements};
use onqueue_model::{InteractionId, OfferId, QueueId, UserId};
use std::collections::BTreeSet;

type Handled = Result<(), Refusal>;

impl Turn<'_> {
    pub fn handle(&mut self, command: Command) -> Handled {
        match command {
            Command::UpsertQueue { queue } => self.upsert_queue(queue),
            Command::RemoveQueue { queue } => self.remove_queue(queue),
            Command::UpsertAgent { agent } => self.upsert_agent(agent),
            Command::GoOnQueue { agent, .. } => self.go_on_queue(agent)?,
            Command::GoOffQueue { agent } | Command::AgentGone { agent } => self.go_off_queue(agent)?,
            Command::JoinQueue { agent, queue } => self.set_joined(agent, queue, Joined::Yes)?,
            Command::LeaveQueue { agent, queue } => self.set_joined(agent, queue, Joined::No)?,
            Command::Enqueue {
                interaction,
                queue,
                requirements,
            } => self.enqueue(interaction, queue, requirements)?,
            Command::Cancel { interaction } => self.end_interaction(interaction),
            Command::Accept { agent, offer } => self.accept(agent, offer)?,
            Command::Decline { agent, offer } => self.decline(agent, offer)?,
            Command::Configure { .. }
            | Command::RemoveAgent { .. }
            | Command::SetPriority { .. }
            | Command::SetRequirements { .. }
            | Command::Transfer { .. }
            | Command::AssignByHand { .. }
            | Command::Pull { .. }
            | Command::EndWork { .. }
            | Command::RequestAcw { .. }
            | Command::CompleteAcw { .. }
            | Command::StartExternalWork { .. }
            | Command::EndExternalWork { .. }
            | Command::ObserveMetric { .. }
            | Command::Tick => {}
            Command::Resume => self.end_due_offers(OfferEnd::Interrupted),
        }
        Ok(())
    }

    fn upsert_queue(&mut self, queue: QueueConfig) {
        self.state.queues.insert(queue.id, queue);
    }

    fn remove_queue(&mut self, queue: QueueId) {
        if self.state.queues.remove(&queue).is_none() {
            return;
        }
        let interactions = self.state.interactions.values();
        let unserved = interactions.filter(|it| it.queue == queue && !matches!(it.place, Place::Held { .. }));
        for interaction in unserved.map(|it| it.id).collect::<Vec<_>>() {
            self.end_interaction(interaction);
            self.note(Effect::Rejected {
                interaction,
                refusal: Refusal::UnknownQueue,
            });
        }
    }

    fn upsert_agent(&mut self, profile: AgentProfile) {
        let id = profile.id;
        let former = self.state.agents.get(&id).map(|agent| &agent.profile);
        self.index.roster.enrol(former, &profile);
        let now = self.state.now;
        self.state
            .agents
            .entry(id)
            .or_insert_with(|| Agent::new(profile.clone(), now));
        self.change_agent(id, |agent| agent.profile = profile);
        self.index.gained.insert(id);
    }

    fn go_on_queue(&mut self, id: UserId) -> Handled {
        let agent = self.state.agents.get(&id).ok_or(Refusal::UnknownAgent)?;
        if agent.presence == Presence::On {
            return Ok(());
        }
        self.forgive(id);
        self.change_agent(id, |agent| agent.presence = Presence::On);
        self.index.gained.insert(id);
        Ok(())
    }

    fn go_off_queue(&mut self, id: UserId) -> Handled {
        let agent = self.state.agents.get(&id).ok_or(Refusal::UnknownAgent)?;
        let alerting = agent.alerting.clone();
        self.change_agent(id, |agent| agent.presence = Presence::Off);
        for offer in alerting {
            self.end_offer(offer, OfferEnd::AgentGone);
        }
        Ok(())
    }

    fn set_joined(&mut self, id: UserId, queue: QueueId, joined: Joined) -> Handled {
        let agent = self.state.agents.get_mut(&id).ok_or(Refusal::UnknownAgent)?;
        if !self.state.queues.contains_key(&queue) {
            return Err(Refusal::UnknownQueue);
        }
        let membership = agent.profile.queues.get_mut(&queue).ok_or(Refusal::NotMember)?;
        membership.joined = joined == Joined::Yes;
        self.index.roster.set_joined(id, queue, joined);
        self.index.gained.insert(id);
        Ok(())
    }

    fn enqueue(&mut self, id: InteractionId, queue: QueueId, requirements: Requirements) -> Handled {
        if self.state.interactions.contains_key(&id) || self.state.ended_interactions.contains(id) {
            return Ok(());
        }
        if let Err(refusal) = self.admit(queue) {
            self.note(Effect::Rejected {
                interaction: id,
                refusal,
            });
            return Err(refusal);
        }
        self.state.entries += 1;
        self.enter(Interaction {
            id,
            queue,
            requirements,
            entered: self.state.now,
            position: self.state.entries,
            declined: BTreeSet::new(),
            place: Place::Waiting,
        });
        Ok(())
    }

    fn admit(&self, queue: QueueId) -> Handled {
        let config = self.state.queues.get(&queue).ok_or(Refusal::UnknownQueue)?;
        let lines = &self.index.lines;
        let held = lines.waiting(queue) + lines.alerting(queue);
        let full = config.limit.is_some_and(|limit| held >= limit as usize);
        if full { Err(Refusal::QueueFull) } else { Ok(()) }
    }

    fn accept(&mut self, agent: UserId, offer: OfferId) -> Handled {
        self.answerable(agent, offer)?;
        self.assign(offer);
        Ok(())
    }

    fn decline(&mut self, agent: UserId, offer: OfferId) -> Handled {
        self.answerable(agent, offer)?;
        self.end_offer(offer, OfferEnd::Declined);
        Ok(())
    }

    /// Whether the agent can still answer the offer.
    fn answerable(&self, agent: UserId, offer: OfferId) -> Handled {
        if !self.state.agents.contains_key(&agent) {
            return Err(Refusal::UnknownAgent);
        }
        let offer = self.state.offers.get(&offer).filter(|offer| offer.agent == agent);
        match offer.ok_or(Refusal::UnknownOffer)?.outcome {
            OfferOutcome::Alerting => Ok(()),
            OfferOutcome::Accepted => Err(Refusal::OfferAlreadyAccepted),
            OfferOutcome::Ended(OfferEnd::TimedOut) => Err(Refusal::OfferExpired),
            OfferOutcome::Ended(_) => Err(Refusal::OfferRescinded),
        }
    }
}
