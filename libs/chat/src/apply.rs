//! The decisions: what an input makes of a conversation.

use crate::{
    Agent, Body, EndReason, Event, Fact, Head, Inactivity, Input, Numbers, ORIGIN, Opening, ParticipantKind, Place,
    Refusal, Salt, Sender, State,
    chain::{link, part_hash},
    inactivity::Due,
};
use onqueue_model::{EventId, ParticipantId, QueueId, Timestamp, UserId};

/// What chance gives each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The event's name.
    pub id: EventId,
    /// What blinds its personal part.
    pub salt: Salt,
}

/// What came of an input: the new head and the events to append, which belong in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The head after it.
    pub head: Head,
    /// What to append, in order; may be empty.
    pub events: Vec<Event>,
}

/// Begins a conversation.
pub fn open(opening: Opening, seeds: &mut dyn FnMut() -> Seed, now: Timestamp) -> Applied {
    let head = Head {
        organisation: opening.organisation,
        conversation: opening.conversation,
        opening: 1,
        queue: opening.queue,
        guest: opening.guest,
        agents: Vec::new(),
        state: State::Pending,
        numbers: Numbers::default(),
        hash: ORIGIN,
        reported: Place::default(),
        last_activity_at: now,
        warned_at: None,
        check_at: None,
    };
    let guest = opening.guest;
    let mut log = Log::after(head, seeds, now);
    log.append(
        Some(guest),
        Body::Opened {
            queue: opening.queue,
            language: opening.language,
            guest_name: opening.guest_name,
            topic: opening.topic,
            guest,
        },
    );
    if let Some(text) = opening.first_message {
        let text = text.into_string();
        log.append(Some(guest), Body::Message { text });
    }
    log.done()
}

/// Decides what `input` makes of the conversation. `seeds` is asked once per event. A refusal changes nothing.
pub fn apply(
    head: &Head,
    input: Input,
    inactivity: Inactivity,
    seeds: &mut dyn FnMut() -> Seed,
    now: Timestamp,
) -> Result<Applied, Refusal> {
    if let State::Ended { at, reason } = head.state {
        return Err(Refusal::Ended { at, reason });
    }
    let mut log = Log::after(head.clone(), seeds, now);
    match input {
        Input::Post { sender, text, key } => {
            let sender = party(head, sender)?;
            log.append(
                Some(sender),
                Body::Message {
                    text: text.into_string(),
                },
            );
            if let Some(event) = log.events.last_mut() {
                event.client_message_id = Some(key.into_string());
            }
            log.post(inactivity);
            return Ok(log.done());
        }
        Input::Report { opening, place, fact } => {
            if opening != head.opening || place <= head.reported {
                return Err(Refusal::Older);
            }
            log.head.reported = place;
            log.record(fact);
        }
        Input::End { by } => {
            let who = party(head, by)?;
            let reason = match by {
                Sender::Guest(_) => EndReason::GuestLeft,
                Sender::User(_) => EndReason::AgentEnded,
            };
            log.end(Some(who), reason);
        }
        Input::Sweep => log.sweep(inactivity),
    }
    log.head.check_at = inactivity.check_at(&log.head);
    Ok(log.done())
}

fn party(head: &Head, sender: Sender) -> Result<ParticipantId, Refusal> {
    head.party(sender).ok_or(Refusal::NotTakingPart)
}

/// A head with the events that made it.
struct Log<'a> {
    head: Head,
    events: Vec<Event>,
    seeds: &'a mut dyn FnMut() -> Seed,
    now: Timestamp,
}

impl<'a> Log<'a> {
    fn after(head: Head, seeds: &'a mut dyn FnMut() -> Seed, now: Timestamp) -> Self {
        Self {
            head,
            events: Vec::new(),
            seeds,
            now,
        }
    }

    fn done(self) -> Applied {
        Applied {
            head: self.head,
            events: self.events,
        }
    }

    fn append(&mut self, participant: Option<ParticipantId>, body: Body) {
        let Seed { id, salt } = (self.seeds)();
        let (sequence, public_sequence, agent_sequence) = self.head.numbers.count(body.visibility());
        let part = part_hash(&salt, &body.to_part());
        let hash = link(
            &self.head.hash,
            sequence,
            body.kind().code(),
            self.now,
            participant,
            &part,
        );
        self.head.hash = hash;
        self.events.push(Event {
            id,
            sequence,
            public_sequence,
            agent_sequence,
            at: self.now,
            participant,
            body,
            client_message_id: None,
            salt,
            hash,
        });
    }

