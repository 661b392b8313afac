//! Scripts as this service knows them: a draft, versions, and the ways of conversations through these.

use onqueue_model::{
    ConversationId, DivisionId, Fault, OrganisationId, Reason, ScriptId, ScriptRunId, Timestamp, UserId,
};
use onqueue_script::{Problem, Step};
use serde::Serialize;
use std::time::Duration;
use uuid::Uuid;

/// The largest document, in bytes: a request holds little more.
pub const LARGEST: usize = onqueue_script::MAX_BYTES;

/// What is set about a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScriptContent {
    pub name: String,
    pub description: String,
    pub division: DivisionId,
    /// The draft, as it was written.
    pub document: String,
}

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub id: ScriptId,
    /// The organisation's revision with its last change: its etag.
    pub revision: i64,
    pub content: ScriptContent,
    /// The newest version; 0 before the first.
    pub version: i32,
    /// Its digest; empty before the first.
    pub digest: String,
    pub published_at: Option<Timestamp>,
    /// Of the draft; empty if it has problems.
    pub draft_digest: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub is_deleted: bool,
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub script: ScriptId,
    pub number: i32,
    /// Canonical; empty in lists.
    pub document: String,
    /// SHA-256 of the document, in hexadecimal.
    pub digest: String,
    pub at: Timestamp,
    pub by: String,
}

/// What is to be published.
#[derive(Clone, Debug)]
pub struct Release {
    pub document: String,
    pub digest: String,
}

/// How far a run is; the number is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum RunState {
    Open = 1,
    Completed = 2,
    Ended = 3,
}

/// One way through a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub organisation: OrganisationId,
    pub id: ScriptRunId,
    pub conversation: ConversationId,
    /// Which of the conversation, from 1.
    pub number: i32,
    /// Which opening of the conversation it is of.
    pub opening: i64,
    pub script: ScriptId,
    /// The script's name when it began.
    pub script_name: String,
    pub version: i32,
    pub state: RunState,
    /// How many steps were taken.
    pub step: i64,
    pub started_at: Timestamp,
    pub started_by: UserId,
    pub ended_at: Option<Timestamp>,
    /// Who gave it up.
    pub ended_by: Option<UserId>,
    pub erased_at: Option<Timestamp>,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// 1, 2, 3 …
    pub number: i64,
    pub step: Step,
    pub at: Timestamp,
    pub user: UserId,
    pub user_name: String,
    pub version: i32,
    /// By which it is known when it is asked for again.
    pub request: Uuid,
    pub hash: Vec<u8>,
}

/// Whether an answer is in the contact; the number is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum WriteState {
    Written = 1,
    NoContact = 2,
    Pending = 3,
    Refused = 4,
}

/// An answer that goes into the contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactWrite {
    /// Of which step.
    pub step: i64,
    /// Which of the step's, from 0.
    pub place: i32,
    /// Which of the contact's fields.
    pub key: String,
    /// As text.
    pub value: String,
    pub state: WriteState,
    /// Why it was refused.
    pub reason: String,
    pub attempts: i32,
    /// When it was answered.
    pub at: Timestamp,
    /// When it is tried again; `None` if it is not.
    pub due_at: Option<Timestamp>,
}

/// The first pause, doubled with each further attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// No pause before session is asked again is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often it is looked whether a conversation has a contact by now.
const CONTACT_PAUSE: Duration = Duration::from_secs(60);

/// For how long it is looked.
const CONTACT_WAIT: Duration = Duration::from_secs(24 * 3_600);

impl RunState {
    pub const fn of(code: i16) -> Option<Self> {
        match code {
            1 => Some(Self::Open),
            2 => Some(Self::Completed),
            3 => Some(Self::Ended),
            _ => None,
        }
    }
}

impl WriteState {
    pub const fn of(code: i16) -> Option<Self> {
        match code {
            1 => Some(Self::Written),
            2 => Some(Self::NoContact),
            3 => Some(Self::Pending),
            4 => Some(Self::Refused),
            _ => None,
        }
    }
}

impl ContactWrite {
    /// When it is tried again after another attempt came to this.
    pub fn next_due(&self, state: WriteState, now: Timestamp) -> Option<Timestamp> {
        match state {
            WriteState::Written | WriteState::Refused => None,
            WriteState::NoContact => (now.since(self.at) < CONTACT_WAIT).then(|| now + CONTACT_PAUSE),
            WriteState::Pending => {
                let doublings = u32::try_from(self.attempts).unwrap_or(0).min(16);
                Some(now + FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE))
            }
        }
    }
}

/// Whether it can be kept as a draft: JSON with members, not too large. FIELD_INVALID.
pub fn check_draft(field: &'static str, document: &str) -> Result<(), Fault> {
    if document.len() > LARGEST {
        return Err(Fault::field(field, format!("at most {LARGEST} bytes")).with("limit", LARGEST));
    }
    let read: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(document);
    read.map(drop)
        .map_err(|error| Fault::field(field, format!("must be a JSON object: {error}")))
}

/// Of a document without problems; empty otherwise.
pub fn digest(document: &str) -> String {
    onqueue_script::Script::parse(document)
        .map(|script| script.digest().to_owned())
        .unwrap_or_default()
}

/// SCRIPT_INVALID with the first of the problems.
pub fn invalid(problems: &[Problem]) -> Fault {
    let first = problems.first();
    let message = first.map_or_else(String::new, |problem| format!(": {}", problem.message));
    let fault = Fault::new(Reason::ScriptInvalid, format!("the script has problems{message}"));
    let fault = fault.with("problems", problems.len());
    match first {
        None => fault,
        Some(problem) => fault
            .with("code", problem.code.as_str())
            .with("pointer", &problem.place.pointer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(attempts: i32) -> ContactWrite {
        ContactWrite {
            step: 1,
            place: 0,
            key: "name".to_owned(),
            value: String::new(),
            state: WriteState::Pending,
            reason: String::new(),
            attempts,
            at: Timestamp(0),
            due_at: None,
        }
    }

    #[test]
    fn what_is_not_written_is_tried_again_with_growing_pauses() {
        for (attempts, state, expected) in [
            (0, WriteState::Pending, Some(1_000)),
            (3, WriteState::Pending, Some(8_000)),
            (99, WriteState::Pending, Some(60_000)),
            (0, WriteState::NoContact, Some(60_000)),
            (0, WriteState::Written, None),
            (0, WriteState::Refused, None),
        ] {
            let due = write(attempts).next_due(state, Timestamp(0));
            assert_eq!(due.map(Timestamp::millis), expected, "{attempts} {state:?}");
        }
        let a_day_later = Timestamp(24 * 3_600_000);
        assert_eq!(write(1).next_due(WriteState::NoContact, a_day_later), None);
    }

    #[test]
    fn a_draft_is_json_and_not_too_large() {
        for (text, is_good) in [
            ("{}", true),
            (r#"{"pages": []}"#, true),
            ("", false),
            ("[]", false),
            ("{", false),
            ("{} x", false),
        ] {
            assert_eq!(check_draft("script.document", text).is_ok(), is_good, "{text}");
        }
        let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(LARGEST));
        assert!(check_draft("script.document", &long).is_err());
    }
}
