//! An event in the words of a transcript.

use onqueue_chat::{Body, Event, ParticipantKind};
use onqueue_model::{ParticipantId, Timestamp};

/// Somebody who takes or took part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub id: ParticipantId,
    pub kind: ParticipantKind,
    pub name: String,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub event: String,
    pub place: i64,
    pub at: Timestamp,
    pub who: Option<Who>,
    /// Its kind in the words of the API.
    pub what: &'static str,
    /// What somebody wrote.
    pub text: Option<String>,
    /// What else there is to say, by name; each name has its place in the sentences of [`super::Language`].
    pub details: Vec<(&'static str, String)>,
    /// A moment that it names.
    pub moment: Option<Timestamp>,
}

impl Entry {
    pub fn of(event: &Event, place: i64, people: &[Who]) -> Self {
        let who = event
            .participant
            .and_then(|id| people.iter().find(|one| one.id == id).cloned());
        let mut entry = Self {
            event: event.id.to_string(),
            place,
            at: event.at,
            who,
            what: match event.body {
                Body::Erased { .. } => "erased",
                _ => event.body.kind().as_str(),
            },
            text: None,
            details: Vec::new(),
            moment: None,
        };
        entry.fill(&event.body);
        entry
    }

    /// What the event says, by its name; empty if it does not.
    pub fn detail(&self, name: &str) -> &str {
        let named = self.details.iter().find(|(of, _)| *of == name);
        named.map_or("", |(_, text)| text.as_str())
    }

    fn is(&mut self, details: &[(&'static str, &str)]) {
        let said = details.iter().filter(|(_, text)| !text.is_empty());
        self.details = said.map(|(name, text)| (*name, (*text).to_owned())).collect();
    }

    fn says(&mut self, name: &str, text: &str) {
        self.is(&[("name", name)]);
        self.text = Some(text.to_owned());
    }

    fn fill(&mut self, body: &Body) {
        match body {
            Body::Opened { guest_name, topic, .. } => self.is(&[("name", guest_name), ("topic", topic)]),
            Body::Queued { queue_name, .. } => self.is(&[("queue", queue_name)]),
            Body::Offered { agent_name, .. } => self.is(&[("name", agent_name)]),
            Body::OfferWithdrawn { reason, .. } => self.is(&[("reason", reason.as_str())]),
            Body::ParticipantJoined { name, .. } => self.is(&[("name", name)]),
            Body::ParticipantLeft { .. } => self.is(&[]),
            Body::Message { text } => self.says("", text),
            Body::InactivityWarned { ends_at } => {
                self.is(&[]);
                self.moment = Some(*ends_at);
            }
            Body::Ended { reason } => self.is(&[("reason", reason.as_str())]),
            Body::Refused { reason } => self.is(&[("reason", reason)]),
            Body::Reopened { .. } => self.is(&[]),
            other => self.fill_rest(other),
        }
    }

    fn fill_rest(&mut self, body: &Body) {
        match body {
            Body::Transferred {
                queue_name,
                agent_name,
                note,
                ..
            } => {
                self.is(&[("queue", queue_name), ("name", agent_name)]);
                self.text = Some(note.clone()).filter(|note| !note.is_empty());
            }
            Body::WrapUpSet { code_name, .. } => self.is(&[("code", code_name)]),
            Body::Notice { code, text, .. } => {
                self.is(&[("code", code.as_str())]);
                self.text = Some(text.clone()).filter(|text| !text.is_empty());
            }
            Body::AttachmentAdded(file) => {
                let bytes = file.bytes.to_string();
                let details: [(&'static str, &str); 3] = [
                    ("file", file.name.as_str()),
                    ("bytes", &bytes),
                    ("media_type", &file.media_type),
                ];
                self.is(&details);
            }
            Body::MessageRedacted { event, .. } => {
                let event = event.map(|event| event.to_string()).unwrap_or_default();
                self.is(&[("redacted_event_id", &event)]);
            }
            Body::AssistanceRequested { text, .. } => self.says("", text),
            Body::AssistanceTaken { name, .. } => self.is(&[("name", name)]),
            Body::AssistanceClosed { how, .. } => self.is(&[("how", how.as_str())]),
            Body::CoachMessage { name, text, .. } => self.says(name, text),
            Body::SideMessage { name, text, .. } => self.says(name, text),
            Body::AttributesSet { keys } => self.is(&[("keys", &keys.join(", "))]),
            Body::Erased { kind, .. } => self.is(&[("what", kind.as_str())]),
            // The others are said above.
            _ => {}
        }
    }
}
