//! Scripts: what guides an agent through a conversation, page by page. This crate decides everything about them: whether a
//! document can be used and what is wrong with it, which page is shown, what may be answered, where a button leads, and what
//! of it the contact keeps. It stores nothing, asks nobody, and knows no clock; whoever calls it says what is known
//! ([`Facts`]) and keeps what comes of it ([`Step`]).
#![deny(missing_docs)]

mod check;
mod date;
mod digest;
mod document;
mod expression;
mod facts;
mod mention;
mod problem;
mod reader;
mod run;
mod script;
mod show;
mod template;
mod value;
mod variables;

pub use check::{MAX_BYTES, check};
pub use date::Date;
pub use document::{
    Button, ButtonAction, ChoiceOption, ContactFieldType, Document, Field, FieldKind, Go, Item, Page, Rule, Text,
    contact_key,
};
pub use facts::Facts;
pub use mention::{Mention, MentionKind};
pub use problem::{Code, Place, Problem};
pub use run::{ContactChange, MAX_STEPS, Press, Pressed, Refusal, ReplayError, Run, Step, Went};
pub use script::Script;
pub use show::{Action, Shown, ShownButton, ShownField, ShownItem, ShownOption};
pub use value::{Value, ValueCode, ValueProblem};
