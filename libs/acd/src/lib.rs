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
mod few;
mod handle;
mod index;
mod lines;
mod roster;
mod rules;
mod state;
mod turn;
mod utilization;
mod view;

pub use command::Command;
pub use config::{
    AfterContact, AfterContactMode, AgentProfile, Comparison, DeclineRule, Evaluation, GroupRule, IdleFrom, KNOWN,
    LastAgentMode, LastAgentRule, Membership, Method, Metric, PreferredRule, Proficiency, QueueConfig, Requirements,
    Ring, Scoring, ServiceTarget, Settings,
};
pub use effect::{AgentState, Candidate, Decided, Decision, Effect, Exclusion, OfferEnd, Refusal, Stage};
pub use engine::{Applied, Engine, Recording};
#[doc(hidden)]
pub use rules::{Preference, Rules};
pub use utilization::{Capacity, Medium, Utilization};
pub use view::{
    AcwView, AgentExplanation, AgentView, Explanation, ExternalWorkView, InteractionPlace, InteractionView, Load,
    OfferOutcome, OfferView, QueueView, Rank,
};
