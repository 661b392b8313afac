//! What is known of a customer: plain data, and what of it may be.

mod content;
mod field;
mod known;

pub(crate) use content::{Consent, Content, Difference};
pub(crate) use field::{Definition, FieldValue, Kind};
pub(crate) use known::{KnownBy, KnownId, email, external, phone};

use onqueue_model::{ContactFieldId, ContactId, ScriptId, ScriptRunId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A contact with everything that is known of it and of those merged into it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contact {
    pub id: ContactId,
    /// Its etag.
    pub revision: i64,
    pub content: Content,
    /// Which of its ids an assertion proved.
    pub proved: BTreeSet<KnownBy>,
    /// Those that were merged into it.
    pub aliases: Vec<ContactId>,
    /// The number of the last change in its history.
    pub last_change: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// It is one no more.
    pub is_deleted: bool,
}

/// Something that an organisation keeps of its contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub id: ContactFieldId,
    /// Its etag.
    pub revision: i64,
    pub definition: Definition,
    pub created_at: Timestamp,
    pub is_deleted: bool,
}

/// By what way a contact was changed; the number is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub(crate) enum Origin {
    Agent = 1,
    Script = 2,
    Api = 3,
    Assertion = 4,
    Merge = 5,
}

/// Which run of which script changed a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScriptOrigin {
    pub script: ScriptId,
    /// Its name then.
    pub name: String,
    pub version: i32,
    pub run: ScriptRunId,
}

impl Origin {
    pub const fn code(self) -> i16 {
        self as i16
    }

    pub const fn of(code: i16) -> Option<Self> {
        match code {
            1 => Some(Self::Agent),
            2 => Some(Self::Script),
            3 => Some(Self::Api),
            4 => Some(Self::Assertion),
            5 => Some(Self::Merge),
            _ => None,
        }
    }
}
