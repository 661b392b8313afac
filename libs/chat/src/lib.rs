//! The conversation itself, as pure data: its states, who takes part, the numberings of its log, the hash chain and the
//! inactivity clock. [`open`] and [`apply`] decide; storing, sending and telling the time are left to services/session.
#![deny(missing_docs)]

mod apply;
mod chain;
mod event;
mod head;
mod hours;
mod inactivity;
mod input;
mod text;

pub use apply::{Applied, Seed, apply, open};
pub use chain::{Broken, Hash, Link, ORIGIN, Part, Salt, link, part_hash, verify};
pub use event::{Body, EndReason, Event, Kind, ParticipantKind, Visibility, Withdrawal};
pub use head::{Agent, Class, Head, Numbers, Place, State};
pub use hours::{Door, Hours};
pub use inactivity::Inactivity;
pub use input::{Fact, Input, Opening, Refusal, Sender};
pub use text::{ClientMessageId, MAX_CHARACTERS, Text, line};
