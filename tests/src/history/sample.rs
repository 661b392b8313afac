//! A small good history, for proving that each judge finds what breaks its invariant.

use super::{
    Class, Facts, Records, Seen, Send, View,
    facts::{CONNECTED, Conversation, Entry, Logged, Write},
};
use onqueue_acd::{AgentProfile, Command, Effect, Engine, Membership, QueueConfig, Requirements, Utilization};
use onqueue_chat::{Body, ParticipantKind};
use onqueue_model::{Id, InteractionId, OfferId, QueueId, Timestamp, UserId};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The one conversation.
pub const CHAT: Uuid = Uuid::from_u128(1);
/// The one agent.
pub const AGENT: UserId = Id::new(Uuid::from_u128(2));
pub const QUEUE: QueueId = Id::new(Uuid::from_u128(3));
const GUEST: Uuid = Uuid::from_u128(4);
pub const AGENT_THERE: Uuid = Uuid::from_u128(5);
const ORGANISATION: Uuid = Uuid::from_u128(6);
/// When all is over.
pub const NOW: i64 = 60_000;

/// The interaction behind a conversation.
pub fn interaction(conversation: Uuid) -> InteractionId {
    InteractionId {
        conversation: Id::new(conversation),
        opening: 1,
    }
}

/// Inputs of routing with their times, as a log.
pub fn log(inputs: Vec<(i64, Command)>) -> Vec<Logged> {
    let rows = inputs.into_iter().zip(1..).map(|((at, command), position)| Logged {
        organisation: ORGANISATION,
        position,
        epoch: 1,
        at,
        command,
    });
    rows.collect()
}

/// The queue and its one agent, on queue, with room for one chat.
pub fn beginning() -> Vec<(i64, Command)> {
    let queue = QueueConfig::new(QUEUE);
    let agent = AgentProfile {
        id: AGENT,
        queues: BTreeMap::from([(QUEUE, Membership::new(true))]),
        skills: BTreeMap::new(),
        languages: BTreeMap::new(),
        utilization: Utilization::with_chats(1),
    };
    let on_queue = Command::GoOnQueue {
        agent: AGENT,
        last_interaction: None,
    };
    vec![
        (1_000, Command::UpsertQueue { queue }),
        (1_000, Command::UpsertAgent { agent }),
        (1_000, on_queue),
    ]
}

/// The conversation enters.
pub fn enqueue(conversation: Uuid) -> Command {
    Command::Enqueue {
        interaction: interaction(conversation),
        queue: QUEUE,
        requirements: Requirements::default(),
    }
}

/// The first offer that these inputs lead to.
pub fn first_offer(inputs: &[(i64, Command)]) -> OfferId {
    let mut engine = Engine::new();
    let effects = inputs
        .iter()
        .flat_map(|(at, command)| engine.apply(Timestamp(*at), command.clone()).effects);
    let offers = effects.filter_map(|effect| match effect {
        Effect::Offered { offer, .. } => Some(offer),
        _ => None,
    });
    offers.collect::<Vec<_>>()[0]
}

/// When something was written, by whom and with which key if it was sent, and what it says.
type Written<'a> = (i64, Option<(Uuid, &'a str)>, Body);

/// The same as a transcript.
pub fn transcript(events: Vec<Written<'_>>) -> Vec<Entry> {
    let (mut public, mut entries) = (0, Vec::new());
    for ((at, sent, body), sequence) in events.into_iter().zip(1..) {
        let is_public = !matches!(body, Body::Offered { .. } | Body::OfferWithdrawn { .. });
        public += i64::from(is_public);
        entries.push(Entry {
            id: Uuid::from_u128(1_000 + u128::try_from(sequence).expect("small")),
            sequence,
            public: is_public.then_some(public),
            agent: Some(sequence),
            at,
            participant: sent.map(|(participant, _)| participant),
            key: sent.map(|(_, key)| key.to_owned()),
            body,
        });
    }
    entries
}

pub fn opened() -> Body {
    Body::Opened {
        queue: QUEUE,
        language: None,
        guest_name: "Zoë".into(),
        topic: String::new(),
        guest: Id::new(GUEST),
    }
}

pub fn offered() -> Body {
    Body::Offered {
        user: AGENT,
        agent_name: "Ben".into(),
    }
}

pub fn joined(participant: Uuid) -> Body {
    Body::ParticipantJoined {
        participant: Id::new(participant),
        kind: ParticipantKind::Agent,
        name: "Ben".into(),
        user: Some(AGENT),
    }
}

fn message(text: &str) -> Body {
    Body::Message { text: text.into() }
}

/// A chat that was offered and accepted, with two messages of the customer and one of the agent, each seen by both.
pub fn good() -> (Records, Facts) {
    let entries = transcript(vec![
        (2_000, None, opened()),
        (2_100, None, offered()),
        (3_000, None, joined(AGENT_THERE)),
        (4_000, Some((GUEST, "g1")), message("one")),
        (5_000, Some((GUEST, "g2")), message("two")),
        (6_000, Some((AGENT_THERE, "a1")), message("answer")),
    ]);
    let mut inputs = beginning();
    inputs.push((2_050, enqueue(CHAT)));
    let offer = first_offer(&inputs);
    inputs.push((2_900, Command::Accept { agent: AGENT, offer }));
    let facts = Facts {
        conversations: vec![Conversation {
            id: CHAT,
            queue_id: QUEUE.uuid(),
            state: CONNECTED,
            last_sequence: 6,
        }],
        transcripts: BTreeMap::from([(CHAT, entries)]),
        log: log(inputs),
        writes: vec![Write {
            writer: "routing-1".into(),
            owner: "routing-1".into(),
            relation: "routing_log".into(),
            count: 5,
        }],
        now: NOW,
    };
    let records = Records {
        sends: vec![
            send("guest", Class::Guest, 1, "g1", "one", 3),
            send("guest", Class::Guest, 2, "g2", "two", 4),
            send("agent", Class::Agent, 1, "a1", "answer", 6),
        ],
        views: [("guest", Class::Guest), ("agent", Class::Agent)]
            .into_iter()
            .map(|(name, class)| ((name.to_owned(), CHAT), view(name, class, facts.seen(CHAT, class))))
            .collect(),
        faults: Vec::new(),
    };
    (records, facts)
}

fn send(sender: &str, class: Class, number: u64, key: &str, text: &str, place: i64) -> Send {
    Send {
        conversation: CHAT,
        sender: sender.into(),
        class,
        number,
        key: key.into(),
        text: text.into(),
        acknowledged: Some(place),
    }
}

fn view(name: &str, class: Class, frames: Vec<Seen>) -> View {
    View {
        name: name.into(),
        conversation: CHAT,
        class,
        frames,
        is_live: true,
    }
}
