//! What of session can be set.

use onqueue_chat::Mask;
use onqueue_model::Fault;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Times are in milliseconds.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most messages in one transaction.
    pub batch: usize,
    /// How many transactions may be under way at once on PostgreSQL, none of them about a conversation that another one is
    /// about: while one waits for its disk the next is on its way.
    pub batches: usize,
    /// How many messages may wait for one before senders wait themselves.
    pub waiting: usize,
    /// How many conversations' heads are held in memory.
    pub heads: u64,
    /// How long StartConversation waits for routing's word.
    pub verdict_ms: u64,
    /// How often a quiet stream says that it lives.
    pub heartbeat_ms: u64,
    /// How long a guest's access token lasts; at most 600,000.
    pub access_token_ms: u64,
    /// How long a guest's resume token lasts.
    pub resume_token_ms: u64,
    /// How long a replaced resume token lasts after the first use of the one that replaced it.
    pub resume_overlap_ms: u64,
    /// How many times a second one sender may say that they type.
    pub typing_per_second: u32,
    /// Regular expressions: what of a text matches one is masked before it is stored, as cards' numbers are.
    pub mask_patterns: Vec<String>,
    /// Files in conversations: a section of its own.
    #[serde(skip)]
    pub attachments: onqueue_files::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch: 256,
            batches: 2,
            waiting: 4_096,
            heads: 100_000,
            verdict_ms: 1_000,
            heartbeat_ms: 15_000,
            access_token_ms: 600_000,
            resume_token_ms: 7 * 24 * 3_600_000,
            resume_overlap_ms: 60_000,
            typing_per_second: 4,
            mask_patterns: Vec::new(),
            attachments: onqueue_files::Settings::default(),
        }
    }
}

impl Settings {
    /// Refuses what cannot work.
    pub fn check(&self) -> Result<(), Fault> {
        Fault::first_of(self.mistakes())?;
        self.attachments.check()
    }

    /// Everything that cannot work; files are a section of their own.
    pub fn mistakes(&self) -> Vec<Fault> {
        let wrong = [
            (
                !(1..=256).contains(&self.batch) || self.batches == 0 || self.waiting == 0 || self.heads == 0,
                "session.batch",
                "batch must be 1 to 256, batches, waiting and heads more than 0",
            ),
            (
                !(10_000..=600_000).contains(&self.access_token_ms) || self.resume_token_ms < self.access_token_ms,
                "session.access_token_ms",
                "must be 10,000 to 600,000, and resume_token_ms not less",
            ),
            (
                self.heartbeat_ms == 0 || self.typing_per_second == 0,
                "session.heartbeat_ms",
                "this and typing_per_second must be more than 0",
            ),
        ];
        let wrong = wrong.into_iter().filter(|(wrong, ..)| *wrong);
        let wrong = wrong.map(|(_, field, problem)| Fault::field(field, problem));
        wrong.chain(self.mask().err()).collect()
    }

    /// What is taken out of texts. FIELD_INVALID.
    pub(crate) fn mask(&self) -> Result<Mask, Fault> {
        Mask::new("session.mask_patterns", &self.mask_patterns)
    }

    pub(crate) const fn verdict(&self) -> Duration {
        Duration::from_millis(self.verdict_ms)
    }

    pub(crate) const fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms)
    }

    pub(crate) const fn access_token(&self) -> Duration {
        Duration::from_millis(self.access_token_ms)
    }

    pub(crate) const fn resume_token(&self) -> Duration {
        Duration::from_millis(self.resume_token_ms)
    }

    pub(crate) const fn resume_overlap(&self) -> Duration {
        Duration::from_millis(self.resume_overlap_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused() {
        assert_eq!(Settings::default().check(), Ok(()));
        for change in [
            (|s| s.batch = 257) as fn(&mut Settings),
            |s| s.batch = 0,
            |s| s.mask_patterns = vec!["(".to_owned()],
            |s| s.batches = 0,
            |s| s.access_token_ms = 600_001,
            |s| s.resume_token_ms = 1,
            |s| s.heartbeat_ms = 0,
        ] {
            let mut settings = Settings::default();
            change(&mut settings);
            assert!(settings.check().is_err(), "{settings:?}");
        }
    }
}
