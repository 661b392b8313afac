//! Somebody who says something in a conversation whenever it is due: each message is repeated with its own key until it is
//! acknowledged, at whichever door takes it, before the next one is sent.

use super::{
    Floor, Surroundings,
    chance::{Backoff, Chance},
    doors::{Doors, asking},
};
use crate::history::{Class, Send};
use onqueue_client::reason;
use onqueue_model::Reason;
use onqueue_proto::session::v1::{SendMessageRequest, conversation_service_client::ConversationServiceClient};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use tokio::sync::mpsc;
use tonic::{Code, Status};
use uuid::Uuid;

/// How many messages of one sender may be due at once; more are counted as late.
const DUE: usize = 8;

/// A token that is renewed while it is used.
#[derive(Clone, Debug, Default)]
pub struct Token(Arc<Mutex<String>>);

impl Token {
    pub fn new(token: String) -> Self {
        Self(Arc::new(Mutex::new(token)))
    }

    pub fn get(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, token: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

/// An id in letters alone: thirteen digits in a row may be the number of a card, which would be masked.
pub fn spelt(id: &str) -> String {
    let letter = |c: char| {
        c.to_digit(10)
            .and_then(|digit| char::from_digit(digit + 16, 36))
            .unwrap_or(c)
    };
    id.chars().map(letter).collect()
}

/// Who speaks where.
pub struct Speaker {
    pub surroundings: Surroundings,
    pub doors: Doors,
    pub token: Token,
    pub conversation: Uuid,
    pub name: String,
    pub class: Class,
    pub chance: Chance,
}

/// What became of an attempt.
enum Attempt {
    Acknowledged(i64),
    /// The conversation takes nothing more.
    Over,
    Again(Status),
}

impl Speaker {
    /// Takes part in the load until the conversation takes nothing more or `floor` is closed.
    pub async fn speak(mut self) {
        let (due, mut dues) = mpsc::channel::<Instant>(DUE);
        self.surroundings.floor.join(due);
        let mut number = 0;
        while let Some(due) = dues.recv().await {
            number += 1;
            if !self.say(number, due).await {
                return;
            }
        }
    }

    /// Says one thing; false when nothing more can be said.
    async fn say(&mut self, number: u64, due: Instant) -> bool {
        let key = format!("{}-{number}", self.name);
        let text = format!("{key} says something of usual length, neither very short nor very long");
        let send = Send {
            conversation: self.conversation,
            sender: self.name.clone(),
            class: self.class,
            number,
            key: key.clone(),
            text: text.clone(),
            acknowledged: None,
        };
        let place = self.surroundings.history.sending(send);
        let _busy = self.surroundings.floor.busy();
        let mut backoff = Backoff::new(self.chance.fork());
        loop {
            match self.attempt(&key, &text).await {
                Attempt::Acknowledged(sequence) => {
                    self.surroundings.history.acknowledged(place, sequence);
                    self.surroundings.figures.sent(due.elapsed());
                    return true;
                }
                Attempt::Over => return false,
                Attempt::Again(status) => {
                    self.surroundings.figures.failed("SendMessage", &status);
                    self.doors.turn();
                    backoff.pause().await;
                }
            }
        }
    }

    async fn attempt(&self, key: &str, text: &str) -> Attempt {
        let message = SendMessageRequest {
            conversation_id: self.conversation.to_string(),
            client_message_id: key.to_owned(),
            text: text.to_owned(),
        };
        let mut client = ConversationServiceClient::new(self.doors.door());
        match client.send_message(asking(&self.token.get(), message)).await {
            Ok(answer) => Attempt::Acknowledged(answer.into_inner().sequence),
            Err(status) if is_over(&status, self.class) => Attempt::Over,
            Err(status) => Attempt::Again(status),
        }
    }
}

/// Whether a refusal says that the conversation has ended, or that the agent is not in it any more.
fn is_over(status: &Status, class: Class) -> bool {
    let has_ended = matches!(
        reason(status),
        Some(Reason::ConversationClosed | Reason::ConversationIdleTimeout)
    );
    has_ended || class == Class::Agent && matches!(status.code(), Code::NotFound | Code::PermissionDenied)
}

impl Floor {
    /// Tells a random speaker that a message of theirs is due.
    pub(super) fn give(&self, chance: &mut Chance, figures: &super::Figures) {
        let mut speakers = self.speakers.lock().unwrap_or_else(PoisonError::into_inner);
        while !speakers.is_empty() {
            let one = chance.below(speakers.len());
            match speakers[one].try_send(Instant::now()) {
                Ok(()) => return,
                Err(mpsc::error::TrySendError::Full(_)) => return figures.late(),
                Err(mpsc::error::TrySendError::Closed(_)) => drop(speakers.swap_remove(one)),
            }
        }
    }
}
