//! A conversation with its log, driven as services/session drives it.
#![allow(dead_code)] // Each file of tests uses some of it.

use onqueue_chat::{
    Applied, Attachment, Body, ClientMessageId, ConversationKind, Event, Fact, Head, Input, Kind, Link, Opening, Part,
    Person, Place, Refusal, Rules, Seed, Sender, Target, Text, apply, open, part_hash,
};
use onqueue_model::{Id, Timestamp, UserId};
use std::{collections::BTreeMap, time::Duration};

/// The customer.
pub const GUEST: u128 = 4;

pub fn id<T>(number: u128) -> Id<T> {
    Id::new(
        format!("00000000-0000-7000-8000-{number:012x}")
            .parse::<Id<T>>()
            .expect("an id")
            .uuid(),
    )
}

pub fn user(number: u8) -> UserId {
    id(1_000 + u128::from(number))
}

pub fn guest() -> Sender {
    Sender::Guest(id(GUEST))
}

/// A stored event.
#[derive(Clone, Debug)]
pub struct Stored {
    pub event: Event,
    pub part: Part,
}

pub struct Driven {
    pub head: Head,
    pub log: Vec<Stored>,
    pub now: Timestamp,
    pub rules: Rules,
    drawn: u128,
    position: i64,
}

impl Driven {
    pub fn start(kind: ConversationKind) -> Self {
        let mut drawn = 0;
        let opening = Opening {
            organisation: id(1),
            conversation: id(2),
            kind,
            queue: id(3),
            language: None,
            guest: id(GUEST),
            guest_name: "Ann".to_owned(),
            topic: String::new(),
            first_message: Some(text("Hello")),
        };
        let Applied { head, events, .. } = open(opening, &mut || seed(&mut drawn), Timestamp(0));
        Self {
            head,
            log: events.into_iter().map(store).collect(),
            now: Timestamp(0),
            rules: Rules::default(),
            drawn,
            position: 1_000,
        }
    }

    /// One whom an agent serves.
    pub fn connected(kind: ConversationKind) -> Self {
        let mut driven = Self::start(kind);
        driven.fact(assigned(1)).expect("open");
        driven
    }

    /// As the shell does it: what is refused changes nothing, what is erased is gone.
    pub fn apply(&mut self, input: Input) -> Result<Vec<Event>, Refusal> {
        let drawn = &mut self.drawn;
        let applied = apply(&self.head, input, self.rules, &mut || seed(drawn), self.now)?;
        self.head = applied.head;
        for erasure in applied.erased {
            let at = usize::try_from(erasure.sequence).expect("few") - 1;
            self.log[at].part = Part::Erased(erasure.part);
        }
        self.log.extend(applied.events.iter().cloned().map(store));
        Ok(applied.events)
    }

    pub fn after(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now + Duration::from_secs(seconds);
        self
    }

    /// The next report about this opening.
    pub fn fact(&mut self, fact: Fact) -> Result<Vec<Event>, Refusal> {
        self.position += 1;
        self.report(self.position, fact)
    }

    pub fn report(&mut self, position: i64, fact: Fact) -> Result<Vec<Event>, Refusal> {
        let (opening, place) = (self.head.opening, Place { epoch: 1, position });
        self.apply(Input::Report { opening, place, fact })
    }

    /// What the shell knows of a stored event.
    pub fn target(&self, at: usize) -> Target {
        let Stored { event, part } = &self.log[at];
        Target {
            event: event.id,
            sequence: event.sequence,
            kind: event.body.kind(),
            visibility: event.body.visibility(),
            part: match part {
                Part::Present { salt, text } => part_hash(salt, text),
                Part::Erased(hash) => *hash,
            },
        }
    }

    pub fn redact(&mut self, at: usize) -> Result<Vec<Event>, Refusal> {
        let target = self.target(at);
        self.apply(Input::Redact {
            target,
            by: Some(user(9)),
            reason: "asked for".to_owned(),
        })
    }

    pub fn links(&self) -> Vec<Link> {
        let link = |Stored { event, part }: &Stored| Link {
            sequence: event.sequence,
            kind: event.body.kind().code(),
            at: event.at,
            participant: event.participant,
            part: part.clone(),
            hash: event.hash,
        };
        self.log.iter().map(link).collect()
    }

    pub fn kinds(&self) -> Vec<Kind> {
        self.log.iter().map(|stored| stored.event.body.kind()).collect()
    }
}

fn store(event: Event) -> Stored {
    let part = Part::Present {
        salt: event.salt,
        text: event.body.to_part(),
    };
    Stored { event, part }
}

fn seed(drawn: &mut u128) -> Seed {
    *drawn += 1;
    Seed {
        id: id(10_000 + *drawn),
        salt: drawn.to_be_bytes(),
    }
}

pub fn text(text: &str) -> Text {
    Text::parse(text).expect("text")
}

pub fn key(key: &str) -> ClientMessageId {
    ClientMessageId::parse(key).expect("key")
}

pub fn post(sender: Sender, number: &str) -> Input {
    Input::Post {
        sender,
        text: text("text"),
        key: key(number),
    }
}

pub fn attach(sender: Sender, number: &str) -> Input {
    let attachment = Attachment {
        id: id(70),
        name: "bill.pdf".to_owned(),
        bytes: 7,
        media_type: "application/pdf".to_owned(),
    };
    let key = key(number);
    Input::Attach {
        sender,
        attachment,
        key,
    }
}

pub fn person(number: u8) -> Person {
    Person {
        user: user(number),
        name: format!("Person {number}"),
        participant: id(100 + u128::from(number)),
    }
}

pub fn assigned(number: u8) -> Fact {
    let Person {
        user,
        name,
        participant,
    } = person(number);
    Fact::Assigned {
        user,
        agent_name: name,
        participant,
        queue: None,
    }
}

pub fn queued() -> Fact {
    Fact::Queued {
        queue: id(3),
        queue_name: "Sales".to_owned(),
    }
}

pub fn transferred(to: Option<u8>, attended: bool) -> Fact {
    Fact::Transferred {
        queue: id(6),
        queue_name: "Support".to_owned(),
        to: to.map(|number| (user(number), format!("Person {number}"))),
        attended,
        note: "they have waited".to_owned(),
    }
}

/// What somebody who takes part in it by events knows of it: the state, and who takes part as what.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub taking_part: BTreeMap<String, String>,
}

/// Who takes part, told from the log alone.
pub fn told(log: &[Stored]) -> Told {
    let mut told = Told::default();
    for Stored { event, .. } in log {
        match &event.body {
            Body::ParticipantJoined { participant, kind, .. } => {
                told.taking_part.insert(participant.to_string(), format!("{kind:?}"));
            }
            Body::ParticipantLeft { participant } => {
                told.taking_part.remove(&participant.to_string());
            }
            // Whoever took part when it was put to rest no longer does.
            Body::Reopened { .. } => told.taking_part.clear(),
            _ => {}
        }
    }
    told
}
