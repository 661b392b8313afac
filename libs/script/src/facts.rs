//! What is known besides the answers.

use crate::{Date, Value};
use std::collections::BTreeMap;

/// What is known of the contact, the conversation and the agent, under the names by which texts and rules have it:
/// `contact.name`, `contact.email`, `contact.phone`, `contact.language`, `contact.notes`, `contact.fields.<key>`,
/// `conversation.queue`, `conversation.language`, `conversation.topic`, `conversation.customer_name`,
/// `conversation.attributes.<name>`, `agent.name`, `agent.alias`. What is not known is left out; so is, in effect, what is of
/// another type than the script says.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// By name.
    pub values: BTreeMap<String, Value>,
    /// The day in UTC.
    pub today: Date,
}

impl Facts {
    /// Of which nothing but the day is known.
    pub const fn new(today: Date) -> Self {
        Self {
            values: BTreeMap::new(),
            today,
        }
    }

    /// With one more; a text of blanks is nothing.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let value = value.into();
        let is_blank = matches!(&value, Value::Text(text) if text.trim().is_empty());
        if !is_blank {
            self.values.insert(name.into(), value);
        }
    }
}
