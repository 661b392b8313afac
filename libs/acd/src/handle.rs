//! What each command does: whether it may, and then what.

use crate::attended::Attended;
use crate::few::Few;
use crate::load::Kind;
use crate::roster::Joined;
use crate::stage::openings;
use crate::state::{Interaction, Metrics, Place, Presence};
use crate::table::Slot;
use crate::turn::{Age, Entry, Turn};
use crate::{Command, Effect, ExternalWorkView, LastAgentMode, OfferEnd, OfferOutcome, Refusal, Requirements, Stage};
use onqueue_model::{InteractionId, OfferId, QueueId, Timestamp, UserId};
use std::time::Duration;

pub(crate) type Handled = Result<(), Refusal>;

impl Turn<'_> {
    pub fn handle(&mut self, command: Command) -> Handled {
        match command {
            Command::Enqueue {
                interaction,
                queue,
                requirements,
            } => self.enqueue(interaction, queue, requirements)?,
            Command::SetPriority { interaction, priority } => self.set_priority(interaction, priority)?,
            Command::SetRequirements {
                interaction,
                requirements,
            } => self.set_requirements(interaction, requirements)?,
            Command::Cancel { interaction } => self.end_interaction(interaction),
            Command::Transfer {
                interaction,
                queue,
                keep_age,
                agent,
                requirements,
            } => {
                let age = if keep_age { Age::Kept } else { Age::None };
                self.transfer(interaction, queue, age, agent, requirements)?;
            }
            Command::TransferAttended {
                interaction,
                held,
                queue,
                agent,
                requirements,
                priority,
            } => self.transfer_attended(Attended {
                interaction,
                held,
                queue,
                agent,
                requirements,
                priority,
            })?,
            Command::AssignByHand {
                interaction,
                agent,
                forced,
            } => self.assign_by_hand(interaction, agent, forced.into())?,
            Command::Pull { agent, interaction } => self.pull(agent, interaction)?,
            Command::Accept { agent, offer } => self.accept(agent, offer)?,
            Command::Decline { agent, offer } => self.decline(agent, offer)?,
            Command::EndWork { agent, interaction } => self.end_work(agent, interaction)?,
            Command::RequestAcw { agent, interaction } => self.request_acw(agent, interaction)?,
            Command::CompleteAcw { agent, interaction } => self.complete_acw(agent, interaction)?,
            Command::Tick => {}
            Command::Resume => self.fire_due(OfferEnd::Interrupted),
            other => self.handle_others(other)?,
        }
        Ok(())
    }

    /// Commands that are not of an interaction.
    fn handle_others(&mut self, command: Command) -> Handled {
        match command {
            Command::Configure { settings } => self.configure(settings),
            Command::UpsertQueue { queue } => self.upsert_queue(queue),
            Command::RemoveQueue { queue } => self.remove_queue(queue),
            Command::UpsertAgent { agent } => self.upsert_agent(agent),
            Command::RemoveAgent { agent } => self.remove_agent(agent),
            Command::GoOnQueue {
                agent,
                last_interaction,
            } => self.go_on_queue(agent, last_interaction)?,
            Command::GoOffQueue { agent } => self.go_off_queue(agent)?,
            Command::AgentGone { agent } => self.agent_gone(agent)?,
            Command::JoinQueue { agent, queue } => self.set_joined(agent, queue, Joined::Yes)?,
            Command::LeaveQueue { agent, queue } => self.set_joined(agent, queue, Joined::No)?,
            Command::StartExternalWork {
                agent,
                work,
                medium,
                labels,
            } => {
                let labels = labels.into_iter().collect();
                let since = self.state.now;
                let work = ExternalWorkView {
                    work,
                    medium,
                    labels,
                    since,
                };
                self.start_external_work(agent, work)?;
            }
            Command::EndExternalWork { agent, work } => self.end_external_work(agent, work)?,
            Command::ObserveMetric {
                queue,
                estimated_wait_ms,
                service_level,
            } => {
                let queue = self.state.queues.get_mut(queue).ok_or(Refusal::UnknownQueue)?;
                queue.metrics = Metrics {
                    estimated_wait_ms,
                    service_level,
                };
            }
            _ => {}
        }
        Ok(())
    }

    pub fn agent_slot(&self, agent: UserId) -> Result<Slot, Refusal> {
        self.state.agents.slot(agent).ok_or(Refusal::UnknownAgent)
    }

    pub fn interaction_slot(&self, interaction: InteractionId) -> Result<Slot, Refusal> {
        let slot = self.state.interactions.slot(interaction);
        slot.ok_or(Refusal::UnknownInteraction)
    }

    fn enqueue(&mut self, id: InteractionId, queue: QueueId, requirements: Requirements) -> Handled {
        if self.state.interactions.contains(id) || self.state.ended_interactions.contains(id) {
            return Ok(());
        }
        if let Err(refusal) = self.admit(queue, 0) {
            self.note(Effect::Rejected {
                interaction: id,
                refusal,
            });
            return Err(refusal);
        }
        self.state.entries += 1;
        let now = self.state.now;
        let slot = self.state.interactions.insert(Interaction {
            id,
            queue,
            requirements,
            entered: now,
            position: self.state.entries,
            stage_since: now,
            hold: None,
            openings: Vec::new(),
            stage: Stage::Standard,
            declined: Few::default(),
            place: Place::Waiting,
            acw_requested: false,
            offered_as: None,
            stands_for: None,
            alone: false,
        });
        self.hold(slot);
        self.open(slot);
        self.stand_in_line(slot, Entry::New);
        Ok(())
    }

    /// Whether a queue takes one more, so many of those in it left out.
    pub fn admit(&self, queue: QueueId, besides: usize) -> Handled {
        let config = self.state.config(queue).ok_or(Refusal::UnknownQueue)?;
        let Some(limit) = config.limit else { return Ok(()) };
        let number = self.index.roster.number_of(queue).unwrap_or(u32::MAX);
        let lines = &self.index.lines;
        let within = lines.waiting(number) + lines.alerting(number) - besides;
        let full = within >= limit as usize;
        if full { Err(Refusal::QueueFull) } else { Ok(()) }
    }

    /// Keeps a new interaction for whom its customer had last, if they could take it now.
    fn hold(&mut self, slot: Slot) {
        let interaction = &self.state.interactions[slot];
        let last = interaction.requirements.last_agent;
        let Some((last, config)) = last.zip(self.state.config(interaction.queue)) else {
            return;
        };
        let rule = config.last_agent;
        let last = self.state.agents.slot(last);
        let Some(last) = last.filter(|_| rule.mode != LastAgentMode::Disabled && rule.hold_ms > 0) else {
            return;
        };
        let roster = &self.index.roster;
        let number = roster.number_of(interaction.queue).unwrap_or(u32::MAX);
        let joined = roster.entry(last).seat(number).is_some_and(|seat| seat.joined);
        let work = interaction.work();
        let counts = joined || rule.mode == LastAgentMode::AnyAgent;
        if counts && roster.entry(last).is_on() && roster.full(last, work.medium, &work.labels).is_none() {
            let until = self.state.now + Duration::from_millis(rule.hold_ms);
            let interaction = &mut self.state.interactions[slot];
            interaction.hold = Some(until);
            interaction.stage_since = until;
        }
    }

    /// Finds out which rules of its queue are true for an interaction.
    pub fn open(&mut self, slot: Slot) {
        let interaction = &mut self.state.interactions[slot];
        if let Some(queue) = self.state.queues.get(interaction.queue) {
            interaction.openings = openings(&self.state.queues, &queue.config, self.rules);
        }
    }

    fn set_priority(&mut self, id: InteractionId, priority: i32) -> Handled {
        let slot = self.interaction_slot(id)?;
        if self.state.interactions[slot].requirements.priority != priority {
            self.rejoin(slot, |interaction| interaction.requirements.priority = priority);
        }
        Ok(())
    }

    fn set_requirements(&mut self, id: InteractionId, wanted: Requirements) -> Handled {
        let slot = self.interaction_slot(id)?;
        self.stand_anew(slot, |interaction| {
            interaction.requirements.skills = wanted.skills;
            interaction.requirements.language = wanted.language;
            interaction.requirements.preferred = wanted.preferred;
        });
        Ok(())
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
        self.agent_slot(agent)?;
        let offer = self.state.offers.get(offer).filter(|offer| offer.agent == agent);
        match offer.ok_or(Refusal::UnknownOffer)?.outcome {
            OfferOutcome::Alerting => Ok(()),
            OfferOutcome::Accepted => Err(Refusal::OfferAlreadyAccepted),
            OfferOutcome::Ended(OfferEnd::TimedOut) => Err(Refusal::OfferExpired),
            OfferOutcome::Ended(_) => Err(Refusal::OfferRescinded),
        }
    }

    /// The slot of an interaction that an agent has in hand.
    fn held(&self, agent: UserId, interaction: InteractionId) -> Result<Slot, Refusal> {
        self.agent_slot(agent)?;
        let slot = self.interaction_slot(interaction)?;
        match self.state.interactions[slot].place {
            Place::Held { agent: holder, .. } if holder == agent => Ok(slot),
            _ => Err(Refusal::NotHeld),
        }
    }

    fn end_work(&mut self, agent: UserId, interaction: InteractionId) -> Handled {
        self.held(agent, interaction)?;
        self.end_interaction(interaction);
        Ok(())
    }

    fn request_acw(&mut self, agent: UserId, interaction: InteractionId) -> Handled {
        let slot = self.held(agent, interaction)?;
        self.state.interactions[slot].acw_requested = true;
        Ok(())
    }

    fn complete_acw(&mut self, agent: UserId, interaction: InteractionId) -> Handled {
        let slot = self.agent_slot(agent)?;
        let acw = self.state.agents[slot].acw_of(interaction).ok_or(Refusal::UnknownAcw)?;
        if acw.forced {
            return Err(Refusal::AcwForced);
        }
        self.end_acw(agent, interaction);
        Ok(())
    }

    fn set_joined(&mut self, agent: UserId, queue: QueueId, joined: Joined) -> Handled {
        let slot = self.agent_slot(agent)?;
        if !self.state.queues.contains(queue) {
            return Err(Refusal::UnknownQueue);
        }
        let memberships = &mut self.state.agents[slot].profile.queues;
        let membership = memberships.get_mut(&queue).ok_or(Refusal::NotMember)?;
        membership.joined = joined == Joined::Yes;
        self.index.roster.set_joined(slot, queue, joined);
        self.gain(slot);
        Ok(())
    }

    fn go_on_queue(&mut self, agent: UserId, last_interaction: Option<Timestamp>) -> Handled {
        let slot = self.agent_slot(agent)?;
        if self.state.agents[slot].presence == Presence::On {
            return Ok(());
        }
        self.forgive(slot);
        let now = self.state.now;
        let used = last_interaction.filter(|at| *at <= now);
        let reset = self.state.settings.on_queue_resets_idle.then_some(now);
        self.change_agent(slot, |agent, _| {
            agent.presence = Presence::On;
            agent.ended = agent.ended.max(used).max(reset);
        });
        self.gain(slot);
        Ok(())
    }

    fn go_off_queue(&mut self, agent: UserId) -> Handled {
        let slot = self.agent_slot(agent)?;
        let alerting = self.state.agents[slot].alerting.clone();
        self.change_agent(slot, |agent, _| agent.presence = Presence::Off);
        for offer in alerting {
            self.end_offer(offer, OfferEnd::AgentGone);
        }
        Ok(())
    }

    fn agent_gone(&mut self, agent: UserId) -> Handled {
        self.go_off_queue(agent)?;
        let slot = self.agent_slot(agent)?;
        let acw: Vec<InteractionId> = self.state.agents[slot].acw.iter().map(|acw| acw.interaction).collect();
        for interaction in acw {
            self.end_acw(agent, interaction);
        }
        Ok(())
    }

    fn start_external_work(&mut self, agent: UserId, work: ExternalWorkView) -> Handled {
        let slot = self.agent_slot(agent)?;
        let known = self.state.agents[slot]
            .external
            .iter()
            .any(|known| known.work == work.work);
        if !known {
            self.change_agent(slot, |agent, burden| {
                burden.add(Kind::External, &work.work());
                agent.external.push(work);
                agent.external.sort_unstable();
            });
        }
        Ok(())
    }

    fn end_external_work(&mut self, agent: UserId, work: onqueue_model::WorkId) -> Handled {
        let slot = self.agent_slot(agent)?;
        let known = self.state.agents[slot]
            .external
            .iter()
            .position(|known| known.work == work);
        if let Some(place) = known {
            self.change_agent(slot, |agent, burden| {
                let work = agent.external.remove(place);
                burden.remove(Kind::External, &work.work());
            });
            self.gain(slot);
        }
        Ok(())
    }
}
