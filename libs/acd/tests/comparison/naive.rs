//! The rules of routing once more, as plainly and slowly as can be: lists, searched from end to end for every question.

mod decide;

use onqueue_acd::{
    AgentProfile, AgentState, Applied, Candidate, Command, Decided, Decision, Effect, Exclusion, OfferEnd, QueueConfig,
    Refusal, Requirements,
};
use onqueue_model::{InteractionId, Language, OfferId, QueueId, Timestamp, UserId};
use sha2::{Digest, Sha256};

const SEVEN_DAYS: i64 = 7 * 86_400_000;

#[derive(Default)]
pub struct Naive {
    now: i64,
    queues: Vec<QueueConfig>,
    agents: Vec<Agent>,
    chats: Vec<Chat>,
    over: Vec<InteractionId>,
    offers: Vec<Offer>,
    out: Vec<Effect>,
}

struct Agent {
    profile: AgentProfile,
    state: Duty,
    assigned: Option<i64>,
    ended: Option<i64>,
}

#[derive(Clone, Copy, PartialEq)]
enum Duty {
    Off,
    On,
    Silent,
}

struct Chat {
    id: InteractionId,
    queue: QueueId,
    wants: Requirements,
    entered: i64,
    at: At,
    refused_by: Vec<UserId>,
}

#[derive(Clone, Copy, PartialEq)]
enum At {
    Line,
    Alerting(UserId),
    With(UserId),
}

struct Offer {
    id: OfferId,
    chat: InteractionId,
    agent: UserId,
    expires: i64,
    end: Option<Result<(), OfferEnd>>,
}

impl Naive {
    pub fn apply(&mut self, now: Timestamp, command: &Command) -> Applied {
        let now = now.0.max(self.now);
        if *command == Command::Resume {
            self.now = now;
            self.end_due(OfferEnd::Interrupted);
        }
        while let Some(due) = self.due().filter(|due| *due < now) {
            self.now = due;
            self.end_due(OfferEnd::TimedOut);
            self.route();
        }
        self.now = now;
        let refusal = self.handle(command).err();
        self.end_due(OfferEnd::TimedOut);
        self.route();
        Applied {
            effects: std::mem::take(&mut self.out),
            refusal,
        }
    }

    fn due(&self) -> Option<i64> {
        self.offers
            .iter()
            .filter(|offer| offer.end.is_none())
            .map(|offer| offer.expires)
            .min()
    }

    fn end_due(&mut self, end: OfferEnd) {
        let mut due: Vec<(i64, usize)> = Vec::new();
        for (number, offer) in self.offers.iter().enumerate() {
            if offer.end.is_none() && offer.expires <= self.now {
                due.push((offer.expires, number));
            }
        }
        due.sort_unstable();
        for (_, number) in due {
            self.rescind(number, end);
        }
    }

    fn agent(&self, id: UserId) -> Option<usize> {
        self.agents.iter().position(|agent| agent.profile.id == id)
    }

    fn load(&self, agent: UserId) -> usize {
        let has = |chat: &&Chat| chat.at == At::Alerting(agent) || chat.at == At::With(agent);
        self.chats.iter().filter(has).count()
    }

    fn look(&self, agent: UserId) -> Option<(AgentState, usize)> {
        let load = self.load(agent);
        let state = match self.agents[self.agent(agent)?].state {
            Duty::Off => AgentState::OffQueue,
            Duty::Silent => AgentState::NotResponding,
            Duty::On => [AgentState::Idle, AgentState::Interacting][usize::from(load > 0)],
        };
        Some((state, load))
    }

    fn tell_if_changed(&mut self, agent: UserId, before: Option<(AgentState, usize)>) {
        let after = self.look(agent);
        if let (Some(before), Some(after)) = (before, after)
            && before != after
        {
            self.out.push(Effect::AgentStateChanged { agent, state: after.0 });
        }
    }

