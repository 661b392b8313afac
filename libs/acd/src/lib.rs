//! The routing engine: who gets which interaction, and why. Plain data and one mutation, [`Engine::apply`]; it knows no
//! clock, no chance and no I/O, so that the same log of commands gives the same decisions everywhere. Making commands
//! durable, letting effects out and telling the time are left to its shell.
#![deny(missing_docs)]

mod bits;
mod command;
mod config;
mod decide;
mod effect;
mod engine;
mod handle;
mod index;
mod lines;
mod roster;
mod rules;
mod state;
mod turn;
mod view;

pub use command::Command;
pub use config::{AgentProfile, Evaluation, KNOWN, Membership, Method, Proficiency, QueueConfig, Requirements};
pub use effect::{AgentState, Candidate, Decided, Decision, Effect, Exclusion, OfferEnd, Refusal};
pub use engine::{Applied, Engine};
#[doc(hidden)]
pub use rules::{Preference, Rules};
pub use view::{AgentView, Explanation, InteractionPlace, InteractionView, OfferOutcome, OfferView, QueueView};
