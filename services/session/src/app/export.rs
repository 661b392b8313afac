//! Transcripts as files, a part at a time: however long one is, little of it is held.

use super::App;
use super::access::{Seen, Viewer};
use crate::store::{audits, log};
use crate::transcript::{Format, Language, Title, Who, Writer, Zone};
use onqueue_chat::{Class, State};
use onqueue_model::{Caller, ConversationId, Fault, permissions};
use onqueue_store::{Store, audit};

/// How many events are read at once.
const READ: u64 = 200;

/// How long a part is at least, in bytes, unless it is the last.
const PART: usize = 16 * 1024;

/// The longest part, in bytes.
const MOST: usize = 64 * 1024;

/// What is to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub conversation: ConversationId,
    pub format: Format,
    /// Whether it is for the customer, whatever the caller sees.
    pub for_guest: bool,
    pub language: Language,
    pub zone: Zone,
}

/// A file that is being written.
pub(crate) struct Export {
    store: Store,
    writer: Writer,
    key: crate::store::Key,
    viewer: Viewer,
    place: i64,
    /// What is written and not handed on yet.
    text: String,
    is_done: bool,
}

impl App {
    /// Begins a file, and notes in the audit trail who took it out.
    pub async fn export(&self, caller: &Caller, order: Order) -> Result<Export, Fault> {
        let seen = self
            .see(caller, order.conversation, permissions::TRANSCRIPT_VIEW)
            .await?;
        self.may(caller, permissions::TRANSCRIPT_EXPORT, &seen)?;
        let now = self.context.clock.now();
        let record = audit::Entry {
            organisation: caller.organisation,
            at: now,
            actor: caller.actor(),
            action: "transcript.export".to_owned(),
            object: format!("conversation:{}", order.conversation),
            before: None,
            after: None,
        };
        audits::add(&self.store, record).await?;
        let viewer = if order.for_guest {
            Viewer {
                class: Class::Guest,
                participant: None,
            }
        } else {
            seen.viewer
        };
        let writer = Writer {
            format: order.format,
            language: order.language,
            zone: order.zone,
            title: title(&seen, now),
            people: people(&seen),
        };
        Ok(Export {
            store: self.store.clone(),
            text: writer.begin(),
            writer,
            key: (caller.organisation, order.conversation),
            viewer,
            place: 0,
            is_done: false,
        })
    }

    /// Whether the caller, who sees the conversation, may do this in its queue's division; PERMISSION_MISSING otherwise.
    pub fn may(&self, caller: &Caller, permission: &str, seen: &Seen) -> Result<(), Fault> {
        let missing = || Fault::missing_named(permission);
        let division = seen.policy.as_ref().ok_or_else(missing)?.division;
        self.context.trust.may_in(caller, permission, division)
    }
}

impl Export {
    /// A name for the file.
    pub fn file_name(&self) -> String {
        self.writer.file_name()
    }

    /// What it is.
    pub const fn media_type(&self) -> &'static str {
        self.writer.format.media_type()
    }

    /// The next part; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<String>, Fault> {
        while self.text.len() < PART && !self.is_done {
            let (class, place) = (self.viewer.class, self.place);
            let lines = log::after(&self.store, self.key, class, place, READ).await?;
            for line in &lines {
                if let Some(place) = class.place(&line.event) {
                    self.place = place;
                    self.text.push_str(&self.writer.event(&line.event, place));
                }
            }
            if u64::try_from(lines.len()) != Ok(READ) {
                self.text.push_str(self.writer.end());
                self.is_done = true;
            }
        }
        if self.text.is_empty() {
            return Ok(None);
        }
        let rest = self.text.split_off(end_of_part(&self.text));
        Ok(Some(std::mem::replace(&mut self.text, rest)))
    }
}

/// Where a part ends: not within a letter.
fn end_of_part(text: &str) -> usize {
    text.floor_char_boundary(MOST)
}

fn title(seen: &Seen, made: onqueue_model::Timestamp) -> Title {
    let conversation = &seen.conversation;
    let ended = match conversation.head.state {
        State::Ended { at, .. } => Some(at),
        _ => None,
    };
    Title {
        conversation: conversation.head.conversation,
        queue: seen
            .policy
            .as_ref()
            .map(|policy| policy.name.clone())
            .unwrap_or_default(),
        guest: conversation.guest_name.clone(),
        topic: conversation.topic.clone(),
        began: conversation.created_at,
        ended,
        made,
    }
}

fn people(seen: &Seen) -> Vec<Who> {
    let person = |one: &crate::store::conversations::Participant| Who {
        id: one.id,
        kind: one.kind,
        name: one.name.clone(),
    };
    seen.conversation.participants.iter().map(person).collect()
}
