//! What a queue says to somebody who waits, when it is due.

use crate::store::Message;
use onqueue_acd::waiting::{InQueueMessage, Sent, When, due, next_look};
use std::sync::Arc;

/// What was due by time so long before somebody began to listen was said to them then, or never will be.
const GRACE_MS: u64 = 5_000;

/// The messages of one queue, for one listener.
#[derive(Debug)]
pub struct Notices {
    messages: Arc<[Message]>,
    /// The same, as what decides about them has them.
    times: Vec<InQueueMessage>,
    sent: Sent,
}

/// A text with its language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub language: String,
    pub text: String,
}

impl Notices {
    /// For somebody who has waited so long when they begin to listen.
    pub fn new(messages: Arc<[Message]>, waited_ms: u64) -> Self {
        let time = |message: &Message| InQueueMessage {
            when: message.when,
            text: String::new(),
        };
        let times: Vec<_> = messages.iter().map(time).collect();
        let mut sent = Sent::default();
        let before = waited_ms.saturating_sub(GRACE_MS);
        for (place, message) in times.iter().enumerate() {
            if was_due(message.when, before) {
                sent.note(place, before);
            }
        }
        Self { messages, times, sent }
    }

    /// Everything that is due now and was not said, in the language if it is there.
    pub fn due(&mut self, waited_ms: u64, position: Option<u64>, language: &str) -> Vec<Notice> {
        let mut said = Vec::new();
        while let Some(place) = due(&self.times, waited_ms, position, &self.sent).map(|due| due.place) {
            self.sent.note(place, waited_ms);
            said.extend(
                self.messages
                    .get(place)
                    .and_then(|message| in_language(message, language)),
            );
        }
        said
    }

    /// After how long a wait something may be due by time.
    pub fn next_look(&self, waited_ms: u64) -> Option<u64> {
        next_look(&self.times, waited_ms, &self.sent)
    }
}

fn was_due(when: When, waited_ms: u64) -> bool {
    match when {
        When::AfterMs(after) => after < waited_ms,
        When::EveryMs(every) => every > 0 && waited_ms >= every,
        When::PositionAtMost(_) => false,
    }
}

/// Regions do not count. Who speaks none of the languages reads the first.
fn in_language(message: &Message, language: &str) -> Option<Notice> {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let mut texts = message.texts.iter();
    let spoken = texts.find(|(of, _)| primary(of.as_str()) == primary(language));
    let (of, text) = spoken.or_else(|| message.texts.first())?;
    Some(Notice {
        language: of.to_string(),
        text: text.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_model::Language;

    fn message(when: When, texts: &[(&str, &str)]) -> Message {
        let language = |tag| Language::parse(tag).expect("a tag");
        let texts = texts.iter().map(|(tag, text)| (language(tag), (*text).to_owned()));
        Message {
            when,
            texts: texts.collect(),
        }
    }

    fn said(notices: &mut Notices, waited_ms: u64, position: Option<u64>) -> Vec<String> {
        let due = notices.due(waited_ms, position, "de-AT");
        due.into_iter().map(|notice| notice.text).collect()
    }

    fn messages() -> Arc<[Message]> {
        Arc::new([
            message(When::AfterMs(0), &[("en", "hello"), ("de", "hallo")]),
            message(When::EveryMs(60_000), &[("en", "still")]),
            message(When::PositionAtMost(2), &[("de", "bald")]),
        ])
    }

    #[test]
    fn each_in_its_time_and_language() {
        let mut notices = Notices::new(messages(), 1_000);
        assert_eq!(said(&mut notices, 1_000, Some(5)), ["hallo"]);
        assert_eq!(notices.next_look(1_000), Some(60_000));
        assert_eq!(said(&mut notices, 59_000, None), [""; 0]);
        assert_eq!(said(&mut notices, 61_000, Some(2)), ["still", "bald"]);
        assert_eq!(said(&mut notices, 62_000, Some(1)), [""; 0]);
        assert_eq!(said(&mut notices, 120_000, None), ["still"]);
    }

    #[test]
    fn what_was_due_long_before_is_not_said_again() {
        let mut notices = Notices::new(messages(), 70_000);
        assert_eq!(said(&mut notices, 70_000, Some(3)), [""; 0]);
        assert_eq!(said(&mut notices, 120_000, Some(3)), ["still"]);
    }
}
