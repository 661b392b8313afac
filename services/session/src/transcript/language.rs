//! What a transcript says by itself, in German and English.

use super::Entry;
use onqueue_chat::ParticipantKind;

/// A language of which there are sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
}

/// What is above the events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Labels {
    pub transcript: &'static str,
    pub conversation: &'static str,
    pub queue: &'static str,
    pub customer: &'static str,
    pub topic: &'static str,
    pub began: &'static str,
    pub ended: &'static str,
    pub made: &'static str,
    pub times: &'static str,
}

impl Language {
    /// The one of a BCP-47 tag; English for none.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        match primary.as_str() {
            "" | "en" => Some(Self::English),
            "de" => Some(Self::German),
            _ => None,
        }
    }

    /// The tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    pub(super) const fn labels(self) -> Labels {
        match self {
            Self::English => Labels {
                transcript: "Transcript",
                conversation: "Conversation",
                queue: "Queue",
                customer: "Customer",
                topic: "Topic",
                began: "Began",
                ended: "Ended",
                made: "Written",
                times: "Times",
            },
            Self::German => Labels {
                transcript: "Gesprächsprotokoll",
                conversation: "Gespräch",
                queue: "Warteschlange",
                customer: "Kunde",
                topic: "Anliegen",
                began: "Begonnen",
                ended: "Beendet",
                made: "Erstellt",
                times: "Zeiten",
            },
        }
    }

    pub(super) const fn kind(self, kind: ParticipantKind) -> &'static str {
        match (self, kind) {
            (Self::English, ParticipantKind::Guest) => "customer",
            (Self::English, ParticipantKind::Agent) => "agent",
            (Self::English, ParticipantKind::Supervisor) => "supervisor",
            (Self::German, ParticipantKind::Guest) => "Kunde",
            (Self::German, ParticipantKind::Agent) => "Agent",
            (Self::German, ParticipantKind::Supervisor) => "Supervisor",
        }
    }

    /// What happened, with `{name}` and the like where the event's own words belong; empty for what was written, which speaks
    /// for itself.
    pub(super) fn sentence(self, entry: &Entry) -> &'static str {
        let (english, german) = match entry.what {
            "ended" => ending(entry.detail("reason")),
            "offer_withdrawn" => withdrawal(entry.detail("reason")),
            "transferred" if entry.detail("name").is_empty() => (
                "Transferred to the queue {queue}.",
                "An die Warteschlange {queue} übergeben.",
            ),
            "notice" => notice(entry.detail("code")),
            "wrap_up_set" if entry.detail("code").is_empty() => {
                ("Wrapped up without a code.", "Ohne Abschlusscode nachbearbeitet.")
            }
            what => other(what),
        };
        match self {
            Self::English => english,
            Self::German => german,
        }
    }
}

fn other(what: &str) -> (&'static str, &'static str) {
    match what {
        "opened" => ("{name} opened the conversation.", "{name} hat das Gespräch eröffnet."),
        "queued" => ("Waits in the queue {queue}.", "Wartet in der Warteschlange {queue}."),
        "offered" => ("Offered to {name}.", "{name} angeboten."),
        "participant_joined" => ("{name} joined.", "{name} ist jetzt dabei."),
        "participant_left" => ("{who} left.", "{who} ist nicht mehr dabei."),
        "inactivity_warned" => (
            "Ends at {moment} unless somebody writes.",
            "Endet um {moment}, wenn niemand schreibt.",
        ),
        "refused" => ("Not taken: {reason}.", "Nicht angenommen: {reason}."),
        "transferred" => ("Transferred to {name}.", "An {name} übergeben."),
        "wrap_up_set" => ("Wrapped up: {code}.", "Nachbearbeitet: {code}."),
        "reopened" => ("Opened again.", "Wieder eröffnet."),
        "attachment_added" => (
            "{who} attached {file} ({bytes} bytes).",
            "{who} hat {file} angehängt ({bytes} Bytes).",
        ),
        "message_redacted" => ("Content was removed.", "Inhalt wurde entfernt."),
        "assistance_requested" => ("{who} asks for help:", "{who} bittet um Hilfe:"),
        "assistance_taken" => ("{name} helps.", "{name} hilft."),
        "assistance_closed" => ("The request for help is closed.", "Die Bitte um Hilfe ist erledigt."),
        "coach_message" => ("To the agent, from {name}:", "An den Agenten, von {name}:"),
        "side_message" => ("Aside, from {name}:", "Nebenbei, von {name}:"),
        "attributes_set" => ("Attributes changed: {keys}.", "Merkmale geändert: {keys}."),
        "erased" => ("[removed]", "[entfernt]"),
        _ => ("", ""),
    }
}

fn ending(reason: &str) -> (&'static str, &'static str) {
    match reason {
        "guest_left" => (
            "The customer ended the conversation.",
            "Der Kunde hat das Gespräch beendet.",
        ),
        "agent_ended" => (
            "The agent ended the conversation.",
            "Der Agent hat das Gespräch beendet.",
        ),
        "inactivity" => ("Ended because nobody wrote.", "Beendet, weil niemand schrieb."),
        "abandoned" => (
            "Ended because the customer had gone.",
            "Beendet, weil der Kunde nicht mehr da war.",
        ),
        "rested" => ("Put to rest.", "Ruht."),
        "agent_lost" => (
            "Ended because the agent was lost.",
            "Beendet, weil der Agent nicht mehr da war.",
        ),
        _ => ("Ended.", "Beendet."),
    }
}

fn withdrawal(reason: &str) -> (&'static str, &'static str) {
    match reason {
        "declined" => ("The offer was declined.", "Das Angebot wurde abgelehnt."),
        "timed_out" => ("The offer was not answered.", "Das Angebot blieb ohne Antwort."),
        _ => ("The offer was taken back.", "Das Angebot wurde zurückgezogen."),
    }
}

fn notice(code: &str) -> (&'static str, &'static str) {
    match code {
        "inactivity_transfer" => (
            "Passed on because nobody wrote.",
            "Weitergegeben, weil niemand schrieb.",
        ),
        _ => ("Notice:", "Hinweis:"),
    }
}
