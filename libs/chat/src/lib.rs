//! The conversation itself, as pure data: its states, who takes part, the numberings of its log, the hash chain and the
//! inactivity clock. [`open`] and [`apply`] decide; storing, sending and telling the time are left to services/session.
#![deny(missing_docs)]

mod apply;
mod attributes;
mod chain;
mod event;
mod head;
mod hours;
mod inactivity;
mod input;
mod kind;
mod mask;
mod refusal;
mod text;

pub use apply::{Applied, Erasure, Seed, apply, open};
pub use attributes::{Attributes, Changes};
pub use chain::{Broken, Hash, Link, ORIGIN, Part, Salt, link, part_hash, verify};
pub use event::{Body, Event};
pub use head::{Agent, Assistance, Class, Head, Numbers, Place, State};
pub use hours::{Door, Hours};
pub use inactivity::{Inactivity, Rules, Silence, Then};
pub use input::{Attachment, Fact, Input, Opening, Person, Sender, Target};
pub use kind::{Closing, ConversationKind, EndReason, Kind, NoticeCode, ParticipantKind, Visibility, Withdrawal};
pub use mask::Mask;
pub use refusal::Refusal;
pub use text::{ClientMessageId, MAX_CHARACTERS, Text, line};