    /// A message moves the last activity only; the sweep finds the rest, unless a warning was out: then the next one may
    /// be due before the end that is being waited for.
    fn post(&mut self, inactivity: Inactivity) {
        self.head.last_activity_at = self.head.last_activity_at.max(self.now);
        if self.head.warned_at.take().is_some() {
            self.head.check_at = inactivity.check_at(&self.head);
        }
    }

    fn record(&mut self, fact: Fact) {
        match fact {
            Fact::Queued { queue, queue_name } => {
                self.leave(None);
                self.head.queue = queue;
                self.head.state = State::Queued;
                self.append(None, Body::Queued { queue, queue_name });
            }
            Fact::Offered { user, agent_name } => {
                if self.head.state != State::Connected {
                    self.head.state = State::Alerting;
                }
                self.append(None, Body::Offered { user, agent_name });
            }
            Fact::Rescinded { user, reason } => {
                if self.head.state == State::Alerting {
                    self.head.state = State::Queued;
                }
                self.append(None, Body::OfferWithdrawn { user, reason });
            }
            Fact::Assigned {
                user,
                agent_name,
                participant,
            } => self.join(user, agent_name, participant),
            Fact::Refused { reason } => {
                let reason = reason.as_str().to_owned();
                self.append(None, Body::Refused { reason });
                self.end(None, EndReason::Refused);
            }
            Fact::Transferred { queue, queue_name, to } => self.transfer(queue, queue_name, to),
            Fact::WrapUpSet { user, code } => {
                let (code, code_name) = code.map_or((None, String::new()), |(code, name)| (Some(code), name));
                let participant = self.head.former_party(Sender::User(user));
                self.append(participant, Body::WrapUpSet { user, code, code_name });
            }
        }
    }

    /// Whoever takes part leaves. Everyone hears that it waits: from the queue that it goes to, or here if an agent is asked
    /// first.
    fn transfer(&mut self, queue: QueueId, queue_name: String, to: Option<(UserId, String)>) {
        let (user, agent_name) = to.map_or((None, String::new()), |(user, name)| (Some(user), name));
        let had = self.head.agents.iter().find(|agent| agent.active);
        let moved = Body::Transferred {
            queue,
            queue_name: queue_name.clone(),
            user,
            agent_name,
        };
        self.append(had.map(|agent| agent.participant), moved);
        self.leave(None);
        self.head.queue = queue;
        self.head.state = State::Queued;
        if user.is_some() {
            self.append(None, Body::Queued { queue, queue_name });
        }
    }

    /// The agent takes part from now on, instead of whoever did. The inactivity clock begins anew: it runs only while an
    /// agent is connected.
    fn join(&mut self, user: UserId, name: String, participant: ParticipantId) {
        self.leave(Some(user));
        let was_here = self.head.active_agent(user).is_some();
        let participant = match self.head.agents.iter_mut().find(|agent| agent.user == user) {
            Some(agent) => {
                agent.active = true;
                agent.participant
            }
            None => {
                self.head.agents.push(Agent {
                    participant,
                    user,
                    active: true,
                });
                participant
            }
        };
        self.head.state = State::Connected;
        if was_here {
            return;
        }
        self.head.last_activity_at = self.head.last_activity_at.max(self.now);
        self.head.warned_at = None;
        self.append(
            Some(participant),
            Body::ParticipantJoined {
                participant,
                kind: ParticipantKind::Agent,
                name,
                user: Some(user),
            },
        );
    }

    /// Every agent but `except` leaves.
    fn leave(&mut self, except: Option<UserId>) {
        let leaving: Vec<ParticipantId> = self
            .head
            .agents
            .iter_mut()
            .filter(|agent| agent.active && Some(agent.user) != except)
            .map(|agent| {
                agent.active = false;
                agent.participant
            })
            .collect();
        for participant in leaving {
            self.append(Some(participant), Body::ParticipantLeft { participant });
        }
    }

    fn end(&mut self, by: Option<ParticipantId>, reason: EndReason) {
        self.append(by, Body::Ended { reason });
        self.head.state = State::Ended { at: self.now, reason };
    }

    fn sweep(&mut self, inactivity: Inactivity) {
        match inactivity.due(&self.head, self.now) {
            Due::Nothing => {}
            Due::Warn { ends_at } => {
                self.append(None, Body::InactivityWarned { ends_at });
                self.head.warned_at = Some(self.now);
            }
            Due::End => self.end(None, EndReason::Inactivity),
        }
    }
}
