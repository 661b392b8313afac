//! The further lines of a routing log: one command each, as they are written.

use super::asked::{Asked, Preference, Priority, Skill};
use super::fields::Rest;
use super::problem::{Problem, unknown};
use super::setup::{Agent, General, Queue};
use super::value::{Millis, Name, Percent, Seconds, Tag};
use crate::Medium;
use onqueue_model::OfferId;
use serde::{Deserialize, Serialize};

/// Makes the sum of all lines, by what the command is called and what else the line holds.
macro_rules! lines {
    ($($name:ident($fields:ty) = $command:literal,)*) => {
        /// What a line says.
        #[derive(Serialize)]
        #[serde(untagged)]
        pub(super) enum Said {
            $($name($fields),)*
        }

        impl Said {
            /// What the command is called.
            pub fn command(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $command,)*
                }
            }
        }

        impl Line {
            fn read_as(command: &str, text: &str) -> Result<Self, Problem> {
                match command {
                    $($command => read::<Rest<$fields>>(text).map(|line| Self {
                        at: line.at,
                        said: Said::$name(line.fields),
                    }),)*
                    _ => Err(Problem::of("command", unknown("command", command, COMMANDS))),
                }
            }
        }

        /// What the commands are called in a text.
        pub const COMMANDS: &[&str] = &[$($command,)*];
    };
}

lines! {
    Configure(Configure) = "configure",
    UpsertQueue(UpsertQueue) = "upsert_queue",
    RemoveQueue(OfQueue) = "remove_queue",
    UpsertAgent(UpsertAgent) = "upsert_agent",
    RemoveAgent(OfAgent) = "remove_agent",
    GoOnQueue(GoOnQueue) = "go_on_queue",
    GoOffQueue(OfAgent) = "go_off_queue",
    JoinQueue(OfMember) = "join_queue",
    LeaveQueue(OfMember) = "leave_queue",
    Enqueue(Enqueue) = "enqueue",
    SetPriority(SetPriority) = "set_priority",
    SetRequirements(SetRequirements) = "set_requirements",
    Cancel(OfInteraction) = "cancel",
    Accept(Answered) = "accept",
    Decline(Answered) = "decline",
    AgentGone(OfAgent) = "agent_gone",
    EndWork(OfWork) = "end_work",
    RequestAcw(OfWork) = "request_acw",
    CompleteAcw(OfWork) = "complete_acw",
    Transfer(Transfer) = "transfer",
    TransferAttended(TransferAttended) = "transfer_attended",
    AssignByHand(AssignByHand) = "assign_by_hand",
    Pull(OfWork) = "pull",
    StartExternalWork(StartExternalWork) = "start_external_work",
    EndExternalWork(EndExternalWork) = "end_external_work",
    ObserveMetric(ObserveMetric) = "observe_metric",
    Tick(Nothing) = "tick",
    Resume(Nothing) = "resume",
}

/// A line as it is written.
pub(super) struct Line {
    pub at: Millis,
    pub said: Said,
}

impl Line {
    /// Reads a line; which one is not known to the problem.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let head: Head = read(text)?;
        Self::read_as(&head.command, text)
    }

    /// The text, without an end of line.
    pub fn text(&self) -> String {
        let written = Written {
            t: self.at,
            command: self.said.command(),
            said: &self.said,
        };
        serde_json::to_string(&written).expect("names are strings and numbers are numbers")
    }
}

/// What every line has. The other fields are looked at when it is known which they may be.
#[derive(Deserialize)]
struct Head {
    command: String,
}

#[derive(Serialize)]
struct Written<'a> {
    t: Millis,
    command: &'static str,
    #[serde(flatten)]
    said: &'a Said,
}

/// Reads a whole line as one thing.
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Problem> {
    if !text.trim_start().starts_with('{') {
        return Err(Problem::of("", "a line must be one JSON object: begin it with {"));
    }
    let mut from = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut from)?;
    from.end()?;
    Ok(value)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfQueue {
    pub queue: Name,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfAgent {
    pub agent: Name,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfInteraction {
    pub interaction: Name,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfMember {
    pub agent: Name,
    pub queue: Name,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfWork {
    pub agent: Name,
    pub interaction: Name,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Configure {
    pub settings: General,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpsertQueue {
    pub queue: Queue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpsertAgent {
    pub agent: Agent,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoOnQueue {
    pub agent: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_interaction: Option<Millis>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enqueue {
    pub interaction: Name,
    pub queue: Name,
    #[serde(default)]
    pub medium: Medium,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Name>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<Skill>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Tag>,
    #[serde(default = "no_priority")]
    pub priority: Priority,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preferred: Vec<Preference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_agent: Option<Name>,
}

const fn no_priority() -> Priority {
    super::value::Whole(0)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetPriority {
    pub interaction: Name,
    pub priority: Priority,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetRequirements {
    pub interaction: Name,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<Skill>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Tag>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preferred: Vec<Preference>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transfer {
    pub interaction: Name,
    pub queue: Name,
    #[serde(default)]
    pub keep_age: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirements: Option<Asked>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TransferAttended {
    pub interaction: Name,
    pub held: Name,
    pub queue: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirements: Option<Asked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignByHand {
    pub interaction: Name,
    pub agent: Name,
    #[serde(default)]
    pub forced: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StartExternalWork {
    pub agent: Name,
    pub work: Name,
    pub medium: Medium,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Name>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndExternalWork {
    pub agent: Name,
    pub work: Name,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObserveMetric {
    pub queue: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_wait: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_level: Option<Percent>,
}

/// An answer to an offer, which is named by its interaction or by itself.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answered {
    pub agent: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferId>,
}