    fn handle(&mut self, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::UpsertQueue { queue } => {
                self.queues.retain(|other| other.id != queue.id);
                self.queues.push(queue.clone());
            }
            Command::RemoveQueue { queue } => self.remove(*queue),
            Command::UpsertAgent { agent } => self.upsert(agent),
            Command::GoOnQueue { agent } => self.on(*agent)?,
            Command::GoOffQueue { agent } | Command::AgentGone { agent } => self.off(*agent)?,
            Command::JoinQueue { agent, queue } => self.join(*agent, *queue, true)?,
            Command::LeaveQueue { agent, queue } => self.join(*agent, *queue, false)?,
            Command::Enqueue {
                interaction,
                queue,
                requirements,
            } => self.enqueue(*interaction, *queue, requirements)?,
            Command::Cancel { interaction } => self.cancel(*interaction),
            Command::Accept { agent, offer } => {
                let number = self.answer(*agent, *offer)?;
                self.accept(number);
            }
            Command::Decline { agent, offer } => {
                let number = self.answer(*agent, *offer)?;
                self.rescind(number, OfferEnd::Declined);
            }
            Command::Tick | Command::Resume => {}
        }
        Ok(())
    }

    fn remove(&mut self, queue: QueueId) {
        if !self.queues.iter().any(|other| other.id == queue) {
            return;
        }
        self.queues.retain(|other| other.id != queue);
        let lost = |chat: &&Chat| chat.queue == queue && !matches!(chat.at, At::With(_));
        let mut lost: Vec<InteractionId> = self.chats.iter().filter(lost).map(|chat| chat.id).collect();
        lost.sort_unstable();
        for interaction in lost {
            self.cancel(interaction);
            self.out.push(Effect::Rejected {
                interaction,
                refusal: Refusal::UnknownQueue,
            });
        }
    }

    fn upsert(&mut self, profile: &AgentProfile) {
        match self.agent(profile.id) {
            Some(agent) => self.agents[agent].profile = profile.clone(),
            None => self.agents.push(Agent {
                profile: profile.clone(),
                state: Duty::Off,
                assigned: None,
                ended: None,
            }),
        }
    }

    fn on(&mut self, id: UserId) -> Result<(), Refusal> {
        let agent = self.agent(id).ok_or(Refusal::UnknownAgent)?;
        if self.agents[agent].state == Duty::On {
            return Ok(());
        }
        let before = self.look(id);
        self.agents[agent].state = Duty::On;
        for chat in &mut self.chats {
            chat.refused_by.retain(|other| *other != id);
        }
        self.tell_if_changed(id, before);
        Ok(())
    }

    fn off(&mut self, id: UserId) -> Result<(), Refusal> {
        let agent = self.agent(id).ok_or(Refusal::UnknownAgent)?;
        let before = self.look(id);
        self.agents[agent].state = Duty::Off;
        self.tell_if_changed(id, before);
        let alerting = (0..self.offers.len()).filter(|n| self.offers[*n].agent == id && self.offers[*n].end.is_none());
        let mut alerting: Vec<usize> = alerting.collect();
        alerting.sort_by_key(|n| self.offers[*n].id);
        for number in alerting {
            self.rescind(number, OfferEnd::AgentGone);
        }
        Ok(())
    }

    fn join(&mut self, id: UserId, queue: QueueId, joined: bool) -> Result<(), Refusal> {
        let agent = self.agent(id).ok_or(Refusal::UnknownAgent)?;
        if !self.queues.iter().any(|other| other.id == queue) {
            return Err(Refusal::UnknownQueue);
        }
        let queues = &mut self.agents[agent].profile.queues;
        queues.get_mut(&queue).ok_or(Refusal::NotMember)?.joined = joined;
        Ok(())
    }

    fn enqueue(&mut self, id: InteractionId, queue: QueueId, wants: &Requirements) -> Result<(), Refusal> {
        if self.over.contains(&id) || self.chats.iter().any(|chat| chat.id == id) {
            return Ok(());
        }
        let in_line = |chat: &&Chat| chat.queue == queue && matches!(chat.at, At::Line | At::Alerting(_));
        let length = self.chats.iter().filter(in_line).count();
        let refusal = match self.queues.iter().find(|other| other.id == queue) {
            None => Some(Refusal::UnknownQueue),
            Some(config) => config
                .limit
                .filter(|limit| length >= *limit as usize)
                .map(|_| Refusal::QueueFull),
        };
        if let Some(refusal) = refusal {
            self.out.push(Effect::Rejected {
                interaction: id,
                refusal,
            });
            return Err(refusal);
        }
        self.chats.push(Chat {
            id,
            queue,
            wants: wants.clone(),
            entered: self.now,
            at: At::Line,
            refused_by: Vec::new(),
        });
        self.out.push(Effect::Queued { interaction: id, queue });
        Ok(())
    }

    fn cancel(&mut self, id: InteractionId) {
        let Some(chat) = self.chats.iter().position(|chat| chat.id == id) else {
            return;
        };
        match self.chats[chat].at {
            At::Line => self.finish(chat),
            At::Alerting(_) => {
                let live = |offer: &Offer| offer.chat == id && offer.end.is_none();
                let number = self.offers.iter().position(live).expect("alerting by an offer");
                self.rescind(number, OfferEnd::Cancelled);
            }
            At::With(agent) => {
                let before = self.look(agent);
                self.finish(chat);
                let number = self.agent(agent).expect("held by an agent");
                self.agents[number].ended = Some(self.now);
                self.out.push(Effect::SlotFreed { agent, interaction: id });
                self.tell_if_changed(agent, before);
            }
        }
    }

    fn finish(&mut self, chat: usize) {
        let chat = self.chats.remove(chat);
        self.over.push(chat.id);
    }

    fn answer(&self, agent: UserId, offer: OfferId) -> Result<usize, Refusal> {
        self.agent(agent).ok_or(Refusal::UnknownAgent)?;
        let number = self
            .offers
            .iter()
            .position(|other| other.id == offer && other.agent == agent);
        let number = number.ok_or(Refusal::UnknownOffer)?;
        match self.offers[number].end {
            None => Ok(number),
            Some(Ok(())) => Err(Refusal::OfferAlreadyAccepted),
            Some(Err(OfferEnd::TimedOut)) => Err(Refusal::OfferExpired),
            Some(Err(_)) => Err(Refusal::OfferRescinded),
        }
    }

    fn accept(&mut self, number: usize) {
        let (chat, agent, offer) = (
            self.offers[number].chat,
            self.offers[number].agent,
            self.offers[number].id,
        );
        self.offers[number].end = Some(Ok(()));
        let before = self.look(agent);
        let index = self
            .chats
            .iter()
            .position(|other| other.id == chat)
            .expect("an offer is of a chat");
        self.chats[index].at = At::With(agent);
        let index = self.agent(agent).expect("an offer is to an agent");
        self.agents[index].assigned = Some(self.now);
        self.out.push(Effect::Assigned {
            interaction: chat,
            agent,
            offer,
        });
        self.tell_if_changed(agent, before);
    }

    fn rescind(&mut self, number: usize, end: OfferEnd) {
        let (chat, agent, offer) = (
            self.offers[number].chat,
            self.offers[number].agent,
            self.offers[number].id,
        );
        self.offers[number].end = Some(Err(end));
        let before = self.look(agent);
        let chat_index = self
            .chats
            .iter()
            .position(|other| other.id == chat)
            .expect("an offer is of a chat");
        self.out.push(Effect::Rescinded {
            interaction: chat,
            agent,
            offer,
            end,
        });
        if end == OfferEnd::Cancelled {
            self.finish(chat_index);
        } else {
            self.chats[chat_index].at = At::Line;
            let queue = self.chats[chat_index].queue;
            self.out.push(Effect::Queued {
                interaction: chat,
                queue,
            });
        }
        if end == OfferEnd::Declined || end == OfferEnd::TimedOut {
            self.chats[chat_index].refused_by.push(agent);
        }
        if end == OfferEnd::TimedOut {
            let index = self.agent(agent).expect("an offer is to an agent");
            self.agents[index].state = Duty::Silent;
        }
        self.tell_if_changed(agent, before);
    }

    fn route(&mut self) {
        while let Some(chat) = self.first_routable() {
            self.offer(chat);
        }
    }

    fn key(chat: &Chat) -> i64 {
        chat.entered - 60_000 * i64::from(chat.wants.priority)
    }

    fn first_routable(&self) -> Option<usize> {
        // The list is in the order of entry, and the sort keeps it among equals.
        let mut line: Vec<usize> = (0..self.chats.len())
            .filter(|n| self.chats[*n].at == At::Line)
            .collect();
        line.sort_by_key(|n| Self::key(&self.chats[*n]));
        line.into_iter().find(|n| {
            self.agents
                .iter()
                .any(|agent| self.why_not(agent, &self.chats[*n]) == Some(None))
        })
    }

    /// `None`: not a member. `Some(None)`: eligible.
    fn why_not(&self, agent: &Agent, chat: &Chat) -> Option<Option<Exclusion>> {
        let membership = agent.profile.queues.get(&chat.queue)?;
        Some(if !membership.joined {
            Some(Exclusion::NotJoined)
        } else if agent.state == Duty::Off {
            Some(Exclusion::OffQueue)
        } else if agent.state == Duty::Silent {
            Some(Exclusion::NotResponding)
        } else if chat.refused_by.contains(&agent.profile.id) {
            Some(Exclusion::Declined)
        } else if self.load(agent.profile.id) >= usize::from(agent.profile.maximum_chats) {
            Some(Exclusion::AtCapacity)
        } else {
            unable(&agent.profile, &chat.wants)
        })
    }

    fn idle(&self, agent: &Agent) -> i64 {
        let last = agent.assigned.max(agent.ended);
        last.map_or(SEVEN_DAYS, |last| (self.now - last).min(SEVEN_DAYS))
    }

    fn offer(&mut self, chat_index: usize) {
        let decision = self.decide(&self.chats[chat_index]);
        let agent = decision.candidates[0].agent;
        let before = self.look(agent);
        let chat = &mut self.chats[chat_index];
        chat.at = At::Alerting(agent);
        let config = self
            .queues
            .iter()
            .find(|queue| queue.id == chat.queue)
            .expect("queues stay");
        let expires = self.now + i64::try_from(config.alerting_timeout_ms).expect("small");
        self.offers.push(Offer {
            id: decision.offer,
            chat: chat.id,
            agent,
            expires,
            end: None,
        });
        self.out.push(Effect::Offered {
            interaction: chat.id,
            agent,
            offer: decision.offer,
            queue: chat.queue,
            expires: Timestamp(expires),
            entered: Timestamp(chat.entered),
        });
        self.out.push(Effect::DecisionRecorded { decision });
        self.tell_if_changed(agent, before);
    }
}

fn unable(profile: &AgentProfile, wants: &Requirements) -> Option<Exclusion> {
    if let Some(wanted) = &wants.language {
        let mut languages = profile.languages.iter();
        if !languages.any(|(known, level)| *level >= 100 && tag(known) == tag(wanted)) {
            return Some(Exclusion::Language);
        }
    }
    let mut wanted = wants.skills.iter();
    let missing = wanted.find(|(skill, least)| profile.skills.get(skill).unwrap_or(&0) < least);
    missing.map(|(skill, _)| Exclusion::MissingSkill(*skill))
}

fn tag(language: &Language) -> &str {
    language.as_str().split('-').next().expect("a tag has a first part")
}

fn offer_id(chat: InteractionId, made: u64) -> OfferId {
    let mut text = chat.conversation.uuid().as_bytes().to_vec();
    text.extend(chat.opening.to_be_bytes());
    text.extend(made.to_be_bytes());
    let hash: [u8; 32] = Sha256::digest(text).into();
    OfferId::new(uuid::Uuid::from_slice(&hash[..16]).expect("16 bytes"))
}
