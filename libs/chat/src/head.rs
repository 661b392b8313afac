//! What must be known of a conversation to decide what may happen next: everything but its log.

use crate::{Attributes, ConversationKind, EndReason, Event, Hash, ParticipantKind, Person, Sender, Visibility};
use onqueue_model::{AssistanceId, ConversationId, OrganisationId, ParticipantId, QueueId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// The head of one conversation's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose.
    pub organisation: OrganisationId,
    /// Which.
    pub conversation: ConversationId,
    /// What becomes of it when an agent is done with it.
    pub kind: ConversationKind,
    /// Which opening of it, from 1.
    pub opening: u32,
    /// The queue it is in.
    pub queue: QueueId,
    /// Who the customer is in it.
    pub guest: ParticipantId,
    /// The users who take or took part: agents, and supervisors who joined.
    pub agents: Vec<Agent>,
    /// Where it is.
    pub state: State,
    /// The last numbers given.
    pub numbers: Numbers,
    /// The hash of the last event.
    pub hash: Hash,
    /// The highest report of routing.
    pub reported: Place,
    /// The request for assistance that is open now.
    pub assistance: Option<Assistance>,
    /// What is noted of it.
    pub attributes: Arc<Attributes>,
    /// When anybody last wrote, or an agent joined.
    pub last_activity_at: Timestamp,
    /// Since when the customer has been silent, as the inactivity clock counts.
    pub guest_active_at: Timestamp,
    /// Since when the agents have been silent, as the inactivity clock counts.
    pub agent_active_at: Timestamp,
    /// When it was last warned of inactivity. Holds only while nothing happened since.
    pub warned_at: Option<Timestamp>,
    /// When inactivity is to be looked at, at the latest.
    pub check_at: Option<Timestamp>,
}

/// A user in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Who they are in it.
    pub participant: ParticipantId,
    /// The user.
    pub user: UserId,
    /// What they are or were last: an agent, or a supervisor.
    pub kind: ParticipantKind,
    /// Whether they take part now (or did when it ended).
    pub active: bool,
}

/// A request for assistance that is not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assistance {
    /// Its name.
    pub id: AssistanceId,
    /// Who asked.
    pub asked_by: UserId,
    /// When.
    pub asked_at: Timestamp,
    /// The supervisor who helps; `None` while nobody does.
    pub taken_by: Option<UserId>,
}

/// Where a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Opened; routing has not answered.
    Pending,
    /// Waits for an agent.
    Queued,
    /// Alerts an agent.
    Alerting,
    /// An agent takes part.
    Connected,
    /// Over; for good, unless it rests.
    Ended {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: EndReason,
    },
}

/// The last number of each of the three numberings; each is dense: 1, 2, 3 …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Of the whole log, as supervisors, routing and export see it.
    pub sequence: i64,
    /// Of what everyone sees.
    pub public: i64,
    /// Of what agents see.
    pub agents: i64,
}

/// A place in the log of a routing owner, by which late reports are known. Ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Of the owner.
    pub epoch: i64,
    /// In its log.
    pub position: i64,
}

/// What kind of viewer somebody is: which events they see and which numbering they know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The customer.
    Guest,
    /// An agent who takes part.
    Agent,
    /// A user who may look without taking part.
    Supervisor,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Guest, Self::Agent, Self::Supervisor];

    /// Whether events of that visibility exist for this viewer.
    pub const fn sees(self, visibility: Visibility) -> bool {
        match self {
            Self::Guest => matches!(visibility, Visibility::Everyone),
            Self::Agent => matches!(visibility, Visibility::Everyone | Visibility::Agents),
            Self::Supervisor => true,
        }
    }

    /// The event's place in this viewer's numbering; `None` if it does not exist for them.
    pub const fn place(self, event: &Event) -> Option<i64> {
        match self {
            Self::Guest => event.public_sequence,
            Self::Agent => event.agent_sequence,
            Self::Supervisor => Some(event.sequence),
        }
    }
}

impl Numbers {
    /// Counts one more event and answers (sequence, public sequence, agent sequence) for it.
    pub fn count(&mut self, visibility: Visibility) -> (i64, Option<i64>, Option<i64>) {
        self.sequence += 1;
        let seen = |class: Class, number: &mut i64| {
            class.sees(visibility).then(|| {
                *number += 1;
                *number
            })
        };
        let public = seen(Class::Guest, &mut self.public);
        let agents = seen(Class::Agent, &mut self.agents);
        (self.sequence, public, agents)
    }

    /// The last number that this viewer knows.
    pub const fn last(self, class: Class) -> i64 {
        match class {
            Class::Guest => self.public,
            Class::Agent => self.agents,
            Class::Supervisor => self.sequence,
        }
    }
}

impl Head {
    /// Why it ended, if it did.
    pub const fn ended(&self) -> Option<EndReason> {
        match self.state {
            State::Ended { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// Until when the customer's next message opens it again, if it rests.
    pub fn reopens_until(&self, window: Duration) -> Option<Timestamp> {
        match self.state {
            State::Ended {
                at,
                reason: EndReason::Rested,
            } => Some(at + window),
            _ => None,
        }
    }

    /// The participant behind a sender, if they take part now (or did when it ended).
    pub fn party(&self, sender: Sender) -> Option<ParticipantId> {
        match sender {
            Sender::Guest(participant) => (participant == self.guest).then_some(participant),
            Sender::User(user) => self.active(user).map(|agent| agent.participant),
        }
    }

    /// The participant behind a sender, if they take or ever took part.
    pub fn former_party(&self, sender: Sender) -> Option<ParticipantId> {
        match sender {
            Sender::Guest(_) => self.party(sender),
            Sender::User(user) => self.former(user).map(|agent| agent.participant),
        }
    }

    /// Who that person is in it.
    pub fn participant_of(&self, person: &Person) -> ParticipantId {
        self.former(person.user)
            .map_or(person.participant, |agent| agent.participant)
    }

    /// Whoever of that user takes part now (or did when it ended), as an agent or a supervisor.
    pub fn active(&self, user: UserId) -> Option<&Agent> {
        self.former(user).filter(|agent| agent.active)
    }

    /// The agent of that user, if they take part now (or did when it ended).
    pub fn active_agent(&self, user: UserId) -> Option<&Agent> {
        self.active(user).filter(|agent| agent.kind == ParticipantKind::Agent)
    }

    /// Which agent has it in hand (or had it when it ended), or else came to it last.
    pub fn last_agent(&self) -> Option<UserId> {
        let agents = || self.agents.iter().filter(|agent| agent.kind == ParticipantKind::Agent);
        let active = agents().find(|agent| agent.active);
        active.or_else(|| agents().next_back()).map(|agent| agent.user)
    }

    fn former(&self, user: UserId) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.user == user)
    }
}
