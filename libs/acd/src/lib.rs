//! The routing engine: who gets which interaction, and why. Plain data and one mutation, [`Engine::apply`]; it knows no
//! clock, no chance and no I/O, so that the same log of commands gives the same decisions everywhere. Making commands
//! durable, letting effects out and telling the time are left to its shell.
#![deny(missing_docs)]

mod administer;
mod attended;
mod bits;
mod by_hand;
mod command;
mod config;
mod contest;
mod decide;
mod effect;
mod engine;
mod explain;
mod few;
mod handle;
mod hands;
mod index;
mod lines;
mod load;
pub mod metrics;
mod offers;
mod order;
mod pool;
mod roster;
mod rules;
mod runs;
mod stage;
mod state;
mod survey;
mod table;
pub mod text;
mod turn;
mod utilization;
mod view;
pub mod waiting;

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
