//! A transcript as a file: what a viewer sees of a conversation, as JSON, plain text or a page. Pure; what it is given comes a
//! part at a time, and so does what it makes. Nothing that somebody wrote can look like anything else.

mod entry;
mod html;
mod json;
mod language;
mod text;
mod time;

#[cfg(test)]
mod tests;

pub(crate) use entry::{Entry, Who};
pub(crate) use language::Language;
pub(crate) use time::Zone;

use onqueue_chat::Event;
use onqueue_model::{ConversationId, Timestamp};

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Text,
    Html,
}

/// What stands above a transcript.
#[derive(Clone, Debug)]
pub(crate) struct Title {
    pub conversation: ConversationId,
    pub queue: String,
    pub guest: String,
    pub topic: String,
    pub began: Timestamp,
    pub ended: Option<Timestamp>,
    pub made: Timestamp,
}

/// Writes one transcript.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    pub format: Format,
    pub language: Language,
    pub zone: Zone,
    pub title: Title,
    /// Everybody whom its reader knows of.
    pub people: Vec<Who>,
}

impl Format {
    /// The end of the file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "txt",
            Self::Html => "html",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Text => "text/plain; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

impl Writer {
    /// A name for the file, in which nothing is what anybody wrote.
    pub fn file_name(&self) -> String {
        format!("transcript-{}.{}", self.title.conversation, self.format.ending())
    }

    /// What comes before the first event.
    pub fn begin(&self) -> String {
        match self.format {
            Format::Json => json::begin(&self.title),
            Format::Text => text::begin(self),
            Format::Html => html::begin(self),
        }
    }

    /// An event at its place in what the reader sees.
    pub fn event(&self, event: &Event, place: i64) -> String {
        let entry = Entry::of(event, place, &self.people);
        match self.format {
            Format::Json => json::event(&entry),
            Format::Text => text::event(self, &entry),
            Format::Html => html::event(self, &entry),
        }
    }

    /// What comes after the last event.
    pub fn end(&self) -> &'static str {
        match self.format {
            Format::Json => "\n]}\n",
            Format::Text => "",
            Format::Html => "</ol>\n</body>\n</html>\n",
        }
    }
}
