//! The decisions: what an input makes of a conversation. Here is what all of them share; each subject has its own file.

mod assistance;
mod lifecycle;
mod record;
mod routed;
mod speech;

use crate::{
    Agent, Body, Event, Hash, Head, Input, Numbers, ORIGIN, Opening, ParticipantKind, Person, Place, Refusal, Rules,
    Salt, Sender, State,
    chain::{link, part_hash},
};
use onqueue_model::{EventId, ParticipantId, Timestamp};
use std::sync::Arc;

/// What chance gives each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The event's name.
    pub id: EventId,
    /// What blinds its personal part.
    pub salt: Salt,
}

/// What came of an input: the new head, the events to append and what to erase, which belong in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The head after it.
    pub head: Head,
    /// What to append, in order; may be empty.
    pub events: Vec<Event>,
    /// Of which stored events the personal part and its salt are to be removed.
    pub erased: Vec<Erasure>,
}

/// A stored event whose personal part goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Its place in the whole log.
    pub sequence: i64,
    /// What is left of the part.
    pub part: Hash,
}

/// Begins a conversation.
pub fn open(opening: Opening, seeds: &mut dyn FnMut() -> Seed, now: Timestamp) -> Applied {
    let head = Head {
        organisation: opening.organisation,
        conversation: opening.conversation,
        kind: opening.kind,
        opening: 1,
        queue: opening.queue,
        guest: opening.guest,
        agents: Vec::new(),
        state: State::Pending,
        numbers: Numbers::default(),
        hash: ORIGIN,
        reported: Place::default(),
        assistance: None,
        attributes: Arc::default(),
        last_activity_at: now,
        guest_active_at: now,
        agent_active_at: now,
        warned_at: None,
        check_at: None,
    };
    let guest = opening.guest;
    let mut log = Log::after(head, Rules::default(), seeds, now);
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

/// Decides what `input` makes of the conversation by its queue's rules. `seeds` is asked once per event. A refusal changes
/// nothing.
pub fn apply(
    head: &Head,
    input: Input,
    rules: Rules,
    seeds: &mut dyn FnMut() -> Seed,
    now: Timestamp,
) -> Result<Applied, Refusal> {
    let mut log = Log::after(head.clone(), rules, seeds, now);
    if let State::Ended { at, reason } = head.state {
        match input {
            Input::Redact { .. } | Input::Erase { .. } => {}
            Input::Post { sender, .. } | Input::Attach { sender, .. } if log.can_reopen(sender) => log.reopen(),
            _ => return Err(Refusal::Ended { at, reason }),
        }
    }
    log.take(input)?;
    Ok(log.done())
}

/// A head with the events that made it.
struct Log<'a> {
    head: Head,
    events: Vec<Event>,
    erased: Vec<Erasure>,
    rules: Rules,
    seeds: &'a mut dyn FnMut() -> Seed,
    now: Timestamp,
}

impl<'a> Log<'a> {
    fn after(head: Head, rules: Rules, seeds: &'a mut dyn FnMut() -> Seed, now: Timestamp) -> Self {
        Self {
            head,
            events: Vec::new(),
            erased: Vec::new(),
            rules,
            seeds,
            now,
        }
    }

    fn done(self) -> Applied {
        Applied {
            head: self.head,
            events: self.events,
            erased: self.erased,
        }
    }

    fn take(&mut self, input: Input) -> Result<(), Refusal> {
        match input {
            Input::Post { sender, text, key } => {
                let text = text.into_string();
                self.speak(sender, Body::Message { text }, key)
            }
            Input::Attach {
                sender,
                attachment,
                key,
            } => self.speak(sender, Body::AttachmentAdded(attachment), key),
            Input::SideMessage { by, text, key } => {
                self.whisper(&by, Body::side_message(&by, text.into_string()), key);
                Ok(())
            }
            Input::CoachMessage { by, text, key } => {
                self.whisper(&by, Body::coach_message(&by, text.into_string()), key);
                Ok(())
            }
            Input::Say { text } => {
                self.announce(text.into_string());
                Ok(())
            }
            Input::Report { opening, place, fact } => self.report(opening, place, fact),
            Input::End { by } => self.end_by(by),
            Input::Abandon => {
                self.abandon();
                Ok(())
            }
            Input::Leave { user } => self.leave_by(user),
            Input::Sweep => {
                self.sweep();
                Ok(())
            }
            Input::BargeIn { by } => self.barge_in(&by),
            Input::Ask { by, assistance, text } => self.ask(by, assistance, text.into_string()),
            Input::Take { by, assistance } => self.take_request(by, assistance),
            Input::Close { by, assistance } => self.close_by(by, assistance),
            Input::SetAttributes { by, changes } => self.set_attributes(by, changes),
            Input::Redact { target, by, reason } => self.redact(target, by, reason),
            Input::Erase { targets, by, reason } => {
                self.erase(&targets, by, reason);
                Ok(())
            }
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

    fn party(&self, sender: Sender) -> Result<ParticipantId, Refusal> {
        self.head.party(sender).ok_or(Refusal::NotTakingPart)
    }

    /// Has inactivity looked at when its rule says so.
    fn set_clock(&mut self) {
        self.head.check_at = self.rules.inactivity.check_at(&self.head);
    }

    /// The clock begins anew for everyone: it runs only while an agent is connected.
    fn restart_clock(&mut self) {
        self.head.guest_active_at = self.head.guest_active_at.max(self.now);
        self.head.agent_active_at = self.head.agent_active_at.max(self.now);
        self.head.warned_at = None;
    }

    /// They take part from now on, as that; whoever takes part as that already goes on.
    fn join(&mut self, person: &Person, kind: ParticipantKind) {
        let was = self.head.active(person.user).map(|agent| agent.kind);
        if was == Some(kind) {
            return;
        }
        let participant = self.head.participant_of(person);
        match self.head.agents.iter_mut().find(|agent| agent.user == person.user) {
            Some(agent) => (agent.kind, agent.active) = (kind, true),
            None => self.head.agents.push(Agent {
                participant,
                user: person.user,
                kind,
                active: true,
            }),
        }
        self.append(
            Some(participant),
            Body::ParticipantJoined {
                participant,
                kind,
                name: person.name.clone(),
                user: Some(person.user),
            },
        );
    }
}
